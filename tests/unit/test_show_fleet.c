/* SPDX-License-Identifier: Apache-2.0 */
/* First lines of fleets in every state, and phases of objects in every window of a write. */
#include "fs/show.h"

#include <errno.h>

#include "tests/unit/show_fixture.h"

static struct fleet *fleet;

static int setup(void **state)
{
        (void)state;
        if (fixture_begin() < 0)
                return -1;
        fleet = model_add_fleet(&model, "prod");
        fleet->changed = T0;
        return 0;
}

static char *text_of(const char *path)
{
        struct buf out = BUF_INIT(LIMIT_RENDERED_BYTES);
        char *ret;

        assert_int_equal(fixture_render(&model, path, &out), 0);
        assert_int_equal(buf_steal(&out, &ret, NULL), 0);
        return ret;
}

static void assert_first_line(const char *path, const char *expected)
{
        _cleanup_(freep) char *text = text_of(path);

        text[strcspn(text, "\n")] = '\0';
        assert_text(text, expected);
}

static void assert_contains(const char *path, const char *part)
{
        _cleanup_(freep) char *text = text_of(path);

        if (strstr(text, part) == NULL)
                fail_msg("no \"%s\" in %s", part, text);
}

static void an_empty_fleet_is_empty(void **state)
{
        (void)state;
        assert_first_line("prod/status.txt", "state:  Empty   fleet prod: 0 of 0 clusters good; nothing is declared yet");
}

static void ready_clusters_are_not_safe_without_backups(void **state)
{
        (void)state;
        for (int i = 0; i < 7; i++) {
                char name[16];

                snprintf(name, sizeof(name), "c%d", i);
                fixture_location(fixture_member(fleet, name, MEMBER_READY), "Available", "");
        }
        assert_first_line("prod/status.txt",
                "state:  Unprotected   fleet prod: 0 of 7 clusters good; nothing is declared yet");
        assert_contains("prod/status.txt",
                "\nreason: 7 clusters have no good backup: c0, c1, c2, c3, c4 and 2 more   FLT-0314\n"
                "action: cat backups/README.txt\n");
}

static void backed_up_clusters_are_good(void **state)
{
        struct member *c = fixture_member(fleet, "eu-1", MEMBER_READY);

        (void)state;
        fixture_location(c, "Available", "");
        fixture_backup(c, "b", "Completed", 0);
        assert_first_line("prod/status.txt", "state:  Ok   fleet prod: 1 of 1 cluster good; nothing is declared yet");
}

/* A bucket that several clusters share shows each one's backups everywhere. */
static void imported_backups_protect_nobody(void **state)
{
        struct member *a = fixture_member(fleet, "eu-1", MEMBER_READY), *b = fixture_member(fleet, "us-1", MEMBER_READY);
        char uid[UID_MAX];

        (void)state;
        memcpy(uid, b->uid, sizeof(uid));
        memcpy(b->uid, a->uid, sizeof(uid));
        fixture_backup(b, "of-eu-1", "Completed", 0);
        memcpy(b->uid, uid, sizeof(uid));
        assert_int_equal(show_member_last_good(b), 0);
        fixture_backup(a, "of-eu-1", "Completed", 0);
        assert_int_equal(show_member_last_good(a), T0 + 49);
        fixture_backup(a, "failed", "Failed", 0);
        assert_int_equal(show_member_last_good(a), T0 + 49);
}

static void a_second_name_is_not_counted(void **state)
{
        struct member *c = fixture_member(fleet, "eu-1", MEMBER_READY), *alias;

        (void)state;
        fixture_backup(c, "b", "Completed", 0);
        alias = fixture_member(fleet, "also", MEMBER_READY);
        snprintf(alias->alias_of, sizeof(alias->alias_of), "eu-1");
        assert_first_line("prod/status.txt", "state:  Ok   fleet prod: 1 of 1 cluster good; nothing is declared yet");
}

