/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * A fleet made by hand, with everything that a renderer must have an answer for: three clusters, one
 * of them away, one with storage that cannot be used; backups with runs in many phases, also one
 * that Velero may invent some day; drafts in every state; restores; migrations; an object of another
 * store.
 */
#include "tests/unit/show_build.h"
#include "tests/unit/show_look.h"

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
