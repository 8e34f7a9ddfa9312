/* SPDX-License-Identifier: Apache-2.0 */
/* What files say of policies whose file or Schedules are gone, and of clocks that do not agree. */
#include "tests/unit/show_fixture.h"

static struct fleet *fleet;

static int setup(void **state)
{
        (void)state;
        if (fixture_begin() < 0)
                return -1;
        fixture_fill(&model);
        fleet = model_fleet(&model, "prod");
        return 0;
}

/* ---------------------------------------------------------------- Schedules that somebody deleted */

static void another_stores_schedules_that_are_gone_are_no_bad_destination(void **state)
{
        struct object *o = fixture_standing(fixture_object(fleet, OBJECT_BACKUP, "their-nights"), "0 2 * * *", NULL, 0);

        (void)state;
        o->own = false;
        snprintf(o->owner, sizeof(o->owner), "ffffffffffffffff");
        FIXTURE_RUN(o, T0, DONE("eu-1"));
        o->phase = PHASE_UNPROTECTED;
        memset(o->next_runs, 0, sizeof(o->next_runs));
        fixture_says("prod/backups/their-nights/status.txt",
                "state:  Unprotected   backup their-nights: no cluster has a Schedule of it any more\n"
                "note:   made by store ffffffffffffffff, read-only here\n"
                "reason: its Schedules are gone: the policy was removed in the store that made it, or somebody\n"
                "        deleted them   FLT-0317\n"
                "action: to have them made again, as this mount's own: echo adopt > ctl\n");
        fixture_says_not("prod/backups/their-nights/status.txt", "destination");
        fixture_says("prod/backups/their-nights/error.txt", "FLT-0317");
        fixture_says("prod/backups/their-nights/error.txt", "remedy: echo adopt > ctl\n");
        fixture_says("prod/backups/their-nights/code", "FLT-0317");
        fixture_says("prod/backups/their-nights/status.json", "\"remedy\": \"echo adopt > ctl\"");
        fixture_says_not("prod/backups/their-nights/status.json", "FLT-0282");
        /* Our own that selects no cluster is another matter, and has another remedy. */
        fixture_says("prod/backups/nowhere/code", "FLT-0282");
        fixture_says("prod/backups/nowhere/status.json", "\"code\": \"FLT-0282\"");
}

/* ---------------------------------------------------------------- removals that are pending */

static const struct removal {
        const char *name;
        const char *object; /* of the fixture; NULL: a one-off of the test's own */
        bool renamed;
        const char *note, *undo;
} removals[] = {
        { "a schedule that was renamed away", "in-order", true,
                "note:   its file was renamed away: at 2026-09-01T02:02:00Z its schedule ends on every cluster, every\n"
                "        backup stays; until then that can be taken back   FLT-0318\n",
                "action: mv NAME ../in-order.yaml\n        cp applied.yaml ../in-order.yaml\n" },
        { "a schedule that was removed", "in-order", false,
                "note:   its file was removed: at 2026-09-01T02:02:00Z its schedule ends on every cluster, every\n"
                "        backup stays; until then that can be taken back   FLT-0318\n",
                "action: cp applied.yaml ../in-order.yaml\n" },
        { "a one-off that was renamed away", NULL, true,
                "note:   its file was renamed away: at 2026-09-01T02:02:00Z what of it is not posted yet is\n"
                "        cancelled, every backup stays; until then that can be taken back   FLT-0318\n",
                "action: mv NAME ../once.yaml\n" },
        { "a one-off that was removed", NULL, false,
                "note:   its file was removed: at 2026-09-01T02:02:00Z what of it is not posted yet is cancelled,\n"
                "        every backup stays; until then that can be taken back   FLT-0318\n",
                "action: write ../once.yaml again: it runs once more\n" },
};

static void a_removal_that_is_pending_says_until_when_and_how_to_take_it_back(void **state)
{
        const struct removal *c = test_row(state);
        const char *name = c->object != NULL ? c->object : "once";
        struct object *o = fleet_object(fleet, OBJECT_BACKUP, name);
        char status[100], json[100], ctl[100], at[100];

        if (o == NULL) {
                o = fixture_object(fleet, OBJECT_BACKUP, name);
                fixture_policy(o, POLICY("shop"));
                FIXTURE_RUN(o, T0, DONE("eu-1"));
                o->phase = PHASE_COMPLETED;
        }
        snprintf(status, sizeof(status), "prod/backups/%s/status.txt", name);
        snprintf(json, sizeof(json), "prod/backups/%s/status.json", name);
        snprintf(ctl, sizeof(ctl), "prod/backups/%s/ctl", name);
        snprintf(at, sizeof(at), "prod/backups/%s/removal_at", name);
        fixture_says_not(status, "FLT-0318");
        fixture_says_not(ctl, "FLT-0318");
        fixture_says(json, "\"removalAt\": null");

        o->file_gone = true;
        o->removal_at_ms = 1;
        o->removal_at = T0 + 117;
        o->removal_renamed = c->renamed;
        fixture_says(status, c->note);
        fixture_says(status, "FLT-0318\n");
        fixture_says(status, c->undo);
        fixture_says(ctl, c->note);
        fixture_says(ctl, c->undo);
        fixture_says(ctl, "\nrun ");
        fixture_says(json, "\"removalAt\": \"2026-09-01T02:02:00Z\"");
        fixture_says(json, "\"code\": \"FLT-0318\"");
        fixture_says(at, "2026-09-01T02:02:00Z\n");
        fixture_says("prod/status.txt", " (removing)");

        o->removal_at_ms = 0;
        o->removed = true;
        fixture_says_not(status, "FLT-0318");
        fixture_says(json, "\"removalAt\": null");
        fixture_says_not("prod/status.txt", " (removing)");
}

