/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A fleet made by hand, with everything that a renderer must have an answer for: three clusters, one
 * of them away, one with storage that cannot be used; backups with runs in many phases, also one
 * that Velero may invent some day; drafts in every state; restores; migrations; an object of another
 * store. And two ways to look at it: one file by its path, or all of them.
 */
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

static char *fixture_dup(const char *s)
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

static struct member *fixture_member(struct fleet *f, const char *name, enum member_health health)
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

static void fixture_location(struct member *c, const char *phase, const char *message)
{
        char json[1024];
        struct velero_bsl *b;
        struct err err = ERR_INIT;

        snprintf(json, sizeof(json),
                "{\"metadata\":{\"name\":\"default\",\"uid\":\"u\",\"creationTimestamp\":\"2026-08-01T00:00:00Z\"},"
                "\"spec\":{\"provider\":\"aws\",\"default\":true,\"objectStorage\":{\"bucket\":\"backups\",\"prefix\":\"%s\"},"
                "\"config\":{\"region\":\"eu\",\"s3Url\":\"http://s3:9000\"}},"
                "\"status\":{\"phase\":\"%s\",\"message\":\"%s\"}}", c->name, phase, message);
        assert_ok(velero_bsl_decode(json, strlen(json), &b, &err), &err);
        assert_non_null(member_add_velero(c, VELERO_LOCATION, b, b->name));
}

static void fixture_backup(struct member *c, const char *name, const char *phase, unsigned queue)
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
        assert_non_null(member_add_velero(c, VELERO_BACKUP, b, b->name));
}

static const char *const fixture_clusters[] = { "eu-1", "us-1", "lab-2" };

static void fixture_policy(struct object *o, const char *bytes)
{
        const struct policy_env env = { .fleet = "prod", .clusters = fixture_clusters,
                .n_clusters = ARRAY_SIZE(fixture_clusters) };
        struct err err = ERR_INIT;

        assert_int_equal(document_set(&o->in_force, bytes, strlen(bytes), "yaml", T0 * 1000000000), 0);
        o->in_force.generation = 7;
        assert_ok(policy_parse((enum policy_kind)o->kind, o->name, bytes, strlen(bytes), &env, &o->policy, &err), &err);
}

static struct object *fixture_object(struct fleet *f, enum object_kind kind, const char *name)
{
        struct object *o = fleet_add_object(f, kind, name);

        assert_non_null(o);
        o->own = true;
        snprintf(o->owner, sizeof(o->owner), "%s", f->model->store_id);
        o->changed = T0 + 60;
        o->phase = PHASE_NONE;
        return o;
}

static struct run *fixture_run(struct object *o, int64_t at)
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

static struct task *fixture_task(struct run *r, const struct fixture_task *x)
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
static void fixture_roll_up(struct object *o)
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

static struct run *fixture_tasks(struct object *o, int64_t at, const struct fixture_task *tasks, size_t n)
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

static void fixture_velero_schedule(struct member *c, const char *name)
{
        char json[1024];
        struct velero_schedule *s;
        struct err err = ERR_INIT;

        snprintf(json, sizeof(json),
                "{\"metadata\":{\"name\":\"%s\",\"uid\":\"u\",\"creationTimestamp\":\"2026-08-01T00:00:00Z\"},"
                "\"spec\":{\"schedule\":\"0 2 * * *\",\"template\":{\"ttl\":\"168h0m0s\",\"includedNamespaces\":[\"shop\"]}},"
                "\"status\":{\"phase\":\"Enabled\",\"lastBackup\":\"2026-09-01T02:00:03Z\"}}", name);
        assert_ok(velero_schedule_decode(json, strlen(json), &s, &err), &err);
        assert_non_null(member_add_velero(c, VELERO_SCHEDULE, s, s->name));
}

