/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/fault.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tests/sim/api.h"
#include "tests/sim/auth.h"
#include "tests/sim/sim.h"
#include "tests/sim/uninstall.h"
#include "tests/sim/velero.h"
#include "tests/sim/watch.h"

#define DRIP_DEFAULT_MS 10

/* The arguments of one fault command, and where its error goes. */
struct fault_args {
        struct cluster *c;
        char **v;
        size_t n;
        struct str *why;
};

static int fail(struct str *why, const char *sentence)
{
        str_puts(why, sentence);
        return -1;
}

/* ---- rules: faults of single requests ---- */

static void rule_done(struct fault_rule *r)
{
        free(r->method);
        free(r->resource);
}

static void rules_remove(struct faults *f, enum request_fault kind)
{
        size_t kept = 0;

        for (size_t i = 0; i < f->n_rules; i++) {
                if (kind == RF_NONE || f->rules[i].kind == kind)
                        rule_done(&f->rules[i]);
                else
                        f->rules[kept++] = f->rules[i];
        }
        f->n_rules = kept;
}

/* --retry-after S, --count N, --match METHOD:RESOURCE; the rule is added at the end. */
static int rule_add(struct fault_args *a, struct fault_rule rule, size_t from)
{
        struct faults *f = &a->c->faults;

        for (size_t i = from; i < a->n; i += 2) {
                const char *value = i + 1 < a->n ? a->v[i + 1] : NULL;

                if (value && strcmp(a->v[i], "--retry-after") == 0) {
                        rule.retry_after_s = atoi(value);
                } else if (value && strcmp(a->v[i], "--count") == 0) {
                        rule.count = atoi(value);
                } else if (value && strcmp(a->v[i], "--match") == 0 && strchr(value, ':')) {
                        const char *colon = strchr(value, ':');

                        rule_done(&rule);
                        rule.method = colon > value && *value != '*'
                                              ? mem_strndup(value, (size_t)(colon - value))
                                              : NULL;
                        rule.resource = colon[1] && colon[1] != '*' ? mem_strdup(colon + 1) : NULL;
                } else {
                        rule_done(&rule);
                        return fail(a->why,
                                "expected [--retry-after S] [--count N] [--match METHOD:RESOURCE]");
                }
        }
        f->rules = mem_realloc(f->rules, (f->n_rules + 1) * sizeof *f->rules);
        f->rules[f->n_rules++] = rule;
        return 0;
}

static int fault_http(struct fault_args *a, bool on)
{
        int code = a->n > 0 ? atoi(a->v[0]) : 0;

        rules_remove(&a->c->faults, RF_HTTP);
        if (!on)
                return 0;
        if (code < 400 || code > 599)
                return fail(a->why, "http takes a code from 400 to 599");
        return rule_add(a,
                (struct fault_rule){
                        .kind = RF_HTTP, .code = code, .retry_after_s = -1, .count = -1 },
                1);
}

static int fault_garbage(struct fault_args *a, bool on)
{
        rules_remove(&a->c->faults, RF_GARBAGE);
        return on ? rule_add(a,
                            (struct fault_rule){
                                    .kind = RF_GARBAGE, .retry_after_s = -1, .count = -1 },
                            0)
                  : 0;
}

static int fault_cut(struct fault_args *a, bool on)
{
        rules_remove(&a->c->faults, RF_CUT);
        return on ? rule_add(a,
                            (struct fault_rule){ .kind = RF_CUT, .retry_after_s = -1, .count = -1 },
                            0)
                  : 0;
}

static int fault_late(struct fault_args *a, bool on)
{
        int ms = a->n > 0 ? atoi(a->v[0]) : 0;

        rules_remove(&a->c->faults, RF_LATE);
        if (!on)
                return 0;
        if (ms <= 0)
                return fail(a->why, "late takes milliseconds");
        return rule_add(a,
                (struct fault_rule){
                        .kind = RF_LATE, .code = ms, .retry_after_s = -1, .count = -1 },
                1);
}

static int fault_reset(struct fault_args *a, bool on)
{
        struct fault_rule rule = { .kind = RF_RESET, .retry_after_s = -1, .count = -1 };

        rules_remove(&a->c->faults, RF_RESET);
        return on ? rule_add(a, rule, 0) : 0;
}

static bool rule_matches(const struct fault_rule *r, const struct exchange *x)
{
        if (r->method && strcasecmp(r->method, x->method) != 0 &&
                strcasecmp(r->method, x->verb) != 0)
                return false;
        if (r->resource && strchr(r->resource, '/'))
                return strstr(x->path, r->resource) != NULL;
        return !r->resource || strcmp(r->resource, x->resource) == 0;
}

/* ---- watches ---- */

static void each_table(struct cluster *c, void (*fn)(struct table *t))
{
        for (size_t i = 0; i < c->n_tables; i++)
                if (c->tables[i])
                        fn(c->tables[i]);
}

