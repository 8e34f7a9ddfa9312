/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* The model of a test program and its parts, made one at a time: clusters, Velero objects, policies, runs, tasks, schedules. */
#include "base/buf.h"
#include "base/intern.h"
#include "base/limits.h"
#include "base/timefmt.h"
#include "fs/node.h"
#include "ops/model.h"
#include "ops/policy.h"
#include "tests/support/test.h"
#include "velero/volume.h"

#define T0 INT64_C(1788228003) /* 2026-09-01T02:00:03Z */

/* ---------------------------------------------------------------- the model of a test program */

static struct model model;

/* Begins a setup: the model is empty, and in a write section until the teardown. 0 or -1. */
__attribute__((unused)) static int fixture_begin(void)
{
        struct err err = ERR_INIT;

        if (model_init(&model, &err) < 0) {
                print_error("%s\n", err.msg);
                return -1;
        }
        model_write_begin(&model);
        return 0;
}

__attribute__((unused)) static int fixture_teardown(void **state)
{
        (void)state;
        model_write_end(&model);
        model_done(&model);
        return 0;
}

/* ---------------------------------------------------------------- building */

static inline char *fixture_dup(const char *s)
{
        return s != NULL ? strdup(s) : NULL;
}

static __attribute__((format(printf, 2, 3))) void fixture_intern(const char **to, const char *format, ...)
{
        char text[256];
        va_list ap;

        va_start(ap, format);
        vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        assert_int_equal(intern_set(to, text), 0);
}

static inline struct member *fixture_member(struct fleet *f, const char *name, enum member_health health)
{
        struct member *c = fleet_add_member(f, name);

        assert_non_null(c);
        snprintf(c->configured, sizeof(c->configured), "%s", name);
        snprintf(c->uid, sizeof(c->uid), "uid-of-%s", name);
        c->context = fixture_dup(name);
        c->server = fixture_dup("https://10.4.0.9:6443");
        c->health = health;
        c->reachable = health == MEMBER_READY;
        c->stale = health != MEMBER_READY;
        c->since = c->changed = T0 - 3600;
        c->seen = T0 - 3600;
        c->api_version = fixture_dup("v1.34.2");
        c->velero_version = fixture_dup("v1.18.0");
        c->velero_namespace = fixture_dup("velero");
        c->node_agent = true;
        for (int k = 0; k < VELERO_KINDS; k++)
                c->synced[k] = health == MEMBER_READY;
        return c;
}

static inline void fixture_location_named(struct member *c, const char *name, bool is_default, const char *phase,
        const char *message)
{
        char json[1024];
        struct velero_bsl *b;
        struct err err = ERR_INIT;

        snprintf(json, sizeof(json),
                "{\"metadata\":{\"name\":\"%s\",\"uid\":\"u\",\"creationTimestamp\":\"2026-08-01T00:00:00Z\"},"
                "\"spec\":{\"provider\":\"aws\",\"default\":%s,\"objectStorage\":{\"bucket\":\"backups\",\"prefix\":\"%s\"},"
                "\"config\":{\"region\":\"eu\",\"s3Url\":\"http://s3:9000\"}},"
                "\"status\":{\"phase\":\"%s\",\"message\":\"%s\"}}", name,
                is_default ? "true" : "false", c->name, phase, message);
        assert_ok(velero_bsl_decode(json, strlen(json), &b, &err), &err);
        assert_non_null(member_add_velero(c, VELERO_LOCATION, b));
}

static inline void fixture_location(struct member *c, const char *phase, const char *message)
{
        fixture_location_named(c, "default", true, phase, message);
}

