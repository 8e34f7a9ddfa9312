/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `fleetfs-sim ctl` can do to a cluster: one row per verb.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/auth.h"
#include "tests/sim/control.h"
#include "tests/sim/fault.h"
#include "tests/sim/object.h"
#include "tests/sim/storm.h"
#include "tests/sim/velero.h"

struct command {
        struct cluster *c;
        char **args; /* behind the verb */
        size_t n;
        const json_t *input;
        struct str *why;
};

static json_t *done(int r)
{
        return r < 0 ? NULL : json_true();
}

static json_t *run_fault(struct command *k)
{
        if (!k->n)
                return fault_describe(k->c);
        return done(fault_command(k->c, k->args, k->n, k->why));
}

static json_t *run_auth(struct command *k)
{
        return done(auth_command(k->c, k->args, k->n, k->why));
}

static json_t *run_requests(struct command *k)
{
        json_t *result;

        if (k->n && strcmp(k->args[0], "--log") == 0)
                return requests_log(k->c);
        result = requests_describe(k->c);
        if (k->n && strcmp(k->args[0], "--reset") == 0)
                requests_reset(k->c);
        return result;
}

static const struct restype *named_type(struct command *k)
{
        const struct restype *t = k->n ? restype_find_name(k->args[0]) : NULL;

        if (!t)
                str_printf(k->why, "there is no resource \"%s\"", k->n ? k->args[0] : "");
        return t;
}

static json_t *run_objects(struct command *k)
{
        const struct restype *type = named_type(k);
        json_t *list;
        struct table *t;

        if (!type)
                return NULL;
        t = cluster_table(k->c, type->id);
        list = json_array();
        for (size_t i = 0; i < t->n; i++)
                if (k->n < 2 || strcmp(k->args[1], doc_name(t->v[i])) == 0)
                        json_array_append_new(list, doc_parse(t->v[i]));
        return list;
}

static json_t *run_put(struct command *k)
{
        const char *av = json_string_value(json_object_get(k->input, "apiVersion"));
        const char *kind = json_string_value(json_object_get(k->input, "kind"));
        const char *name = json_string_value(json_object_get(object_meta(k->input), "name"));
        const char *ns = json_string_value(json_object_get(object_meta(k->input), "namespace"));
        const struct restype *type = av && kind ? restype_find_kind(av, kind) : NULL;
        json_t *obj, *prev;
        struct table *t;
        struct doc *d;

        if (!type || !name) {
                str_printf(k->why,
                        "put takes an object of a known kind with a name on standard input");
                return NULL;
        }
        ns = type->namespaced ? ns ? ns : "default" : "";
        t = cluster_table(k->c, type->id);
        obj = json_deep_copy(k->input);
        d = table_find(t, ns, name);
        if (d) {
                prev = doc_parse(d);
                d = object_update(t, d, prev, obj, "fleetfs-sim");
                json_decref(prev);
        } else {
                d = object_create(t, ns, name, obj, "fleetfs-sim");
        }
        json_decref(obj);
        return d ? doc_parse(d) : json_null();
}

static json_t *run_delete(struct command *k)
{
        const struct restype *type = named_type(k);
        const char *slash = k->n > 1 ? strchr(k->args[1], '/') : NULL;
        _cleanup_(freep) char *ns =
                slash ? mem_strndup(k->args[1], (size_t)(slash - k->args[1])) : mem_strdup("");
        struct doc *d;

        if (!type)
                return NULL;
        d = k->n > 1 ? table_find(cluster_table(k->c, type->id), ns, slash ? slash + 1 : k->args[1])
                     : NULL;
        if (!d) {
                str_puts(k->why,
                        "delete takes RESOURCE [NAMESPACE/]NAME of an object that is there");
                return NULL;
        }
        return json_boolean(object_delete(cluster_table(k->c, type->id), d));
}

static json_t *run_velero(struct command *k)
{
        if (!k->n)
                return velero_describe(k->c->velero);
        return done(velero_command(k->c->velero, k->args, k->n, k->why));
}

/* hold, release and restart-velero are also verbs of their own. */
static json_t *run_velero_verb(struct command *k)
{
        return done(velero_command(k->c->velero, k->args - 1, k->n + 1, k->why));
}

static json_t *run_restart(struct command *k)
{
        velero_restart(k->c->velero);
        return json_true();
}

static json_t *run_load(struct command *k)
{
        if (k->n == 2 && strcmp(k->args[0], "backups") == 0 && atoi(k->args[1]) > 0) {
                seed_backups(k->c->sim->seeds, k->c, "load", (unsigned)atoi(k->args[1]), false);
                return json_true();
        }
        if (k->n >= 2 && strcmp(k->args[0], "storm") == 0)
                return done(
                        storm_set(k->c, atoi(k->args[1]), k->n > 2 ? atoi(k->args[2]) : 0, k->why));
        str_puts(k->why, "load takes: backups N | storm EVENTS-PER-SECOND [SECONDS], 0 ends it");
        return NULL;
}

static json_t *run_bucket(struct command *k)
{
        json_t *list = json_array();

        if (k->n == 2 && strcmp(k->args[0], "add") == 0)
                bucket_add(&k->c->sim->buckets, k->args[1]);
        for (size_t i = 0; i < k->c->sim->buckets.n; i++) {
                const struct prefix *p = k->c->sim->buckets.v[i];
                json_t *names = json_array();

                for (size_t j = 0; j < p->n_backups; j++)
                        json_array_append_new(names, json_string(p->backups[j].name));
                json_array_append_new(
                        list, json_pack("{s:s, s:s, s:o, s:i}", "bucket", p->bucket, "prefix",
                                      p->path, "backups", names, "restores", (int)p->n_restores));
        }
        return list;
}

static json_t *run_stats(struct command *k)
{
        struct cluster *c = k->c;
        size_t objects = 0, bytes = 0;

        for (size_t i = 0; i < c->n_tables; i++)
                for (size_t j = 0; c->tables[i] && j < c->tables[i]->n; j++) {
                        objects++;
                        bytes += c->tables[i]->v[j]->json_len;
                }
        return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "url", c->url, "objects",
                (json_int_t)objects, "bytes", (json_int_t)bytes, "resourceVersion",
                (json_int_t)c->rv, "watches", (json_int_t)c->n_watches, "connections",
                (json_int_t)(c->lis ? c->lis->n_conns : c->sim->shared.n_conns), "accepted",
                (json_int_t)(c->lis ? c->lis->n_accepted : c->sim->shared.n_accepted), "velero",
                velero_describe(c->velero));
}

static const struct {
        const char *verb;
        json_t *(*run)(struct command *k);
} rows[] = {
        { "fault", run_fault },
        { "auth", run_auth },
        { "requests", run_requests },
        { "objects", run_objects },
        { "put", run_put },
        { "delete", run_delete },
        { "velero", run_velero },
        { "hold", run_velero_verb },
        { "release", run_velero_verb },
        { "restart-velero", run_restart },
        { "load", run_load },
        { "bucket", run_bucket },
        { "stats", run_stats },
};

json_t *command_run(struct sim *sim, struct cluster *c, char **args, size_t n, const json_t *input,
        struct str *why)
{
        for (size_t i = 0; n && i < ARRAY_SIZE(rows); i++) {
                struct command k = { c, args + 1, n - 1, input, why };

                if (strcmp(rows[i].verb, args[0]) == 0)
                        return rows[i].run(&k);
        }
        str_puts(why, "a verb is one of:");
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                str_printf(why, " %s", rows[i].verb);
        return NULL;
}
