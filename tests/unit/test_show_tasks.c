/* SPDX-License-Identifier: Apache-2.0 */
/* What files say of runs and their parts in cases that the fleet of show_fixture.h does not have. */
#include "base/intern.h"
#include "base/utf8.h"
#include "fs/task_view.h"
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

/* ---------------------------------------------------------------- the command for Velero's log */

static const struct log_row {
        const char *name, *context;
        unsigned errors, warnings;
        enum phase phase;
        size_t width;
        const char *expected; /* NULL: no command */
        const char *kubeconfig;
} logs[] = {
        { "errors", "eu-1", 1, 0, PHASE_FAILED, 100, "velero backup logs b-eu-1 -n velero --kubecontext eu-1", NULL },
        { "warnings alone", "eu-1", 0, 45, PHASE_COMPLETED, 100,
                "velero backup logs b-eu-1 -n velero --kubecontext eu-1", NULL },
        { "neither", "eu-1", 0, 0, PHASE_COMPLETED, 100, NULL, NULL },
        { "it is not there yet", "eu-1", 1, 0, PHASE_IN_PROGRESS, 100, NULL, NULL },
        { "no context", NULL, 1, 0, PHASE_FAILED, 100, "velero backup logs b-eu-1 -n velero", NULL },
        { "a context of Amazon's", "arn:aws:eks:eu-1:1:cluster/a", 1, 0, PHASE_FAILED, 0,
                "velero backup logs b-eu-1 -n velero --kubecontext arn:aws:eks:eu-1:1:cluster/a", NULL },
        { "a context with a blank and a quote", "it's one", 1, 0, PHASE_FAILED, 100,
                "velero backup logs b-eu-1 -n velero --kubecontext 'it'\\''s one'", NULL },
        { "wrapped, and whole when pasted", "eu-1", 1, 0, PHASE_FAILED, 50,
                "velero backup logs b-eu-1 \\\n        -n velero --kubecontext eu-1", NULL },
        { "a kubeconfig that must be named", "eu-1", 1, 0, PHASE_FAILED, 0,
                "velero backup logs b-eu-1 -n velero --kubeconfig '/home/a b/kc' --kubecontext eu-1", "/home/a b/kc" },
};

static void gives_the_command_for_the_log(void **state)
{
        const struct log_row *row = test_row(state);
        _cleanup_(buf_done) struct buf out = BUF_INIT(LIMIT_TEXT_BYTES);
        struct member c = { .context = (char *)row->context,
                .kubeconfig = (char *)row->kubeconfig, .velero_namespace = (char *)"velero" };
        struct velero_object o = { .kind = VELERO_BACKUP };
        struct task t = { .verb = TASK_BACKUP, .velero_name = "b-eu-1", .phase = row->phase,
                .errors = (int32_t)row->errors, .warnings = (int32_t)row->warnings };
        const struct task_view v = { .task = &t, .member = &c, .velero = &o };

        assert_int_equal(task_view_log(&v, &out, row->width), row->expected != NULL);
        if (row->expected != NULL)
                assert_string_equal(out.data, row->expected);
        /* A restore's is asked for in its own way. */
        t.verb = TASK_RESTORE;
        buf_reset(&out);
        if (task_view_log(&v, &out, 0))
                assert_int_equal(strncmp(out.data, "velero restore logs ", strlen("velero restore logs ")), 0);
}

static void warnings_are_told_where_status_points(void **state)
{
        (void)state;
        fixture_says("prod/restores/undo/status.txt", "FLT-0304 3 warnings in Velero's logs: cat warnings.txt");
        fixture_says("prod/restores/undo/warnings.txt", "FLT-0304 eu-1: 3 warnings in Velero's log of restores/");
}

/* ---------------------------------------------------------------- what waits, and for what */