static void forty_clusters_fold(void **state)
{
        _cleanup_(freep) char *text = NULL;

        (void)state;
        for (int i = 0; i < 45; i++) {
                char name[16];
                struct member *c;

                snprintf(name, sizeof(name), "c%02d", i);
                c = fixture_member(fleet, name, i == 44 ? MEMBER_DENIED : MEMBER_READY);
                fixture_backup(c, "b", "Completed", 0);
        }
        text = text_of("prod/status.txt");
        assert_non_null(strstr(text, "\nCLUSTER  STATE                 STORAGE"));
        assert_non_null(strstr(text, "\nc44      "));
        assert_true(strstr(text, "\nc44      ") < strstr(text, "\nc00      "));
        assert_null(strstr(text, "\nc30      "));
        assert_non_null(strstr(text, "\n(25 more Ready; full list: status.json)\n"));
}

static void a_store_held_elsewhere_is_told(void **state)
{
        (void)state;
        model.store_read_only = true;
        snprintf(model.store_holder, sizeof(model.store_holder), "pid 123");
        assert_contains("prod/status.txt", "\nnote:   the store belongs to pid 123: write in its mount\n");
}

/* ---------------------------------------------------------------- phases of drafts */

static const struct draft_row {
        const char *name;
        enum draft_state draft;
        bool in_force, ran, is_folder;
        const char *phase;
} drafts[] = {
        { "created", DRAFT_OPEN, false, false, false, "Draft" },
        { "accepted", DRAFT_ACCEPTED, false, false, false, "Accepted" },
        { "empty", DRAFT_INERT, false, false, false, "Draft" },
        { "refused", DRAFT_REJECTED, false, false, false, "Rejected" },
        { "interrupted", DRAFT_INTERRUPTED, false, false, false, "Interrupted" },
        { "a folder", DRAFT_NONE, false, false, true, "Draft" },
        { "started, no run yet", DRAFT_NONE, true, false, false, "Accepted" },
        { "ran", DRAFT_NONE, true, true, false, "Completed" },
        { "refused beside one in force", DRAFT_REJECTED, true, true, false, "Completed" },
        { "interrupted beside one in force", DRAFT_INTERRUPTED, true, true, false, "Completed" },
        { "accepted again: not the phase of the run before", DRAFT_ACCEPTED, true, true, false, "Accepted" },
};

static void shows_phase(void **state)
{
        const struct draft_row *row = test_row(state);
        struct object *o = fixture_object(fleet, OBJECT_BACKUP, "x");
        struct subject s = { .model = &model, .fleet = fleet, .object = o };

        if (row->in_force)
                fixture_policy(o, POLICY("shop"));
        if (row->ran)
                FIXTURE_RUN(o, T0, { .member = "eu-1", .state = TASK_DONE, .phase = PHASE_COMPLETED, .word = "Completed" });
        o->is_folder = row->is_folder;
        if (row->draft != DRAFT_NONE)
                fixture_draft(o, POLICY("shop"), row->draft);
        assert_string_equal(phase_text(show_object_phase(o)), row->phase);
        assert_int_equal(show_object_terminal(&s), row->draft != DRAFT_ACCEPTED && row->draft != DRAFT_OPEN);
        assert_int_equal(show_object_needs_eye(o), row->draft == DRAFT_REJECTED || row->draft == DRAFT_INTERRUPTED);
        if (object_folder_shows(o)) {
                char expected[64];

                snprintf(expected, sizeof(expected), "%s\n", row->phase);
                _cleanup_(freep) char *text = text_of("prod/backups/x/phase");
                assert_text(text, expected);
        }
}

/* The folder of a cluster with several parts tells of the worst. */
static void parts_show_the_worst(void **state)
{
        struct object *o = fixture_object(fleet, OBJECT_BACKUP, "x");
        _cleanup_(freep) char *text = NULL;

        (void)state;
        FIXTURE_RUN(o, T0,
                { .member = "eu-1", .state = TASK_DONE, .phase = PHASE_COMPLETED, .word = "Completed", .sub = "gold" },
                { .member = "us-1", .state = TASK_DONE, .phase = PHASE_COMPLETED, .word = "Completed", .sub = "gold" },
                { .member = "eu-1", .state = TASK_DONE, .phase = PHASE_FAILED, .word = "Failed", .sub = "tin" });
        text = text_of("prod/backups/x/runs/latest/clusters/eu-1/phase");
        assert_text(text, "Failed\n");
}