static void fixture_standing_task(struct object *o, const struct fixture_schedule *x)
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
        t->last_attempt = x->attempt;
        t->last_success = x->success;
        t->next_run = x->next;
        t->overdue_at = x->overdue;
        t->drifted = x->drifted;
        t->unwanted = x->unwanted;
        if (x->run != NULL)
                snprintf(t->last_run, sizeof(t->last_run), "%s", x->run);
        if (x->result != NULL)
                snprintf(t->last_result, sizeof(t->last_result), "%s", x->result);
}

/* A policy with a schedule, and what the engine would say of it. */
static struct object *fixture_standing(struct object *o, const char *cron, const struct fixture_schedule *rows, size_t n)
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
static void fixture_samples(struct task *t, bool volume)
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

static void fixture_schedules(struct fleet *f)
{
        struct object *o = FIXTURE_STANDING(f, "daily", "0 2 * * *", PROTECTED("eu-1"), LATE("us-1"), PROTECTED("lab-2"));
        struct run *r;

        FIXTURE_RUN(o, T0 - 172800, DONE("eu-1"), DONE("us-1"), DONE("lab-2"));
        FIXTURE_RUN(o, T0 - 86400, DONE("eu-1"), DONE("lab-2"));
        FIXTURE_RUN(o, T0, DONE("eu-1"), DONE("lab-2"));
        o->phase = PHASE_OVERDUE;

        /* One at work, by hand, with the Schedules in order. */
        o = FIXTURE_STANDING(f, "at-work", "0 2 * * *", PROTECTED("eu-1"), PROTECTED("us-1"));
        FIXTURE_RUN(o, T0, DONE("eu-1"), DONE("us-1"));
        r = FIXTURE_RUN(o, T0 + 600,
                { .member = "eu-1", .state = TASK_POSTED, .phase = PHASE_IN_PROGRESS, .word = "InProgress", .done = 50,
                        .total = 400, .seen = true },
                { .member = "us-1", .state = TASK_POSTED, .phase = PHASE_IN_PROGRESS, .word = "InProgress", .done = 100,
                        .total = 800, .seen = true });
        fixture_samples(r->tasks[0], false);
        fixture_samples(r->tasks[1], true);
        o->phase = PHASE_IN_PROGRESS;

        o = FIXTURE_STANDING(f, "queued", "0 2 * * *", PROTECTED("eu-1"), PROTECTED("us-1"));
        FIXTURE_RUN(o, T0 + 1200,
                { .member = "eu-1", .state = TASK_POSTED, .phase = PHASE_QUEUED, .word = "Queued", .seen = true, .queue = 2 },
                { .member = "us-1", .state = TASK_POSTED, .phase = PHASE_QUEUED, .word = "Queued", .seen = true, .queue = 1 });
        o->phase = PHASE_QUEUED;

        o = FIXTURE_STANDING(f, "in-order", "TZ=Europe/Berlin 0 4 * * *", PROTECTED("eu-1"));
        FIXTURE_RUN(o, T0, DONE("eu-1"));
        o->phase = PHASE_PROTECTED;

        o = FIXTURE_STANDING(f, "drifted", "0 2 * * *", PROTECTED("us-1"),
                { .member = "eu-1", .state = TASK_POSTED, .phase = PHASE_DRIFTED, .code = "FLT-0312", .drifted = true,
                        .reason = "someone changed Schedule drifted-eu-1-a1b2c3 on eu-1: it runs at \"0 5 * * *\", not at "
                                  "\"0 2 * * *\"",
                        .attempt = T0 + 1, .success = T0 + 49, .next = T0 + 10797, .run = "20260901-020003Z",
                        .result = "Completed", .seen = true });
        FIXTURE_RUN(o, T0, DONE("eu-1"), DONE("us-1"));
        o->phase = PHASE_DRIFTED;

        o = FIXTURE_STANDING(f, "paused", "0 2 * * *",
                { .member = "eu-1", .state = TASK_POSTED, .phase = PHASE_PAUSED, .code = "FLT-0316",
                        .reason = "the schedule is paused", .seen = true });
        o->paused = true;
        memset(o->next_runs, 0, sizeof(o->next_runs));
        o->last_slot = 0;

        (void)FIXTURE_STANDING(f, "fresh", "0 2 * * *",
                { .member = "eu-1", .state = TASK_POSTED, .phase = PHASE_SCHEDULED, .code = "FLT-0314", .next = T0 - 3 + 86400,
                        .reason = "there is no successful backup yet: the next run is due at 2026-09-02T02:00:00Z",
                        .seen = true },
                { .member = "lab-2", .state = TASK_PENDING, .phase = PHASE_PENDING });
        fleet_object(f, OBJECT_BACKUP, "fresh")->phase = PHASE_PENDING;

        /* The schedule is as it should be, the run by hand is not. */
        o = FIXTURE_STANDING(f, "by-hand", "0 2 * * *", PROTECTED("eu-1"));
        FIXTURE_RUN(o, T0, DONE("eu-1"));
        FIXTURE_RUN(o, T0 + 60, { .member = "eu-1", .state = TASK_EXPIRED, .phase = PHASE_EXPIRED, .code = "FLT-0402",
                .reason = "not posted within 1h" });
        o->phase = PHASE_EXPIRED;

        (void)fixture_standing(fixture_object(f, OBJECT_BACKUP, "nowhere"), "0 2 * * *", NULL, 0);

        o = FIXTURE_STANDING(f, "ended", "0 2 * * *", { .member = "lab-2", .state = TASK_POSTED, .phase = PHASE_PENDING,
                .unwanted = true });
        o->removed = true;
        FIXTURE_RUN(o, T0, DONE("lab-2"));
        o->phase = PHASE_PENDING;
}