static inline void fixture_backup(struct member *c, const char *name, const char *phase, unsigned queue)
{
        char json[2048];
        struct velero_backup *b;
        struct err err = ERR_INIT;

        snprintf(json, sizeof(json),
                "{\"metadata\":{\"name\":\"%s\",\"uid\":\"u\",\"creationTimestamp\":\"2026-09-01T02:00:03Z\","
                "\"labels\":{\"fleetfs.dev/cluster-uid\":\"%s\"}},"
                "\"spec\":{\"ttl\":\"168h0m0s\",\"storageLocation\":\"default\",\"includedNamespaces\":[\"shop\"]},"
                "\"status\":{\"phase\":\"%s\",\"queuePosition\":%u,\"progress\":{\"itemsBackedUp\":412,\"totalItems\":412},\"startTimestamp\":\"2026-09-01T02:00:04Z\","
                "\"completionTimestamp\":\"2026-09-01T02:00:52Z\",\"expiration\":\"2026-09-08T02:00:03Z\"}}",
                name, c->uid, phase, queue);
        assert_ok(velero_backup_decode(json, strlen(json), &b, &err), &err);
        assert_non_null(member_add_velero(c, VELERO_BACKUP, b));
}

static const char *const fixture_clusters[] = { "eu-1", "us-1", "lab-2" };

static inline void fixture_policy(struct object *o, const char *bytes)
{
        const struct policy_env env = { .fleet = "prod", .clusters = fixture_clusters,
                .n_clusters = ARRAY_SIZE(fixture_clusters) };
        struct err err = ERR_INIT;

        assert_int_equal(document_set(&o->in_force, bytes, strlen(bytes), "yaml", T0 * 1000000000), 0);
        o->in_force.generation = 7;
        assert_ok(policy_parse((enum policy_kind)o->kind, o->name, bytes, strlen(bytes), &env, &o->policy, &err), &err);
}

static inline struct object *fixture_object(struct fleet *f, enum object_kind kind, const char *name)
{
        struct object *o = fleet_add_object(f, kind, name);

        assert_non_null(o);
        o->own = true;
        snprintf(o->owner, sizeof(o->owner), "%s", f->model->store_id);
        o->changed = T0 + 60;
        o->phase = PHASE_NONE;
        return o;
}

static inline struct run *fixture_run(struct object *o, int64_t at)
{
        char id[STAMP_SIZE];
        struct run *r = object_add_run(o, stamp_format_run(id, at));

        assert_non_null(r);
        r->created = at;
        return r;
}

struct fixture_task {
        const char *member;
        enum task_state state;
        enum phase phase;
        const char *word; /* Velero's */
        int32_t done, total, errors, warnings;
        const char *code, *reason;
        bool restore, seen; /* its object is on the cluster */
        unsigned queue;
        enum task_step step;
        const char *sub;
};

static inline struct task *fixture_task(struct run *r, const struct fixture_task *x)
{
        struct task *t = run_add_task(r, x->restore ? TASK_RESTORE : TASK_BACKUP, x->member);
        struct member *c;

        assert_non_null(t);
        t->state = x->state;
        t->phase = x->phase;
        assert_int_equal(intern_set(&t->phase_text, x->word), 0);
        t->items_done = x->done;
        t->items_total = x->total;
        t->errors = x->errors;
        t->warnings = x->warnings;
        t->step = x->step;
        t->sub = fixture_dup(x->sub);
        t->attempt = r->created;
        t->deadline = r->created + 3600;
        fixture_intern(&t->uid, "uid-of-%s", x->member);
        if (x->state == TASK_POSTED || x->state == TASK_DONE) {
                snprintf(t->velero_name, sizeof(t->velero_name), "%.20s%s-%.10s-a1b2c3-%lld", r->object->name,
                        x->sub != NULL ? x->sub : "", x->member, (long long)r->created);
                t->started = r->created + 1;
        }
        if (x->state == TASK_DONE) {
                t->completed = r->created + 49;
                t->expires = x->restore ? 0 : r->created + 604800;
        }
        if (x->restore)
                fixture_intern(&t->backup_name, "nightly-%s-a1b2c3", x->member);
        if (x->reason != NULL) {
                t->reason = fixture_dup(x->reason);
                snprintf(t->code, sizeof(t->code), "%s", x->code);
                t->since = r->created + 49;
        }
        c = fleet_member(r->object->fleet, x->member);
        if (x->seen && c != NULL && !x->restore)
                fixture_backup(c, t->velero_name, x->word, x->queue);
        return t;
}