static void parts_share_a_folder(void **state)
{
        struct object *o = fixture_object(fleet, OBJECT_BACKUP, "x");
        struct node n;
        size_t children = 0;

        (void)state;
        FIXTURE_RUN(o, T0, { .member = "eu-1", .state = TASK_DONE, .phase = PHASE_COMPLETED, .sub = "gold" },
                { .member = "us-1", .state = TASK_DONE, .phase = PHASE_COMPLETED, .sub = "gold" },
                { .member = "eu-1", .state = TASK_DONE, .phase = PHASE_COMPLETED, .sub = "tin" },
                { .member = "us-1", .state = TASK_DONE, .phase = PHASE_COMPLETED, .sub = "tin" });
        assert_int_equal(fixture_resolve(&model, "prod/backups/x/runs/latest/clusters", &n, 0), 0);
        assert_int_equal(node_list(&n, fixture_count, &children), 0);
        assert_int_equal(children, 2);
}

/* Nothing is claimed of a cluster that nobody ever saw. */
static void a_cluster_that_was_never_reached_is_unknown(void **state)
{
        struct member *c = fixture_member(fleet, "c4", MEMBER_UNREACHABLE);

        (void)state;
        c->seen = 0;
        c->stale = false;
        c->node_agent = false;
        assert_contains("prod/clusters/c4/status.txt", "good:   ? it was never reached\n");
        assert_contains("prod/clusters/c4/status.txt", "holds:  ?\n");
        assert_contains("prod/clusters/c4/status.json", "\"backups\": null");
        assert_contains("prod/clusters/c4/status.json", "\"nodeAgent\": null");
        assert_contains("prod/status.txt", "?                 ?        ");
        c->seen = T0;
        assert_contains("prod/clusters/c4/status.txt", "good:   it has no good backup\n");
        assert_contains("prod/clusters/c4/status.txt", "without node-agent");
        assert_contains("prod/clusters/c4/status.txt", "holds:  0 backups, 0 restores, 0 schedules\n");
}

/* What is stale or gone is good no more, in any table. */
static void tables_count_what_is_known_to_be_good(void **state)
{
        struct object *o;

        (void)state;
        fixture_member(fleet, "eu-1", MEMBER_READY);
        fixture_member(fleet, "lab-2", MEMBER_UNREACHABLE);
        o = FIXTURE_STANDING(fleet, "shop", "0 2 * * *", PROTECTED("eu-1"));
        FIXTURE_RUN(o, T0 - 86400,
                { .member = "eu-1", .state = TASK_DONE, .phase = PHASE_COMPLETED, .word = "Completed" });
        FIXTURE_RUN(o, T0, DONE("eu-1"), DONE("lab-2"));
        assert_contains("prod/backups/shop/status.txt", "\n20260901-020003Z  Completed (stale)  2         1   0     0 ");
        assert_contains("prod/backups/shop/status.txt", "\n20260831-020003Z  Completed (gone)   1         0   0     0 ");
        assert_contains("prod/backups/shop/runs/latest/clusters_good", "1\n");
        assert_contains("prod/status.txt", "2026-09-01T02:00:04Z  1   0     0 ");
}

static struct object *only_schedule(enum phase phase)
{
        struct member *c = fixture_member(fleet, "eu-1", MEMBER_READY);

        fixture_location(c, "Available", "");
        fixture_backup(c, "of-before", "Completed", 0);
        return FIXTURE_STANDING(fleet, "nightly", "0 3 * * *",
                { .member = "eu-1", .state = TASK_POSTED, .phase = phase, .success = T0 });
}