static void fixture_draft(struct object *o, const char *bytes, enum draft_state state)
{
        assert_int_equal(document_set(&o->draft, bytes, strlen(bytes), "yaml", T0 * 1000000000), 0);
        o->draft_state = state;
        o->draft_at = T0 + 30;
        if (state != DRAFT_REJECTED)
                return;
        err_set(&o->draft_err, -EINVAL, "unknown field \"tll\" in policy");
        err_id(&o->draft_err, "FLT-0203");
        err_place(&o->draft_err, 3, 3);
        err_remedy(&o->draft_err, "did you mean \"ttl\"?");
}

static void fixture_backups(struct fleet *f)
{
        struct object *o = fixture_object(f, OBJECT_BACKUP, "nightly");

        fixture_policy(o, POLICY("shop"));
        strv_push(&o->warnings, "FLT-0301 volumes on us-1 are not backed up: no node-agent runs there");
        FIXTURE_RUN(o, T0 - 172800, DONE("eu-1"), DONE("us-1"), DONE("lab-2"));
        FIXTURE_RUN(o, T0 - 86400, DONE("eu-1"), DONE("lab-2"),
                { .member = "us-1", .state = TASK_DONE, .phase = PHASE_PARTIALLY_FAILED, .word = "PartiallyFailed",
                        .done = 410, .total = 412, .errors = 2, .seen = true, .code = "FLT-0410",
                        .reason = "2 errors in Velero's log" });
        FIXTURE_RUN(o, T0,
                { .member = "eu-1", .state = TASK_POSTED, .phase = PHASE_IN_PROGRESS, .word = "UploadingSomewhere",
                        .done = 198, .total = 412, .seen = true },
                { .member = "us-1", .state = TASK_DONE, .phase = PHASE_FAILED, .word = "Failed", .errors = 1, .seen = true,
                        .code = "FLT-0410", .reason = "error uploading:\n\tobject store answered 503 Slow Down" },
                { .member = "lab-2", .state = TASK_PENDING, .phase = PHASE_PENDING });
        fixture_draft(o, "policy:\n  # kept for a month\n  tll: 30d\n", DRAFT_REJECTED);

        o = fixture_object(f, OBJECT_BACKUP, "weekly");
        fixture_policy(o, POLICY("\"*\""));
        FIXTURE_RUN(o, T0, DONE("eu-1"));

        o = fixture_object(f, OBJECT_BACKUP, "gone");
        fixture_policy(o, POLICY("shop"));
        FIXTURE_RUN(o, T0, { .member = "eu-1", .state = TASK_DONE, .phase = PHASE_COMPLETED, .word = "Completed",
                .done = 5, .total = 5 });

        o = fixture_object(f, OBJECT_BACKUP, "away");
        fixture_policy(o, POLICY("shop"));
        FIXTURE_RUN(o, T0, DONE("eu-1"), DONE("lab-2"), DONE("no-more"));

        o = fixture_object(f, OBJECT_BACKUP, "running");
        fixture_policy(o, POLICY("shop"));
        FIXTURE_RUN(o, T0, { .member = "eu-1", .state = TASK_POSTED, .phase = PHASE_QUEUED, .word = "Queued", .seen = true,
                .queue = 2 }, { .member = "us-1", .state = TASK_POSTED, .phase = PHASE_IN_PROGRESS, .word = "InProgress",
                .done = 252, .total = 412, .seen = true });

        o = fixture_object(f, OBJECT_BACKUP, "waiting");
        fixture_policy(o, POLICY("shop"));
        FIXTURE_RUN(o, T0, DONE("eu-1"), { .member = "us-1", .state = TASK_PENDING, .phase = PHASE_PENDING,
                .code = "FLT-0109", .reason = "storage location default is Unavailable" });

        o = fixture_object(f, OBJECT_BACKUP, "refused-there");
        fixture_policy(o, POLICY("shop"));
        FIXTURE_RUN(o, T0,
                { .member = "eu-1", .state = TASK_REJECTED, .phase = PHASE_FAILED, .word = "Rejected", .code = "FLT-0404",
                        .reason = "strict decoding error: unknown field \"spec.itemOperationTimeout\"" },
                { .member = "us-1", .state = TASK_CONFLICT, .phase = PHASE_CONFLICT, .code = "FLT-0403",
                        .reason = "Backup x exists on us-1 and was not made by this object" },
                { .member = "lab-2", .state = TASK_EXPIRED, .phase = PHASE_EXPIRED, .code = "FLT-0402",
                        .reason = "not posted within 1h" });

        o = fixture_object(f, OBJECT_BACKUP, "parts");
        fixture_policy(o, "policies:\n- {name: gold}\n- {name: tin}\n");
        FIXTURE_RUN(o, T0,
                { .member = "eu-1", .state = TASK_DONE, .phase = PHASE_COMPLETED, .word = "Completed", .done = 3, .total = 3,
                        .seen = true, .sub = "gold" },
                { .member = "eu-1", .state = TASK_DONE, .phase = PHASE_FAILED, .word = "FailedValidation", .seen = true,
                        .sub = "tin", .code = "FLT-0410", .reason = "an error of validation" });

        o = fixture_object(f, OBJECT_BACKUP, "removed");
        o->removed = true;
        FIXTURE_RUN(o, T0, DONE("eu-1"));

        o = fixture_object(f, OBJECT_BACKUP, "theirs");
        o->own = false;
        snprintf(o->owner, sizeof(o->owner), "ffeeddccbbaa9988");
        fixture_policy(o, POLICY("shop"));
        FIXTURE_RUN(o, T0, DONE("us-1"));
        fixture_draft(fixture_object(f, OBJECT_BACKUP, "rejected"), "policy:\n  # kept for a month\n  tll: 30d\n", DRAFT_REJECTED);
        fixture_draft(fixture_object(f, OBJECT_BACKUP, "interrupted"), "policy:\n", DRAFT_INTERRUPTED);
        fixture_draft(fixture_object(f, OBJECT_BACKUP, "accepted"), POLICY("shop"), DRAFT_ACCEPTED);
        fixture_draft(fixture_object(f, OBJECT_BACKUP, "open"), "", DRAFT_OPEN);
}