/* ---------------------------------------------------------------- clocks */

static void a_clusters_clock_is_told_where_the_cluster_is(void **state)
{
        struct member *c = fleet_member(fleet, "eu-1");

        (void)state;
        fixture_says_not("prod/clusters/eu-1/status.txt", "FLT-0306");
        fixture_says("prod/clusters/eu-1/status.json", "\"clockAhead\": null");
        fixture_is("prod/clusters/eu-1/clock_ahead", "");
        c->ahead = 7230;
        fixture_says("prod/clusters/eu-1/status.txt",
                "caveat: its clock is 2h0m30s ahead of this machine's, and stamps the times that are told of it: let\n"
                "        both follow NTP   FLT-0306\n");
        fixture_says("prod/clusters/eu-1/status.json", "\"clockAhead\": 7230");
        fixture_is("prod/clusters/eu-1/clock_ahead", "7230\n");
        c->ahead = -90;
        fixture_says("prod/clusters/eu-1/status.txt", "its clock is 1m30s behind this machine's");
        fixture_says("prod/clusters/eu-1/status.json", "\"clockAhead\": -90");
        /* It can be used all the same. */
        fixture_says("prod/clusters/eu-1/status.txt", "state:  Ready");
}

/* ---------------------------------------------------------------- beside the mount that writes */

static void a_mount_that_does_not_write_says_what_it_cannot_know(void **state)
{
        (void)state;
        fixture_says_not("prod/status.txt", "read-only");
        fixture_says("prod/status.json", "\"readOnlyStore\": null");
        model.store_read_only = true;
        model.started = T0;
        fixture_says("prod/status.txt", "note:   read-only: the store was read at 2026-09-01T02:00:03Z; what another mount");
        fixture_says_not("prod/status.txt", "the store belongs to");
        fixture_says("prod/status.json", "\"readOnlyStore\": {\n    \"holder\": null,\n    \"readAt\": \"2026-09-01T02:00:03Z\"");
        snprintf(model.store_holder, sizeof(model.store_holder), "pid 17");
        fixture_says("prod/status.txt", "note:   the store belongs to pid 17: write in its mount\nnote:   read-only: ");
        fixture_says("prod/status.json", "\"holder\": \"pid 17\"");
}

/* ---------------------------------------------------------------- writes that were refused */

static void a_refused_write_says_what_to_do_and_how_it_goes(void **state)
{
        struct object *o = fleet_object(fleet, OBJECT_BACKUP, "rejected");

        (void)state;
        /* A rename that was refused left no draft. */
        document_done(&o->draft);
        o->draft = (struct document){ .bytes = NULL };
        fixture_says("prod/backups/rejected.error.txt",
                "action: correct it and save it again: this goes then, or by: rm rejected.error.txt\n");
        o = fixture_object(fleet, OBJECT_BACKUP, "My Policy");
        fixture_draft(o, "policy: {}\n", DRAFT_REJECTED);
        err_id(&o->draft_err, "FLT-0230");
        fixture_says("prod/backups/My Policy.error.txt",
                "action: write it under another name, and discard this one: rm 'My Policy.yaml'\n");
}

static void an_empty_file_says_how_to_have_the_policy_back(void **state)
{
        struct object *o = fleet_object(fleet, OBJECT_BACKUP, "in-order");

        (void)state;
        fixture_draft(o, "", DRAFT_INERT);
        fixture_says("prod/backups/in-order/status.txt",
                "draft:  the file is empty and does not start by itself\naction: cp applied.yaml ../in-order.yaml\n");
        fixture_draft(fixture_object(fleet, OBJECT_BACKUP, "blank"), "", DRAFT_INERT);
        fixture_says("prod/backups/blank/status.txt", "action: write ../blank.yaml, or rm it\n");
}

int main(void)
{
        TEST_WITH(a_refused_write_says_what_to_do_and_how_it_goes, setup, fixture_teardown);
        TEST_WITH(an_empty_file_says_how_to_have_the_policy_back, setup, fixture_teardown);
        TEST_WITH(another_stores_schedules_that_are_gone_are_no_bad_destination, setup, fixture_teardown);
        TEST_WITH(a_clusters_clock_is_told_where_the_cluster_is, setup, fixture_teardown);
        TEST_WITH(a_mount_that_does_not_write_says_what_it_cannot_know, setup, fixture_teardown);
        TEST_ROWS_WITH(a_removal_that_is_pending_says_until_when_and_how_to_take_it_back, removals, setup, fixture_teardown);
        return test_run("show_policies");
}