static void a_removed_schedule_protects_no_more(void **state)
{
        struct object *o = only_schedule(PHASE_PROTECTED);

        (void)state;
        assert_first_line("prod/status.txt", "state:  Ok   fleet prod: 1 of 1 cluster good; 0 of 1 object needs an eye");
        assert_contains("prod/status.txt", "Protected  -");
        o->removed = true;
        object_remove_standing(o);
        FIXTURE_RUN(o, T0, DONE("eu-1"));
        assert_first_line("prod/status.txt", "state:  Unprotected   fleet prod: nothing is scheduled any more; 1 of 1 cluster good; 0 of 1 object");
        assert_contains("prod/status.txt", "\nreason: nothing is scheduled any more: 1 schedule was removed\naction: ls .trash\n");
        assert_contains("prod/status.txt",
                "\nnightly  Completed (removed)  2026-09-01T02:00:03Z  1   0     0     -     -\n");
        assert_contains("prod/status.json", "\"schedulesRemoved\": 1");
        /* Somebody else's Schedule does the work. */
        fixture_velero_schedule(fleet_member(fleet, "eu-1"), "of-velero");
        assert_first_line("prod/status.txt", "state:  Ok   fleet prod: 1 of 1 cluster good; 0 of 1 object needs an eye");
}

static void a_paused_schedule_protects_no_more(void **state)
{
        struct object *o = only_schedule(PHASE_PAUSED);

        (void)state;
        o->paused = true;
        assert_first_line("prod/status.txt", "state:  Unprotected   fleet prod: nothing is scheduled any more; 1 of 1 cluster good; 0 of 1 object");
        assert_contains("prod/status.txt", "\nreason: nothing is scheduled any more: 1 is paused   FLT-0316\n"
                "action: echo resume > backups/NAME/ctl\n");
        assert_contains("prod/status.json", "\"schedulesPaused\": 1");
}

/* Another one that is in force does not make up for it. */
static void a_schedule_paused_before_its_first_backup_needs_an_eye(void **state)
{
        struct object *o = only_schedule(PHASE_PROTECTED);

        (void)state;
        o = FIXTURE_STANDING(fleet, "weekly", "0 4 * * 0",
                { .member = "eu-1", .state = TASK_POSTED, .phase = PHASE_PAUSED });
        o->paused = true;
        assert_first_line("prod/status.txt", "state:  Degraded   fleet prod: 1 of 1 cluster good; 1 of 2 objects need an eye");
        assert_contains("prod/status.txt", "reason: backups/weekly is paused, and has no good backup   FLT-0316\n"
                "action: cat backups/weekly/status.txt\n");
        task_reach(o->standing->tasks[0])->last_success = T0;
        assert_first_line("prod/status.txt", "state:  Ok   fleet prod: 1 of 1 cluster good; 0 of 2 objects need an eye");
}

/* A backup of nothing is Completed, and protects nobody. */
static void a_backup_of_nothing_protects_nobody(void **state)
{
        struct member *c = fixture_member(fleet, "eu-1", MEMBER_READY);
        struct object *o = fixture_object(fleet, OBJECT_BACKUP, "shop");
        struct velero_object *v;

        (void)state;
        fixture_policy(o, POLICY("shop"));
        FIXTURE_RUN(o, T0, { .member = "eu-1", .state = TASK_DONE, .phase = PHASE_COMPLETED, .word = "Completed", .seen = true });
        v = c->velero[VELERO_BACKUP].v[0];
        assert_int_equal(show_member_last_good(c), T0 + 49);
        v->backup->items_done = v->backup->items_total = 0;
        assert_int_equal(show_member_last_good(c), 0);
        assert_first_line("prod/backups/shop/status.txt",
                "state:  Completed   backup shop: 0 of 1 cluster Completed, 1 holds nothing");
        assert_first_line("prod/backups/shop/runs/latest/status.txt",
                "state:  Completed   run 20260901-020003Z: 0 of 1 cluster Completed, 1 holds nothing");
        assert_contains("prod/status.txt", "state:  Unprotected ");
        /* POLICY, PHASE, LAST RUN, OK, PART, FAIL */
        assert_contains("prod/status.txt", "shop    Completed  2026-09-01T02:00:03Z  0   0     0 ");
        assert_contains("prod/backups/shop/status.json", "\"lastSuccess\": null");
        assert_contains("prod/backups/shop/status.json", "\"clustersGood\": 0");
}