static void fixture_link(struct member_link *l, const char *name, const char *up, const char *member)
{
        char target[128];

        snprintf(target, sizeof(target), "%sclusters/%s", up, member);
        *l = (struct member_link){ fixture_dup(name), fixture_dup(target), fixture_dup(member) };
}

static void fixture_others(struct fleet *f)
{
        struct object *o = fixture_object(f, OBJECT_RESTORE, "undo");

        fixture_policy(o, "backupName: nightly\n");
        FIXTURE_RUN(o, T0,
                { .member = "eu-1", .state = TASK_DONE, .phase = PHASE_COMPLETED, .word = "Completed", .done = 409,
                        .total = 409, .warnings = 3, .restore = true },
                { .member = "us-1", .state = TASK_DONE, .phase = PHASE_PARTIALLY_FAILED, .word = "PartiallyFailed",
                        .done = 400, .total = 409, .errors = 4, .restore = true, .code = "FLT-0410",
                        .reason = "4 errors in Velero's log" });
        o = fixture_object(f, OBJECT_RESTORE, "shop@latest");
        fixture_draft(o, "", DRAFT_INERT);

        o = fixture_object(f, OBJECT_MIGRATION, "m1");
        o->is_folder = o->started = true;
        fixture_link(&o->source, "source", "../../", "eu-1");
        FIXTURE_RUN(o, T0, DONE("eu-1"),
                { .member = "us-1", .state = TASK_POSTED, .phase = PHASE_IN_PROGRESS, .word = "InProgress", .done = 198,
                        .total = 412, .restore = true, .step = STEP_RESTORE },
                { .member = "lab-2", .state = TASK_PENDING, .phase = PHASE_PENDING, .restore = true,
                        .step = STEP_LOCATION, .code = "FLT-0109",
                        .reason = "storage location peer-eu-1 is not validated yet" });
        o = fixture_object(f, OBJECT_MIGRATION, "m2");
        o->is_folder = true;
        fixture_link(&o->source, "source", "../../", "eu-1");
        o = fixture_object(f, OBJECT_MIGRATION, "m3");
        fixture_policy(o, "sourceCluster: {clusters: [{kind: AttachedCluster, name: eu-1}]}\n"
                "targetCluster: {clusters: [{kind: AttachedCluster, name: us-1}]}\n");
        FIXTURE_RUN(o, T0, DONE("eu-1"), { .member = "us-1", .state = TASK_DONE, .phase = PHASE_COMPLETED,
                .word = "Completed", .done = 409, .total = 409, .restore = true, .step = STEP_END });
}