/* What the engine's rollup would do. */
static inline void fixture_roll_up(struct object *o)
{
        for (size_t i = 0; i < o->n_runs; i++) {
                struct run *r = o->runs[i];
                bool over = true;

                for (size_t k = 0; k < r->n_tasks; k++) {
                        if (r->tasks[k]->phase < r->phase)
                                r->phase = r->tasks[k]->phase;
                        over = over && phase_is(r->tasks[k]->phase, PHASE_IS_TERMINAL);
                }
                r->completed = over ? r->created + 49 : 0;
        }
        if (o->n_runs > 0)
                o->phase = o->runs[o->n_runs - 1]->phase;
}

static inline struct run *fixture_tasks(struct object *o, int64_t at, const struct fixture_task *tasks, size_t n)
{
        struct run *r = fixture_run(o, at);

        for (size_t i = 0; i < n; i++)
                fixture_task(r, &tasks[i]);
        fixture_roll_up(o);
        return r;
}
#define FIXTURE_RUN(o, at, ...)                                                                        \
        fixture_tasks((o), (at), (const struct fixture_task[]){ __VA_ARGS__ },                         \
                sizeof((const struct fixture_task[]){ __VA_ARGS__ }) / sizeof(struct fixture_task))

#define DONE(m)    { .member = (m), .state = TASK_DONE, .phase = PHASE_COMPLETED, .word = "Completed", .done = 412, \
                .total = 412, .seen = true }
#define POLICY(name_) "policy:\n  ttl: 168h\n  resourceFilter: {includedNamespaces: [" name_ "]}\n"

/* ---------------------------------------------------------------- schedules */

struct fixture_schedule {
        const char *member;
        enum task_state state;
        enum phase phase;
        const char *word, *code, *reason;
        int64_t attempt, success, next, overdue;
        const char *run, *result;
        bool seen, drifted, unwanted;
};

static inline void fixture_velero_schedule(struct member *c, const char *name)
{
        char json[1024];
        struct velero_schedule *s;
        struct err err = ERR_INIT;

        snprintf(json, sizeof(json),
                "{\"metadata\":{\"name\":\"%s\",\"uid\":\"u\",\"creationTimestamp\":\"2026-08-01T00:00:00Z\"},"
                "\"spec\":{\"schedule\":\"0 2 * * *\",\"template\":{\"ttl\":\"168h0m0s\",\"includedNamespaces\":[\"shop\"]}},"
                "\"status\":{\"phase\":\"Enabled\",\"lastBackup\":\"2026-09-01T02:00:03Z\"}}", name);
        assert_ok(velero_schedule_decode(json, strlen(json), &s, &err), &err);
        assert_non_null(member_add_velero(c, VELERO_SCHEDULE, s));
}

static inline void fixture_standing_task(struct object *o, const struct fixture_schedule *x)
{
        struct run *r = object_add_standing(o);
        struct task *t = run_add_task(r, TASK_SCHEDULE, x->member);
        struct member *c = fleet_member(o->fleet, x->member);

        assert_non_null(t);
        t->state = x->state;
        t->phase = x->phase;
        assert_int_equal(intern_set(&t->phase_text, x->word), 0);
        fixture_intern(&t->uid, "uid-of-%s", x->member);
        if (x->state == TASK_POSTED)
                snprintf(t->velero_name, sizeof(t->velero_name), "%.20s-%.10s-a1b2c3", o->name, x->member);
        if (x->seen && c != NULL)
                fixture_velero_schedule(c, t->velero_name);
        if (x->reason != NULL) {
                t->reason = fixture_dup(x->reason);
                snprintf(t->code, sizeof(t->code), "%s", x->code);
                t->since = T0 + 49;
        }
        task_reach(t)->last_attempt = x->attempt;
        task_reach(t)->last_success = x->success;
        task_reach(t)->next_run = x->next;
        task_reach(t)->overdue_at = x->overdue;
        t->drifted = x->drifted;
        t->unwanted = x->unwanted;
        if (x->run != NULL)
                snprintf(task_reach(t)->last_run, sizeof(task_reach(t)->last_run), "%s", x->run);
        if (x->result != NULL)
                snprintf(task_reach(t)->last_result, sizeof(task_reach(t)->last_result), "%s", x->result);
}