/* Who removes a policy calls off what it owes: that needs no eye for ever. */
static void what_a_removal_called_off_degrades_nothing(void **state)
{
        struct member *c = fixture_member(fleet, "eu-1", MEMBER_READY);
        struct object *o = fixture_object(fleet, OBJECT_BACKUP, "once");

        (void)state;
        fixture_location(c, "Available", "");
        fixture_policy(o, POLICY("shop"));
        fixture_member(fleet, "us-1", MEMBER_READY);
        fixture_backup(fleet_member(fleet, "us-1"), "b", "Completed", 0);
        FIXTURE_RUN(o, T0, DONE("eu-1"), { .member = "us-1", .state = TASK_CANCELLED, .phase = PHASE_CANCELLED,
                .code = "FLT-0405", .reason = "cancelled: the policy was removed before this was posted" });
        o->removed = true;
        assert_first_line("prod/status.txt", "state:  Ok   fleet prod: 2 of 2 clusters good; 0 of 1 object needs an eye");
        assert_contains("prod/status.txt", "\nonce    Cancelled (removed)  ");
        assert_first_line("prod/backups/once/status.txt",
                "state:  Cancelled   backup once: 1 of 2 clusters Completed, 1 Cancelled");
        assert_true(show_object_terminal(&(struct subject){ .model = &model, .fleet = fleet, .object = o }));
}

/* One caveat for all clusters that it is of, so that it hides no other. */
static void equal_caveats_are_one(void **state)
{
        static const char *const caveats[] = { "FLT-0289 schedule \"0 2 31 2 *\" never runs: there is no such day",
                "FLT-0301 volumes on ap-1 are not backed up: no node-agent runs there",
                "FLT-0301 volumes on c4 are not backed up: no node-agent runs there",
                "FLT-0301 volumes on eu-1 are not backed up: no node-agent runs there",
                "FLT-0301 volumes on us-1 are not backed up: no node-agent runs there",
                "FLT-0302 c4 runs Kubernetes v1.24.1: versions before 1.25 are not tested with Velero",
                "FLT-0302 us-1 runs Kubernetes v1.23.1: versions before 1.25 are not tested with Velero" };
        struct object *o = fixture_object(fleet, OBJECT_BACKUP, "shop");

        (void)state;
        for (const char *const *c = (const char *const[]){ "ap-1", "c4", "eu-1", "us-1", NULL }; *c != NULL; c++)
                fixture_member(fleet, *c, MEMBER_READY);
        fixture_policy(o, POLICY("shop"));
        for (size_t i = 0; i < ARRAY_SIZE(caveats); i++)
                strv_push(&o->warnings, caveats[i]);
        assert_contains("prod/backups/shop/status.txt",
                "\ncaveat: FLT-0289 schedule \"0 2 31 2 *\" never runs: there is no such day\n"
                "        FLT-0301 volumes on ap-1, c4 and 2 more are not backed up: no node-agent runs there\n"
                "        FLT-0302 c4 runs Kubernetes v1.24.1: versions before 1.25 are not tested with Velero\n"
                "        and 1 more: warnings.txt\n");
        assert_contains("prod/backups/shop/warnings.txt", "volumes on us-1 are");
        strv_remove(&o->warnings, 4);
        assert_contains("prod/backups/shop/status.txt", "FLT-0301 volumes on ap-1, c4, eu-1 are not");
}

/* Velero is as somebody set it up, whatever the Fleet says of it. */
static void the_storage_of_the_fleet_is_compared(void **state)
{
        static struct {
                char bucket[16], prefix[16];
                const char *told;
        } rows[] = {
                { "backups", "", NULL },
                { "backups", "c1", NULL },
                { "backups", "c", "prefix c1, and not bucket backups, prefix c, as" },
                { "backups", "c1/x", "prefix c1, and not bucket backups, prefix c1/x, as" },
                { "other", "", "default storage location default is bucket backups, prefix c1, and not bucket other, as" },
        };
        struct member *c = fixture_member(fleet, "c1", MEMBER_READY);

        (void)state;
        fixture_location(c, "Available", "");
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                _cleanup_(freep) char *text = NULL;

                fleet->bucket = rows[i].bucket;
                fleet->prefix = rows[i].prefix[0] != '\0' ? rows[i].prefix : NULL;
                text = text_of("prod/clusters/c1/status.json");
                if (rows[i].told == NULL)
                        assert_null(strstr(text, "FLT-0122"));
                else
                        assert_non_null(strstr(text, rows[i].told));
        }
        assert_contains("prod/clusters/c1/status.txt", "\ncaveat: its default storage location default is bucket backups");
        fleet->bucket = fleet->prefix = NULL;
        strv_push(&fleet->warnings, "FLT-0121 fleet.yaml has spec.plugin.backup");
        assert_contains("prod/status.txt", "\ncaveat: FLT-0121 fleet.yaml has spec.plugin.backup\n");
        assert_contains("prod/status.json", "FLT-0121 fleet.yaml has spec.plugin.backup");
}