__attribute__((unused)) static void fixture_fill(struct model *m)
{
        struct fleet *f;
        struct member *c;

        snprintf(m->store_id, sizeof(m->store_id), "00112233aabbccdd");
        m->started = T0 - 7200;
        f = model_add_fleet(m, "prod");
        assert_non_null(f);
        f->yaml = fixture_dup("kind: Fleet\nmetadata:\n  name: prod\n");
        f->changed = T0 + 60;
        f->phase = PHASE_FAILED;
        c = fixture_member(f, "eu-1", MEMBER_READY);
        strv_push(&c->label_keys, "env");
        strv_push(&c->label_values, "prod");
        strv_push(&c->label_keys, "tier");
        strv_push(&c->label_values, "gold");
        fixture_location(c, "Available", "");
        c = fixture_member(f, "us-1", MEMBER_READY);
        c->node_agent = false;
        fixture_location(c, "Unavailable", "rpc error: code = Unknown desc = bucket \\\"backups\\\" does not exist");
        c = fixture_member(f, "lab-2", MEMBER_UNREACHABLE);
        snprintf(c->code, sizeof(c->code), "FLT-0101");
        c->reason = fixture_dup("GET https://10.4.0.9:6443/version: connect timeout");
        fixture_location(c, "Available", "");
        c = fixture_member(f, "eu-1b", MEMBER_READY);
        snprintf(c->alias_of, sizeof(c->alias_of), "eu-1");
        fixture_backups(f);
        fixture_schedules(f);
        fixture_others(f);
}

