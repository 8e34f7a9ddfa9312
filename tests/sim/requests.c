/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/requests.h"

#include <stdlib.h>
#include <string.h>

#include "tests/sim/cluster.h"
#include "tests/sim/exchange.h"

#define LOG_MAX 4096

struct logged {
        const struct cluster *cluster;
        char *method;
        char *target;
        int code;
};

/* The latest requests of all clusters, a ring. */
static struct logged ring[LOG_MAX];
static size_t ring_next;

const char *requests_method(const char *method)
{
        static const char *const known[] = { "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD",
                "OPTIONS" };

        for (size_t i = 0; i < ARRAY_SIZE(known); i++)
                if (strcmp(known[i], method) == 0)
                        return known[i];
        return "OTHER";
}

static void requests_note(const struct cluster *c, const struct exchange *x, int code)
{
        struct logged *l = &ring[ring_next++ % LOG_MAX];

        free(l->method);
        free(l->target);
        *l = (struct logged){ c, mem_strdup(x->method), mem_strdup(x->target), code };
}

void requests_count(struct cluster *c, const struct exchange *x, int code)
{
        struct requests *r = &c->requests;
        const char *method = requests_method(x->method);

        requests_note(c, x, code);
        r->total++;
        for (size_t i = 0; i < r->n; i++) {
                struct request_count *rc = &r->v[i];

                if (rc->code == code && rc->method == method && strcmp(rc->verb, x->verb) == 0 &&
                        strcmp(rc->resource, x->resource) == 0) {
                        rc->n++;
                        return;
                }
        }
        r->v = mem_realloc(r->v, (r->n + 1) * sizeof *r->v);
        r->v[r->n++] = (struct request_count){ x->verb, method, x->resource, code, 1 };
}

json_t *requests_describe(const struct cluster *c)
{
        json_t *counts = json_array();

        for (size_t i = 0; i < c->requests.n; i++) {
                const struct request_count *rc = &c->requests.v[i];

                json_array_append_new(
                        counts, json_pack("{s:s, s:s, s:s, s:i, s:I}", "method", rc->method, "verb",
                                        rc->verb, "resource", rc->resource, "code", rc->code,
                                        "count", (json_int_t)rc->n));
        }
        return json_pack("{s:I, s:o}", "total", (json_int_t)c->requests.total, "counts", counts);
}

json_t *requests_log(const struct cluster *c)
{
        json_t *log = json_array();

        for (size_t i = ring_next > LOG_MAX ? ring_next - LOG_MAX : 0; i < ring_next; i++) {
                const struct logged *l = &ring[i % LOG_MAX];

                if (l->cluster && (!c || l->cluster == c))
                        json_array_append_new(log,
                                json_pack("{s:s, s:s, s:s, s:i}", "cluster", l->cluster->name,
                                        "method", l->method, "target", l->target, "code", l->code));
        }
        return log;
}

void requests_reset(struct cluster *c)
{
        requests_done(&c->requests);
        for (size_t i = 0; i < LOG_MAX; i++)
                if (ring[i].cluster == c)
                        ring[i].cluster = NULL;
}

void requests_done(struct requests *r)
{
        free(r->v);
        *r = (struct requests){ 0 };
}

void requests_log_done(void)
{
        for (size_t i = 0; i < LOG_MAX; i++) {
                free(ring[i].method);
                free(ring[i].target);
                ring[i] = (struct logged){ 0 };
        }
        ring_next = 0;
}