/* A cluster's storage is where Backups go that name no location; what is broken beside it is told, and counts for nothing. */
static void the_default_location_counts(void **state)
{
        static const struct {
                struct {
                        const char *name, *phase;
                        bool is_default;
                } locations[3];
                bool without;
                const char *storage, *caveat;
        } rows[] = {
                { { { "home", "Available", true }, { "extra", "Unavailable", false } }, false, "Available", "extra is Unavailable: gone;" },
                { { { "extra", "Available", false }, { "home", "Unavailable", true } }, true, "Unavailable", NULL },
                { { { "default", "Available", false }, { "extra", "Unavailable", false } }, false, "Available", "extra is Unavailable: gone;" },
                { { { "default", "Unavailable", false }, { "home", "Available", true } }, false, "Available", "default is Unavailable: gone;" },
                { { { "home", "", true }, { "extra", "Unavailable", false } }, false, "New",
                        "extra is Unavailable: gone; nothing is backed up to it or restored from it\"" },
                { { { "a", "Unavailable", false }, { "b", "Available", false } }, false, "Available", "a is Unavailable: gone;" },
                { { { "a", "Unavailable", false }, { "b", "", false } }, false, "New", "a is Unavailable: gone;" },
                { { { "a", "Unavailable", false } }, true, "Unavailable", NULL },
                { { { "home", "Available", true }, { "x", "Unavailable", false }, { "y", "Unavailable", false } }, false, "Available",
                        "x is Unavailable: gone (and 1 more); nothing is backed up to it or restored from it, all else goes on\"" },
                { { { "home", "Unavailable", true }, { "x", "Unavailable", false } }, true, "Unavailable",
                        "x is Unavailable: gone; nothing is backed up to it or restored from it\"" },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                char name[16], path[64], line[128];
                struct member *c;

                snprintf(name, sizeof(name), "c%zu", i);
                c = fixture_member(fleet, name, MEMBER_READY);
                for (size_t k = 0; k < ARRAY_SIZE(rows[i].locations) && rows[i].locations[k].name != NULL; k++)
                        fixture_location_named(c, rows[i].locations[k].name, rows[i].locations[k].is_default,
                                rows[i].locations[k].phase, strcmp(rows[i].locations[k].phase, "Unavailable") == 0 ? "gone" : "");
                snprintf(path, sizeof(path), "prod/clusters/%s/status.txt", name);
                snprintf(line, sizeof(line), "state:  Ready%s   cluster %s%s\n", rows[i].without ? " (without storage)" : "", name,
                        rows[i].without ? ": its storage is not available" : "");
                assert_contains(path, line);
                snprintf(path, sizeof(path), "prod/clusters/%s/storage_phase", name);
                assert_contains(path, rows[i].storage);
                assert_int_equal(show_member_good(c), !rows[i].without);
                snprintf(path, sizeof(path), "prod/clusters/%s/status.json", name);
                assert_contains(path, rows[i].caveat == NULL ? "\"caveats\": []" : rows[i].caveat);
        }
        assert_contains("prod/status.json", "\"withoutStorage\": 3");
}

static void a_refused_write_degrades_nothing(void **state)
{
        struct member *c = fixture_member(fleet, "c1", MEMBER_READY);

        (void)state;
        fixture_location(c, "Available", "");
        fixture_backup(c, "b", "Completed", 0);
        fixture_draft(fixture_object(fleet, OBJECT_BACKUP, "rejected"), "x\n", DRAFT_REJECTED);
        assert_first_line("prod/status.txt", "state:  Ok   fleet prod: 1 of 1 cluster good; 1 of 1 object needs an eye");
        assert_contains("prod/status.txt", "cat backups/rejected.error.txt");
}