/* ---------------------------------------------------------------- looking */

static struct node_root fixture_root(const struct model *m)
{
        return (struct node_root){ .table = &root_table, .model = m };
}

/* Walks a path with "..", following links as the kernel does. */
static int fixture_resolve(const struct model *m, const char *path, struct node *ret, int depth)
{
        struct node_root root = fixture_root(m);
        struct node stack[NODE_DEPTH_MAX + 1];
        char names[NODE_DEPTH_MAX + 1][NAME_MAX + 1], text[4096];
        size_t n = 0;
        char *save = NULL;

        node_root(&root, &stack[0]);
        snprintf(text, sizeof(text), "%s", path);
        for (char *part = strtok_r(text, "/", &save); part != NULL; part = strtok_r(NULL, "/", &save)) {
                char rest[4096] = "", joined[16384] = "";
                struct buf target = BUF_INIT(4096);
                int r;

                if (strcmp(part, "..") == 0) {
                        if (n == 0)
                                return -ENOENT;
                        n--;
                        continue;
                }
                if (n == NODE_DEPTH_MAX)
                        return -ENAMETOOLONG;
                r = node_child(&stack[n], part, &stack[n + 1]);
                if (r < 0)
                        return r;
                snprintf(names[n++], sizeof(names[0]), "%s", part);
                if (stack[n].row->kind != NODE_LINK || save == NULL || *save == '\0')
                        continue;
                if (depth > 8)
                        return -ELOOP;
                for (size_t i = 0; i + 1 < n; i++)
                        snprintf(joined + strlen(joined), sizeof(joined) - strlen(joined), "%s/", names[i]);
                snprintf(rest, sizeof(rest), "%s", save);
                r = node_render(&stack[n], &target);
                snprintf(joined + strlen(joined), sizeof(joined) - strlen(joined), "%s/%s", target.data, rest);
                buf_done(&target);
                return r < 0 ? r : fixture_resolve(m, joined, ret, depth + 1);
        }
        *ret = stack[n];
        return 0;
}

__attribute__((unused)) static int fixture_render(const struct model *m, const char *path, struct buf *out)
{
        struct node n;
        int r = fixture_resolve(m, path, &n, 0);

        return r < 0 ? r : node_render(&n, out);
}

typedef void fixture_fn(void *arg, const char *path, const struct node *node);

struct fixture_walk {
        const struct node *dir;
        char path[4096];
        fixture_fn *fn;
        void *arg;
};

static int fixture_visit(void *arg, const char *name, const struct node_row *row, uint64_t order)
{
        struct fixture_walk *w = arg, below = *w;
        struct node child;

        (void)row;
        (void)order;
        assert_int_equal(node_child(w->dir, name, &child), 0);
        snprintf(below.path, sizeof(below.path), "%.3000s%s%.255s", w->path, w->path[0] != '\0' ? "/" : "", name);
        w->fn(w->arg, below.path, &child);
        if (child.row->kind != NODE_DIR)
                return 0;
        below.dir = &child;
        return node_list(&child, fixture_visit, &below);
}

/* Calls fn for everything that the tree lists. */
__attribute__((unused)) static void fixture_walk(const struct model *m, fixture_fn *fn, void *arg)
{
        struct node_root root = fixture_root(m);
        struct node top;
        struct fixture_walk w = { .dir = &top, .fn = fn, .arg = arg };

        node_root(&root, &top);
        assert_int_equal(node_list(&top, fixture_visit, &w), 0);
}
