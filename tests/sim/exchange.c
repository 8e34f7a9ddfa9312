/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/exchange.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tests/sim/cluster.h"
#include "tests/sim/requests.h"

struct exchange *exchange_new(struct conn *conn, const struct exchange_ops *ops)
{
        struct exchange *x = mem_zalloc(sizeof *x);

        x->conn = conn;
        x->ops = ops;
        return x;
}

void exchange_free(struct exchange *x)
{
        if (!x)
                return;
        if (!x->ended && x->on_gone)
                x->on_gone(x);
        if (!x->status && x->cluster && x->verb)
                requests_count(x->cluster, x, 0);
        timer_stop(&x->delay);
        for (size_t i = 0; i < x->n_params; i++) {
                free(x->params[i].key);
                free(x->params[i].value);
        }
        free(x->params);
        free(x->method);
        free(x->target);
        free(x->path);
        free(x->authorization);
        free(x->accept);
        free(x->content_type);
        free(x->user_agent);
        free(x->impersonate_user);
        str_done(&x->impersonation);
        str_done(&x->body);
        str_done(&x->headers);
        str_done(&x->out);
        free(x);
}

void exchange_request_header(
        struct exchange *x, const char *name, size_t nlen, const char *value, size_t vlen)
{
        static const struct {
                const char *name;
                size_t offset;
        } kept[] = {
                { "authorization", offsetof(struct exchange, authorization) },
                { "accept", offsetof(struct exchange, accept) },
                { "content-type", offsetof(struct exchange, content_type) },
                { "user-agent", offsetof(struct exchange, user_agent) },
                { "impersonate-user", offsetof(struct exchange, impersonate_user) },
        };

        if (nlen > 12 && strncasecmp(name, "impersonate-", 12) == 0) {
                for (size_t i = 0; i < nlen; i++)
                        str_putc(&x->impersonation, (char)tolower((unsigned char)name[i]));
                str_puts(&x->impersonation, ": ");
                str_add(&x->impersonation, value, vlen);
                str_putc(&x->impersonation, '\n');
        }

        for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
                char **slot = (char **)((char *)x + kept[i].offset);

                if (nlen != strlen(kept[i].name) || strncasecmp(name, kept[i].name, nlen) != 0)
                        continue;
                free(*slot);
                *slot = mem_strndup(value, vlen);
                return;
        }
        if (nlen == 15 && strncasecmp(name, "accept-encoding", nlen) == 0)
                x->accepts_gzip = memmem(value, vlen, "gzip", 4) != NULL;
        if (nlen == 6 && strncasecmp(name, "expect", nlen) == 0)
                x->expects_continue = vlen == 12 && strncasecmp(value, "100-continue", 12) == 0;
}

static int hex(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        c = (char)tolower((unsigned char)c);
        return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Percent-decodes; a "+" is a space in a query only. NULL where an escape is malformed. */
static char *percent_decode(const char *s, size_t n, bool query)
{
        char *out = mem_realloc(NULL, n + 1);
        size_t len = 0;

        for (size_t i = 0; i < n; i++) {
                if (s[i] == '%') {
                        int hi = i + 2 < n ? hex(s[i + 1]) : -1;
                        int lo = i + 2 < n ? hex(s[i + 2]) : -1;

                        if (hi < 0 || lo < 0) {
                                free(out);
                                return NULL;
                        }
                        out[len++] = (char)(hi * 16 + lo);
                        i += 2;
                } else {
                        out[len++] = query && s[i] == '+' ? ' ' : s[i];
                }
        }
        out[len] = '\0';
        return out;
}

int exchange_parse_target(struct exchange *x)
{
        const char *q = strchr(x->target, '?');
        size_t path_len = q ? (size_t)(q - x->target) : strlen(x->target);

        if (x->target[0] != '/')
                return -1;
        x->path = percent_decode(x->target, path_len, false);
        if (!x->path)
                return -1;
        while (q && q[1]) {
                const char *start = q + 1;
                const char *end = strchrnul(start, '&');
                const char *eq = memchr(start, '=', (size_t)(end - start));
                struct param p;

                q = *end ? end : NULL;
                if (end == start)
                        continue;
                p.key = percent_decode(start, (size_t)((eq ? eq : end) - start), true);
                p.value =
                        eq ? percent_decode(eq + 1, (size_t)(end - eq - 1), true) : mem_strdup("");
                x->params = mem_realloc(x->params, (x->n_params + 1) * sizeof *x->params);
                x->params[x->n_params++] = p;
                if (!p.key || !p.value)
                        return -1;
        }
        return 0;
}

const char *exchange_param(const struct exchange *x, const char *key)
{
        for (size_t i = 0; i < x->n_params; i++)
                if (strcmp(x->params[i].key, key) == 0)
                        return x->params[i].value;
        return NULL;
}

bool exchange_param_true(const struct exchange *x, const char *key)
{
        const char *v = exchange_param(x, key);

        return v && (strcmp(v, "true") == 0 || strcmp(v, "1") == 0);
}

/* The Date header tells the cluster's clock; made once a second. */
static void exchange_date(struct exchange *x)
{
        static char text[32];
        static time_t of;
        time_t now = x->cluster ? cluster_now(x->cluster) : time(NULL);

        if (now != of) {
                struct tm tm;

                gmtime_r(&now, &tm);
                strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &tm);
                of = now;
        }
        exchange_header(x, "date", text);
}

void exchange_head(struct exchange *x, int status, const char *type)
{
        x->status = status;
        x->type = type;
        if (x->cluster && x->verb)
                requests_count(x->cluster, x, status);
        exchange_date(x);
}

void exchange_header(struct exchange *x, const char *name, const char *value)
{
        str_printf(&x->headers, "%s: %s\n", name, value);
}

void exchange_write(struct exchange *x, const void *bytes, size_t n)
{
        str_add(&x->out, bytes, n);
        x->ops->more(x);
}

static void exchange_send(struct timer *t)
{
        struct exchange *x = container_of(t, struct exchange, delay);

        x->ops->more(x);
}

void exchange_end(struct exchange *x)
{
        if (!x->head_sent && !x->has_length) {
                x->length = x->out.len;
                x->has_length = true;
        }
        if (x->cut == CUT_HALF)
                x->out.len = x->out_off + (x->out.len - x->out_off) / 2;
        x->ended = true;
        x->on_gone = NULL;
        if (x->late_ms) {
                x->delay.fire = exchange_send;
                timer_arm(&x->delay, x->late_ms * 1000ULL);
                return;
        }
        x->ops->more(x);
}

void exchange_reply(struct exchange *x, int status, const char *type, struct str *body)
{
        exchange_head(x, status, type);
        str_done(&x->out);
        x->out = *body;
        *body = (struct str){ 0 };
        exchange_end(x);
}