static void what_was_refused_is_told_beside_the_object(void **state)
{
        struct object *o = fixture_object(fleet, OBJECT_BACKUP, "shop");

        (void)state;
        fixture_policy(o, POLICY("shop"));
        o->refusal = calloc(1, sizeof(*o->refusal));
        assert_non_null(o->refusal);
        snprintf(o->refusal->what, sizeof(o->refusal->what), "echo foo > shop/ctl");
        err_set(&o->refusal->why, -EINVAL, "\"foo\" is no verb");
        err_id(&o->refusal->why, "FLT-0259");
        err_remedy(&o->refusal->why, "read ctl: it lists them");
        o->refusal->at = T0;
        assert_contains("prod/backups/shop.error.txt", "FLT-0259 echo foo > shop/ctl: \"foo\" is no verb\n"
                "remedy: read ctl: it lists them\neffect: none");
        assert_contains("prod/backups/shop/status.txt", "refused: cat ../shop.error.txt");
        assert_contains("prod/backups/shop/phase", "Accepted");
        fixture_draft(o, "x\n", DRAFT_REJECTED);
        assert_contains("prod/backups/shop.error.txt", "\nFLT-0203 shop.yaml:3:3:");
}

/* What is told is of the configuration before: that is to be seen. */
static void a_refused_configuration_is_told(void **state)
{
        (void)state;
        fixture_member(fleet, "eu-1", MEMBER_READY);
        FIXTURE_RUN(fixture_object(fleet, OBJECT_BACKUP, "shop"), T0, DONE("eu-1"));
        assert_contains("prod/status.txt", "state:  Ok ");
        assert_contains("prod/status.json", "\"configurationRefused\": null");
        err_set(&model.conf_err, -EINVAL, "fleet.yaml: a sequence does not end");
        err_place(&model.conf_err, 12, 7);
        model.conf_at = T0;
        assert_contains("prod/status.txt", "state:  Degraded ");
        assert_contains("prod/status.txt", "reason: the configuration is refused since 2026-09-01T02:00:03Z, the last good one is in");
        assert_contains("prod/status.txt", "12:7: fleet.yaml: a");
        assert_contains("prod/status.txt", "correct the configuration; it is read again by itself");
        assert_contains("prod/status.json", "\"line\": 12,");
        assert_contains("prod/status.json", "\"since\": \"2026-09-01T02:00:03Z\"");
}

/* What is still to be taken over of a cluster makes no second cluster of it. */
static void an_adoption_counts_no_cluster_twice(void **state)
{
        struct member *c = fixture_member(fleet, "eu-1", MEMBER_READY);
        struct object *o;
        struct task *t;

        (void)state;
        fixture_member(fleet, "lab-2", MEMBER_UNREACHABLE);
        o = FIXTURE_STANDING(fleet, "shop", "0 2 * * *", PROTECTED("eu-1"),
                { .member = "lab-2", .state = TASK_PENDING, .phase = PHASE_PENDING, .code = "FLT-0401",
                        .reason = "cluster lab-2 is Unreachable" });
        for (const char *const *m = (const char *const[]){ "eu-1", "lab-2", NULL }; *m != NULL; m++) {
                t = run_add_task(o->standing, TASK_ADOPT, *m);
                t->phase = PHASE_PENDING;
        }
        t->reason = strdup("cluster lab-2 is Unreachable");
        snprintf(t->code, sizeof(t->code), "FLT-0401");
        assert_contains("prod/backups/shop/status.txt", "1 of 2 clusters Protected, 1 Pending\n");
        assert_contains("prod/backups/shop/status.txt", "reason: lab-2: cluster lab-2 is Unreachable   FLT-0401\n");
        assert_contains("prod/backups/shop/clusters_total", "2\n");
        assert_contains("prod/backups/shop/status.json", "\"total\": 2");
        /* What is in its way is told, where the Schedule tells nothing. */
        t = run_tasks_on(o->standing, c->name);
        while (t->verb != TASK_ADOPT)
                t = t->next_same;
        t->reason = strdup("backups cannot be patched");
        snprintf(t->code, sizeof(t->code), "FLT-0401");
        assert_contains("prod/backups/shop/status.txt", "1 of 2 clusters Protected, 1 Pending\n");
        assert_contains("prod/backups/shop/status.txt", "eu-1: backups cannot be patched");
}