static void a_run_on_no_cluster_says_what_to_do(void **state)
{
        struct object *o = fixture_object(fleet, OBJECT_BACKUP, "nowhere");

        (void)state;
        fixture_policy(o, POLICY("shop"));
        fixture_run(o, T0);
        o->phase = PHASE_FAILED;
        fixture_says("prod/backups/nowhere/status.txt", "reason: the destination matched no cluster when it started   FLT-0282\n"
                                                "action: cat ../../clusters/*/labels.json\n"
                                                "        correct the destination, then write the file again\n");
        fixture_says("prod/backups/nowhere/error.txt", "FLT-0282 the destination matched no cluster");
        fixture_says("prod/backups/nowhere/code", "FLT-0282");
        o->removed = true;
        fixture_says_not("prod/backups/nowhere/status.txt", "action:");
}

static void a_missing_location_leads_to_those_that_there_are(void **state)
{
        struct object *o = fixture_object(fleet, OBJECT_BACKUP, "lost");

        (void)state;
        fixture_policy(o, POLICY("shop"));
        FIXTURE_RUN(o, T0, { .member = "eu-1", .state = TASK_PENDING, .phase = PHASE_PENDING, .code = "FLT-0108",
                .reason = "there is no storage location \"nowhere\"" });
        fixture_says("prod/backups/lost/status.txt", "action: ls ../../clusters/eu-1/storage\n");
        fixture_says("prod/backups/lost/status.txt", "waits:  until 2026-09-01T03:00:03Z, then it is Expired");
        fixture_says("prod/backups/lost/runs/latest/clusters/eu-1/status.txt",
                "action: ls ../../../../../../clusters/eu-1/storage\n");
        fixture_says("prod/backups/lost/runs/latest/clusters/eu-1/status.txt", "waits:  until 2026-09-01T03:00:03Z");
        fixture_says_not("prod/backups/weekly/status.txt", "waits:");
}

/* ---------------------------------------------------------------- restores */

static void a_restore_says_which_runs_and_what_is_left_out(void **state)
{
        struct object *backup = fixture_object(fleet, OBJECT_BACKUP, "two"), *o = fixture_object(fleet, OBJECT_RESTORE, "back");
        struct run *r;

        (void)state;
        fixture_policy(backup, POLICY("shop"));
        FIXTURE_RUN(backup, T0 - 86400, DONE("eu-1"));
        FIXTURE_RUN(backup, T0, DONE("us-1"));
        fixture_policy(o, "backupName: two@latest\n");
        r = FIXTURE_RUN(o, T0 + 60, { .member = "eu-1", .state = TASK_DONE, .phase = PHASE_COMPLETED, .restore = true },
                { .member = "us-1", .state = TASK_DONE, .phase = PHASE_COMPLETED, .restore = true });
        for (size_t i = 0; i < 2; i++)
                assert_int_equal(intern_set(&r->tasks[i]->backup_name, backup->runs[i]->tasks[0]->velero_name), 0);
        fixture_says("prod/restores/back/status.txt", "policy: of backup two@latest, run 20260901-020003Z and 20260831-020003Z");
        fixture_says("prod/restores/back/status.txt", "left out, as no backup to restore is known there: lab-2\n");
        policy_free(o->policy);
        o->policy = NULL;
        fixture_policy(o, "backupName: two@20260901-020003Z\ndestination: {clusters: [{name: us-1}]}\n");
        fixture_says("prod/restores/back/status.txt", "policy: of backup two@20260901-020003Z   generation");
        fixture_says_not("prod/restores/back/status.txt", "left out");
}

int main(void)
{
        TEST_ROWS(gives_the_command_for_the_log, logs);
        TEST_WITH(warnings_are_told_where_status_points, setup, fixture_teardown);
        TEST_WITH(a_run_on_no_cluster_says_what_to_do, setup, fixture_teardown);
        TEST_WITH(a_missing_location_leads_to_those_that_there_are, setup, fixture_teardown);
        TEST_WITH(a_restore_says_which_runs_and_what_is_left_out, setup, fixture_teardown);
        return test_run("show_tasks");
}