/* A policy with a schedule, and what the engine would say of it. */
static inline struct object *fixture_standing(struct object *o, const char *cron, const struct fixture_schedule *rows, size_t n)
{
        char text[256];

        snprintf(text, sizeof(text), "schedule: \"%s\"\npolicy:\n  ttl: 168h\n  resourceFilter: {includedNamespaces: [shop]}\n", cron);
        fixture_policy(o, text);
        for (size_t i = 0; i < n; i++)
                fixture_standing_task(o, &rows[i]);
        o->phase = PHASE_UNPROTECTED;
        o->interval = 86400;
        o->last_slot = T0 - 3;
        for (int i = 0; i < SCHEDULE_NEXT; i++)
                o->next_runs[i] = T0 - 3 + (i + 1) * 86400;
        if (o->standing != NULL) {
                o->standing->phase = PHASE_NONE;
                for (size_t i = 0; i < o->standing->n_tasks; i++)
                        if (o->standing->tasks[i]->phase < o->standing->phase)
                                o->standing->phase = o->standing->tasks[i]->phase;
                o->phase = o->standing->phase;
        }
        return o;
}
#define FIXTURE_STANDING(f, name, cron, ...)                                                           \
        fixture_standing(fixture_object((f), OBJECT_BACKUP, (name)), (cron),                           \
                (const struct fixture_schedule[]){ __VA_ARGS__ },                                      \
                sizeof((const struct fixture_schedule[]){ __VA_ARGS__ }) / sizeof(struct fixture_schedule))
#define PROTECTED(m) { .member = (m), .state = TASK_POSTED, .phase = PHASE_PROTECTED, .attempt = T0 + 1,            \
                .success = T0 + 49, .next = T0 - 3 + 86400, .run = "20260901-020003Z", .result = "Completed", .seen = true }
#define LATE(m) { .member = (m), .state = TASK_POSTED, .phase = PHASE_OVERDUE, .code = "FLT-0311",                  \
                .reason = "no successful backup since 2026-08-30T02:00:49Z: another one was due, with all patience, "     \
                          "by 2026-08-31T04:24:00Z",                                                                      \
                .attempt = T0 - 172800, .success = T0 - 172754, .next = T0 - 3, .overdue = T0 - 77763,                   \
                .run = "20260830-020003Z", .result = "Completed", .seen = true }

/* A part under way, with samples of how it goes: 1/8 of its items in 20 s, and with a volume 1/30 of its bytes. */
static inline void fixture_samples(struct task *t, bool volume)
{
        static const char json[] = "{\"metadata\":{\"name\":\"v1\"},\"spec\":{\"pod\":{\"namespace\":\"shop\",\"name\":\"db-0\"},"
                                   "\"volume\":\"data\"},\"status\":{\"phase\":\"InProgress\",\"progress\":"
                                   "{\"totalBytes\":60000,\"bytesDone\":2000}}}";
        struct err err = ERR_INIT;

        for (int i = 0; i < 3; i++) {
                eta_note(&task_measure(t)->items, t->started + 10 * i, t->items_done * i / 2, t->items_total);
                if (volume)
                        eta_note(&task_measure(t)->bytes, t->started + 10 * i, 1000 * i, 60000);
        }
        if (!volume)
                return;
        t->seen_volumes = calloc(1, sizeof(*t->seen_volumes));
        assert_non_null(t->seen_volumes);
        assert_ok(velero_volume_decode(json, strlen(json), &t->seen_volumes[0], &err), &err);
        t->n_seen_volumes = 1;
}