static void drop_watch_conns(struct table *t)
{
        for (struct watch *w = t->watches; w; w = w->next)
                conn_close_soon(w->x->conn);
}

static void expire(struct table *t)
{
        watch_expire_all(t);
        table_compact(t);
}

static int fault_gone(struct fault_args *a, bool on)
{
        a->c->faults.gone_410 = on && a->n > 0 && strcmp(a->v[0], "--status") == 0;
        if (on)
                each_table(a->c, expire);
        return 0;
}

static int fault_half_line(struct fault_args *a, bool on)
{
        a->c->faults.half_watch_line = on;
        if (on)
                each_table(a->c, watch_break_all);
        return 0;
}

static int fault_duplicate(struct fault_args *a, bool on)
{
        a->c->faults.duplicate_events = on;
        return 0;
}

static int fault_lose(struct fault_args *a, bool on)
{
        a->c->faults.lose_events = on;
        return 0;
}

/* ---- connections ---- */

static int fault_refuse(struct fault_args *a, bool on)
{
        struct cluster *c = a->c;

        c->faults.refuse = on;
        if (!c->lis) {
                if (on)
                        each_table(c, drop_watch_conns);
        } else if (on) {
                listener_close(c->lis);
                listener_drop_conns(c->lis);
        } else {
                listener_open(c->lis);
        }
        return 0;
}

static int fault_stall(struct fault_args *a, bool on)
{
        a->c->faults.stall = on;
        if (a->c->lis)
                listener_stall(a->c->lis, on);
        return 0;
}

/* Happens once, to the connections that are open. */
static int fault_goaway(struct fault_args *a, bool on)
{
        if (on)
                listener_goaway(a->c->lis ? a->c->lis : &a->c->sim->shared);
        return 0;
}

static int fault_drip(struct fault_args *a, bool on)
{
        if (!a->c->lis)
                return on ? fail(a->why, "drip needs a port for each cluster") : 0;
        a->c->lis->drip_ms = on ? a->n > 0 ? (unsigned)atoi(a->v[0]) : DRIP_DEFAULT_MS : 0;
        return 0;
}

static int fault_identity(struct fault_args *a, bool on, enum pki_identity identity)
{
        SSL_CTX *ctx = a->c->sim->pki.ctx[on ? identity : PKI_GOOD];

        if (!a->c->lis)
                return on ? fail(a->why, "certificates of its own need a port for each cluster")
                          : 0;
        if (!on && a->c->lis->ctx != a->c->sim->pki.ctx[identity])
                return 0;
        a->c->lis->ctx = ctx;
        listener_drop_conns(a->c->lis);
        return 0;
}

static int fault_wrong_ca(struct fault_args *a, bool on)
{
        return fault_identity(a, on, PKI_WRONG_CA);
}

static int fault_expired_cert(struct fault_args *a, bool on)
{
        return fault_identity(a, on, PKI_EXPIRED);
}

static int fault_delay(struct fault_args *a, bool on)
{
        a->c->faults.delay_ms = on ? a->n > 0 ? (unsigned)atoi(a->v[0]) : 1000 : 0;
        return 0;
}

/* ---- what the cluster is like ---- */

/* Both take objects out of the cluster; ending either puts back what either has taken. */
static int fault_uninstall(struct fault_args *a, bool on, bool crds_only)
{
        bool was = a->c->faults.no_velero || a->c->faults.no_crds;

        a->c->faults.no_velero = on && !crds_only;
        a->c->faults.no_crds = on && crds_only;
        if (on)
                velero_uninstall(a->c, crds_only);
        else if (was)
                velero_reinstall(a->c);
        velero_recheck(a->c->velero);
        return 0;
}

static int fault_no_velero(struct fault_args *a, bool on)
{
        return fault_uninstall(a, on, false);
}

static int fault_no_crds(struct fault_args *a, bool on)
{
        return fault_uninstall(a, on, true);
}

static int fault_location(struct fault_args *a, bool on)
{
        a->c->faults.location_unavailable = on;
        velero_recheck(a->c->velero);
        return 0;
}

static int fault_skew(struct fault_args *a, bool on)
{
        if (on && a->n != 1)
                return fail(a->why, "skew takes a number of seconds");
        a->c->skew_s = on ? atol(a->v[0]) : 0;
        velero_recheck(a->c->velero);
        return 0;
}

static const struct {
        const char *name;
        int (*set)(struct fault_args *a, bool on);
} fault_rows[] = {
        { "refuse", fault_refuse },
        { "stall", fault_stall },
        { "drip", fault_drip },
        { "cut", fault_cut },
        { "http", fault_http },
        { "garbage", fault_garbage },
        { "late", fault_late },
        { "reset", fault_reset },
        { "goaway", fault_goaway },
        { "delay", fault_delay },
        { "half-watch-line", fault_half_line },
        { "gone-410", fault_gone },
        { "duplicate-events", fault_duplicate },
        { "lose-events", fault_lose },
        { "wrong-ca", fault_wrong_ca },
        { "expired-cert", fault_expired_cert },
        { "no-velero", fault_no_velero },
        { "no-crds", fault_no_crds },
        { "location-unavailable", fault_location },
        { "skew", fault_skew },
};