/* A one-off is kept for as long as its ttl says: one that went before is missed, and no other. */
static void a_backup_that_expired_is_not_missed(void **state)
{
        struct member *c = fixture_member(fleet, "eu-1", MEMBER_READY);
        struct object *o;
        struct run *r;

        (void)state;
        fixture_member(fleet, "us-1", MEMBER_READY);
        FIXTURE_RUN(fixture_object(fleet, OBJECT_BACKUP, "kept"), T0, DONE("eu-1"), DONE("us-1"));
        o = fixture_object(fleet, OBJECT_BACKUP, "shop");
        fixture_policy(o, "policy: {}\n");
        r = FIXTURE_RUN(o, T0 - 86400,
                { .member = "eu-1", .state = TASK_DONE, .phase = PHASE_COMPLETED, .word = "Completed",
                        .done = 5, .total = 5 });
        r->tasks[0]->expires = T0;
        c->changed = T0 - 1;
        assert_contains("prod/status.txt", "state:  Degraded ");
        assert_contains("prod/status.txt", "1 of 2 objects need an eye");
        assert_contains("prod/status.txt", "backups/shop is Completed (gone)");
        assert_contains("prod/backups/shop/status.txt", "it was deleted before");
        assert_contains("prod/backups/shop/status.txt", "FLT-0407");
        c->changed = T0;
        assert_contains("prod/status.txt", "state:  Ok ");
        assert_contains("prod/status.txt", "0 of 2 objects need an eye");
        assert_contains("prod/backups/shop/status.txt", "state:  Completed (gone) ");
        assert_contains("prod/backups/shop/status.txt", "on the cluster: it expired");
}

int main(void)
{
        TEST_WITH(an_empty_fleet_is_empty, setup, fixture_teardown);
        TEST_WITH(ready_clusters_are_not_safe_without_backups, setup, fixture_teardown);
        TEST_WITH(backed_up_clusters_are_good, setup, fixture_teardown);
        TEST_WITH(imported_backups_protect_nobody, setup, fixture_teardown);
        TEST_WITH(a_second_name_is_not_counted, setup, fixture_teardown);
        TEST_WITH(forty_clusters_fold, setup, fixture_teardown);
        TEST_WITH(a_store_held_elsewhere_is_told, setup, fixture_teardown);
        TEST_ROWS_WITH(shows_phase, drafts, setup, fixture_teardown);
        TEST_WITH(parts_show_the_worst, setup, fixture_teardown);
        TEST_WITH(parts_share_a_folder, setup, fixture_teardown);
        TEST_WITH(a_cluster_that_was_never_reached_is_unknown, setup, fixture_teardown);
        TEST_WITH(tables_count_what_is_known_to_be_good, setup, fixture_teardown);
        TEST_WITH(a_removed_schedule_protects_no_more, setup, fixture_teardown);
        TEST_WITH(a_paused_schedule_protects_no_more, setup, fixture_teardown);
        TEST_WITH(a_schedule_paused_before_its_first_backup_needs_an_eye, setup, fixture_teardown);
        TEST_WITH(a_backup_of_nothing_protects_nobody, setup, fixture_teardown);
        TEST_WITH(what_a_removal_called_off_degrades_nothing, setup, fixture_teardown);
        TEST_WITH(an_adoption_counts_no_cluster_twice, setup, fixture_teardown);
        TEST_WITH(a_refused_configuration_is_told, setup, fixture_teardown);
        TEST_WITH(a_backup_that_expired_is_not_missed, setup, fixture_teardown);
        TEST_WITH(equal_caveats_are_one, setup, fixture_teardown);
        TEST_WITH(the_storage_of_the_fleet_is_compared, setup, fixture_teardown);
        TEST_WITH(the_default_location_counts, setup, fixture_teardown);
        TEST_WITH(a_refused_write_degrades_nothing, setup, fixture_teardown);
        TEST_WITH(what_was_refused_is_told_beside_the_object, setup, fixture_teardown);
        return test_run("show_fleet");
}