int fault_command(struct cluster *c, char **args, size_t n, struct str *why)
{
        bool on = !(n && strcmp(args[0], "off") == 0);
        const char *name = on ? n ? args[0] : "" : n > 1 ? args[1] : NULL;
        bool found = !name;

        for (size_t i = 0; i < ARRAY_SIZE(fault_rows); i++) {
                struct fault_args a = { c, args + 1, n ? n - 1 : 0, why };

                if (name && strcmp(fault_rows[i].name, name) != 0)
                        continue;
                found = true;
                if (fault_rows[i].set(&a, on) < 0)
                        return -1;
        }
        if (found)
                return 0;
        str_puts(why, "fault takes one of: off");
        for (size_t i = 0; i < ARRAY_SIZE(fault_rows); i++)
                str_printf(why, " | %s", fault_rows[i].name);
        return -1;
}

json_t *fault_describe(const struct cluster *c)
{
        const struct faults *f = &c->faults;
        json_t *rules = json_array();

        for (size_t i = 0; i < f->n_rules; i++)
                json_array_append_new(
                        rules, json_pack("{s:i, s:i, s:s, s:s}", "code", f->rules[i].code, "count",
                                       f->rules[i].count, "method",
                                       f->rules[i].method ? f->rules[i].method : "*", "resource",
                                       f->rules[i].resource ? f->rules[i].resource : "*"));
        return json_pack("{s:b, s:b, s:b, s:b, s:b, s:b, s:b, s:i, s:o}", "refuse", f->refuse,
                "stall", f->stall, "no-velero", f->no_velero, "no-crds", f->no_crds,
                "location-unavailable", f->location_unavailable, "lose-events", f->lose_events,
                "duplicate-events", f->duplicate_events, "skew", (int)c->skew_s, "rules", rules);
}

static void fault_http_answer(struct exchange *x, const struct fault_rule *r)
{
        static const struct {
                int code;
                const char *sentence;
        } sentences[] = {
                { 401, "Unauthorized" },
                { 404, "the server could not find the requested resource" },
                { 409, "Operation cannot be fulfilled: the object has been modified; please "
                       "apply your changes to the latest version and try again" },
                { 410, "The provided resource version is too old" },
                { 429, "too many requests, please try again later" },
                { 500, "Internal error occurred: etcdserver: request timed out" },
                { 503, "apiserver is shutting down" },
                { 504, "Timeout: request did not complete within the allotted timeout" },
        };
        const struct restype *type = restype_find_name(x->resource);
        const char *sentence = "the server is faulty on request";

        if (r->retry_after_s >= 0) {
                char s[16];

                snprintf(s, sizeof s, "%d", r->retry_after_s);
                exchange_header(x, "retry-after", s);
        }
        if (r->code == 403 && type) {
                auth_forbid(x, type, type->namespaced ? "velero" : "", "",
                        x->conn->user ? x->conn->user : "admin");
                return;
        }
        for (size_t i = 0; i < ARRAY_SIZE(sentences); i++)
                if (sentences[i].code == r->code)
                        sentence = sentences[i].sentence;
        status_reply(x, r->code, NULL, "%s", sentence);
}

bool fault_request(struct cluster *c, struct exchange *x)
{
        struct faults *f = &c->faults;
        struct str garbage = { 0 };

        if (f->refuse) {
                conn_close_soon(x->conn);
                return true;
        }
        if (f->stall)
                return true;
        if (f->gone_410 && strcmp(x->verb, "WATCH") == 0) {
                status_reply(
                        x, 410, NULL, "The resourceVersion for the provided watch is too old.");
                return true;
        }
        for (size_t i = 0; i < f->n_rules; i++) {
                struct fault_rule *r = &f->rules[i];

                if (!r->count || !rule_matches(r, x))
                        continue;
                if (r->count > 0)
                        r->count--;
                switch (r->kind) {
                case RF_HTTP:
                        fault_http_answer(x, r);
                        return true;
                case RF_GARBAGE:
                        str_puts(&garbage,
                                "\x1f\xc3(<html><body>It works!</body></html> {\"kind\":");
                        exchange_reply(x, 200, "application/json", &garbage);
                        return true;
                case RF_CUT:
                        x->cut = CUT_HALF;
                        return false;
                case RF_LATE:
                        x->late_ms = (unsigned)r->code;
                        break; /* what else is to be wrong with it comes late, too */
                case RF_RESET:
                        x->ops->refuse(x);
                        return true;
                case RF_NONE:
                        break;
                }
        }
        return false;
}

void faults_done(struct faults *f)
{
        rules_remove(f, RF_NONE);
        free(f->rules);
        *f = (struct faults){ 0 };
}
