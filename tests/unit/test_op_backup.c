/* SPDX-License-Identifier: Apache-2.0 */
/* Backups on a simulated fleet: what is posted, when, under which name, and what becomes of it. */
#include "tests/unit/ops_fixture.h"

#include "base/timefmt.h"
#include "ops/looks.h"
#include "ops/member_private.h"

#define PHASE(f, name) ops_phase(f, OBJECT_BACKUP, name)

static struct task *task_of(struct ops_fixture *f, const char *name, const char *cluster)
{
        return ops_task(f, OBJECT_BACKUP, name, cluster);
}

static void completes_on_every_cluster(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;

        ops_until(f, ops_all_ready(f));
        assert_ok(ops_write(f, OBJECT_BACKUP, "every", OPS_BACKUP, &err), &err);
        assert_int_equal(PHASE(f, "every"), PHASE_PENDING);
        ops_until(f, PHASE(f, "every") == PHASE_COMPLETED);
        for (const char *const *c = (const char *const[]){ "eu-1", "us-1", "ap-1", NULL }; *c != NULL; c++) {
                assert_int_equal(ops_held(f, *c, "backups", "fleetfs.dev/name", "every"), 1);
                assert_int_equal(task_of(f, "every", *c)->state, TASK_DONE);
                assert_string_equal(task_phase_text(task_of(f, "every", *c)), "Completed");
        }
        assert_false(list_linked(&ops_member(f, "eu-1")->tasks));
}

/* The store holds the intention, not the outcome. */
static void crash_after_the_post_neither_loses_nor_doubles(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;
        char name[64];

        ops_until(f, ops_all_ready(f));
        ops_ctl(f, "all", "velero pause");
        assert_ok(ops_write(f, OBJECT_BACKUP, "b", OPS_BACKUP, &err), &err);
        ops_until(f, task_of(f, "b", "eu-1")->call != 0);
        snprintf(name, sizeof(name), "%s", task_of(f, "b", "eu-1")->velero_name);
        usleep(300000); /* it arrives there; nobody here hears the answer */
        ops_restart(f);
        assert_int_equal(task_of(f, "b", "eu-1")->state, TASK_PENDING);
        assert_true(task_of(f, "b", "eu-1")->sent);
        ops_ctl(f, "all", "velero resume");
        ops_until(f, PHASE(f, "b") == PHASE_COMPLETED);
        assert_string_equal(task_of(f, "b", "eu-1")->velero_name, name);
        assert_int_equal(ops_held(f, "eu-1", "backups", "fleetfs.dev/name", "b"), 1);
}

static void crash_before_the_post_is_made_up_for(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;

        ops_until(f, ops_all_ready(f));
        assert_ok(ops_write(f, OBJECT_BACKUP, "b", OPS_BACKUP, &err), &err);
        ops_restart(f);
        assert_non_null(task_of(f, "b", "eu-1"));
        ops_until(f, PHASE(f, "b") == PHASE_COMPLETED);
        assert_int_equal(ops_held(f, "us-1", "backups", "fleetfs.dev/name", "b"), 1);
}

/* An object of that name that is not what we posted. */
static void anothers_object_is_a_conflict(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;
        struct task *t;

        ops_until(f, ops_all_ready(f));
        ops_lose_location(f, "eu-1");
        assert_ok(ops_write(f, OBJECT_BACKUP, "b", OPS_BACKUP, &err), &err);
        ops_until(f, task_of(f, "b", "eu-1")->velero_name[0] != '\0');
        t = task_of(f, "b", "eu-1");
        ops_until(f, t->reason != NULL);
        assert_string_equal(t->code, "FLT-0109");
        assert_int_equal(t->state, TASK_PENDING);
        assert_false(t->sent);
        ops_put(f, "eu-1", json_pack("{s:s, s:s, s:{s:s, s:s, s:{s:s}, s:{s:s}}, s:{}}", "apiVersion", "velero.io/v1", "kind",
                "Backup", "metadata", "name", t->velero_name, "namespace", "velero", "labels", "fleetfs.dev/owner",
                f->engine->model.store_id, "annotations", "fleetfs.dev/spec-sha256", "00", "spec"));
        ops_ctl(f, "eu-1", "fault off");
        ops_until(f, t->state == TASK_CONFLICT);
        assert_string_equal(t->code, "FLT-0403");
        ops_until(f, task_of(f, "b", "us-1")->state == TASK_DONE);
        assert_int_equal(PHASE(f, "b"), PHASE_CONFLICT);
        assert_ok(ops_verb(f, OBJECT_BACKUP, "b", "retry", &err), &err);
        ops_until(f, PHASE(f, "b") == PHASE_COMPLETED);
        assert_int_equal(ops_held(f, "us-1", "backups", "fleetfs.dev/name", "b"), 1);
}

static const struct answer_row {
        const char *name, *fault;
        enum task_state state;
        const char *code;
} refusals[] = {
        { "400 is refused for good", "fault http 400 --match POST:backups", TASK_REJECTED, "FLT-0404" },
        { "403 is refused for good", "fault http 403 --match POST:backups", TASK_REJECTED, "FLT-0404" },
        { "422 is refused for good", "fault http 422 --match POST:backups", TASK_REJECTED, "FLT-0404" },
};

static void refused(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        const struct answer_row *row = test_row(state);
        struct err err = ERR_INIT;

        ops_until(f, ops_all_ready(f));
        ops_ctl(f, "eu-1", row->fault);
        assert_ok(ops_write(f, OBJECT_BACKUP, "b", OPS_BACKUP, &err), &err);
        ops_until(f, task_of(f, "b", "eu-1")->state == row->state);
        assert_string_equal(task_of(f, "b", "eu-1")->code, row->code);
        assert_string_equal(task_phase_text(task_of(f, "b", "eu-1")), "Rejected");
        ops_until(f, task_of(f, "b", "us-1")->state == TASK_DONE);
        ops_ctl(f, "eu-1", "fault off");
        assert_ok(ops_verb(f, OBJECT_BACKUP, "b", "retry", &err), &err);
        ops_until(f, PHASE(f, "b") == PHASE_COMPLETED);
        assert_int_equal(ops_held(f, "eu-1", "backups", "fleetfs.dev/name", "b"), 1);
        assert_int_equal(ops_held(f, "us-1", "backups", "fleetfs.dev/name", "b"), 1);
}

static const struct answer_row passing[] = {
        { "429 is tried again", "fault http 429 --count 3 --match POST:backups", TASK_DONE, "" },
        { "500 is tried again", "fault http 500 --count 3 --match POST:backups", TASK_DONE, "" },
        { "503 is tried again", "fault http 503 --count 3 --match POST:backups", TASK_DONE, "" },
        { "an answer that is cut off is asked for again", "fault cut --count 2 --match POST:backups", TASK_DONE, "" },
        { "garbage instead of an answer is asked for again", "fault garbage --count 1 --match GET:backups", TASK_DONE, "" },
};

static void passes(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        const struct answer_row *row = test_row(state);
        struct err err = ERR_INIT;

        ops_until(f, ops_all_ready(f));
        ops_ctl(f, "eu-1", row->fault);
        assert_ok(ops_write(f, OBJECT_BACKUP, "b", OPS_BACKUP, &err), &err);
        ops_until(f, PHASE(f, "b") == PHASE_COMPLETED);
        assert_int_equal(ops_held(f, "eu-1", "backups", "fleetfs.dev/name", "b"), 1);
        assert_null(task_of(f, "b", "eu-1")->reason);
}

static void expires_and_is_retried_only_there(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;
        struct task *t;
        int64_t before;

        f->engine->options.start_deadline = 60;
        ops_until(f, ops_all_ready(f));
        ops_lose_location(f, "ap-1");
        before = clock_realtime();
        assert_ok(ops_write(f, OBJECT_BACKUP, "b", OPS_BACKUP, &err), &err);
        t = task_of(f, "b", "ap-1");
        assert_in_range(t->deadline, before + 60, clock_realtime() + 60);
        ops_until(f, task_of(f, "b", "eu-1")->state == TASK_DONE && task_of(f, "b", "us-1")->state == TASK_DONE);
        ops_until(f, t->reason != NULL);
        t->deadline = clock_realtime();
        ops_until(f, t->state == TASK_EXPIRED);
        assert_string_equal(t->code, "FLT-0402");
        assert_non_null(strstr(t->reason, "Unavailable"));
        ops_ctl(f, "ap-1", "fault off");
        ops_until(f, ops_member(f, "ap-1")->velero[VELERO_LOCATION].v[0]->bsl->phase == VELERO_BSL_AVAILABLE);
        ops_run_for(f, 1000);
        assert_int_equal(ops_held(f, "ap-1", "backups", "fleetfs.dev/name", "b"), 0);
        assert_ok(ops_verb(f, OBJECT_BACKUP, "b", "retry", &err), &err);
        ops_until(f, PHASE(f, "b") == PHASE_COMPLETED);
        assert_int_equal(ops_held(f, "eu-1", "backups", "fleetfs.dev/name", "b"), 1);
        assert_int_equal(ops_held(f, "ap-1", "backups", "fleetfs.dev/name", "b"), 1);
}

static void vanished_before_its_end_is_failed(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;
        char words[128];

        ops_until(f, ops_all_ready(f));
        ops_ctl(f, "eu-1", "hold InProgress");
        assert_ok(ops_write(f, OBJECT_BACKUP, "b", OPS_BACKUP, &err), &err);
        ops_until(f, task_of(f, "b", "eu-1")->phase == PHASE_IN_PROGRESS);
        snprintf(words, sizeof(words), "delete backups velero/%s", task_of(f, "b", "eu-1")->velero_name);
        ops_ctl(f, "eu-1", words);
        ops_until(f, task_of(f, "b", "eu-1")->state == TASK_DONE);
        assert_int_equal(task_of(f, "b", "eu-1")->phase, PHASE_FAILED);
        assert_string_equal(task_of(f, "b", "eu-1")->code, "FLT-0411");
}

/* Nobody watched when it went. */
static void vanished_while_we_were_away_is_failed(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;
        char words[128];

        ops_until(f, ops_all_ready(f));
        ops_ctl(f, "eu-1", "hold InProgress");
        assert_ok(ops_write(f, OBJECT_BACKUP, "b", OPS_BACKUP, &err), &err);
        ops_until(f, task_of(f, "b", "eu-1")->phase == PHASE_IN_PROGRESS);
        ops_until(f, ops_is_stored(f));
        snprintf(words, sizeof(words), "delete backups velero/%s", task_of(f, "b", "eu-1")->velero_name);
        ops_crash(f);
        ops_ctl(f, "eu-1", words);
        ops_open(f);
        assert_int_equal(task_of(f, "b", "eu-1")->state, TASK_POSTED);
        assert_string_equal(task_phase_text(task_of(f, "b", "eu-1")), "InProgress");
        ops_until(f, task_of(f, "b", "eu-1")->state == TASK_DONE);
        assert_int_equal(task_of(f, "b", "eu-1")->phase, PHASE_FAILED);
}

static void gone_after_its_end_keeps_what_it_reached(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;
        char words[128];
        int64_t completed;

        ops_until(f, ops_all_ready(f));
        assert_ok(ops_write(f, OBJECT_BACKUP, "b", OPS_BACKUP, &err), &err);
        ops_until(f, PHASE(f, "b") == PHASE_COMPLETED);
        completed = task_of(f, "b", "eu-1")->completed;
        snprintf(words, sizeof(words), "delete backups velero/%s", task_of(f, "b", "eu-1")->velero_name);
        ops_ctl(f, "eu-1", words);
        ops_until(f, task_velero(task_of(f, "b", "eu-1")) == NULL);
        assert_int_equal(PHASE(f, "b"), PHASE_COMPLETED);
        ops_until(f, ops_is_stored(f));
        ops_restart(f);
        assert_int_equal(PHASE(f, "b"), PHASE_COMPLETED);
        assert_int_equal(task_of(f, "b", "eu-1")->completed, completed);
}

/* Whether one of its caveats begins so. */
static bool tells(const struct object *o, const char *text)
{
        for (size_t i = 0; i < o->warnings.n; i++)
                if (strncmp(o->warnings.v[i], text, strlen(text)) == 0)
                        return true;
        return false;
}

static void another_clock_is_told(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;
        const struct object *o;

        ops_until(f, ops_all_ready(f));
        ops_ctl(f, "ap-1", "fault skew 7230");
        assert_ok(ops_write(f, OBJECT_BACKUP, "b", OPS_BACKUP, &err), &err);
        ops_until(f, PHASE(f, "b") == PHASE_COMPLETED);
        o = ops_object(f, OBJECT_BACKUP, "b");
        assert_true(tells(o, "FLT-0306 the clock of ap-1 is 120 minutes ahead of this machine's: "
                             "times that are stamped there are by it"));
        /* And what shows of the cluster itself follows its next probe. */
        member_probe(ops_member(f, "ap-1")->runtime);
        ops_until(f, ops_member(f, "ap-1")->ahead >= 7200);
        ops_ctl(f, "ap-1", "fault off");
        member_probe(ops_member(f, "ap-1")->runtime);
        ops_until(f, ops_member(f, "ap-1")->ahead == 0);
        ops_until(f, !tells(o, "FLT-0306 "));
}

/* A second write while the first one's POST is under way: both exist, and both show. */
static void superseded_while_it_is_being_posted(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;
        struct object *o;

        ops_until(f, ops_all_ready(f));
        assert_ok(ops_write(f, OBJECT_BACKUP, "b", OPS_BACKUP, &err), &err);
        ops_until(f, task_of(f, "b", "eu-1")->call != 0);
        assert_ok(ops_write(f, OBJECT_BACKUP, "b", OPS_BACKUP, &err), &err);
        o = ops_object(f, OBJECT_BACKUP, "b");
        assert_int_equal(o->n_runs, 2);
        ops_until(f, o->runs[0]->phase == PHASE_COMPLETED && o->runs[1]->phase == PHASE_COMPLETED);
        assert_int_equal(ops_held(f, "eu-1", "backups", "fleetfs.dev/name", "b"), 2);
}

/* What was surely not posted is given up. */
static void superseded_before_it_is_posted(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;
        struct object *o;

        ops_until(f, ops_all_ready(f));
        ops_lose_location(f, "ap-1");
        assert_ok(ops_write(f, OBJECT_BACKUP, "b", OPS_BACKUP, &err), &err);
        ops_until(f, task_of(f, "b", "eu-1")->state == TASK_DONE);
        assert_ok(ops_write(f, OBJECT_BACKUP, "b", OPS_BACKUP, &err), &err);
        o = ops_object(f, OBJECT_BACKUP, "b");
        assert_int_equal(o->n_runs, 2);
        assert_int_equal(run_tasks_on(o->runs[0], "ap-1")->state, TASK_CANCELLED);
        assert_int_equal(run_tasks_on(o->runs[0], "ap-1")->phase, PHASE_CANCELLED);
        ops_ctl(f, "ap-1", "fault off");
        ops_until(f, o->runs[1]->phase == PHASE_COMPLETED);
        assert_int_equal(ops_held(f, "ap-1", "backups", "fleetfs.dev/name", "b"), 1);
}

/* Within one second, and nobody can say whether the first one was posted: it is not what `retry` is for. */
static void superseded_and_never_verified_is_cancelled(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;
        struct object *o;
        struct task *t;

        ops_until(f, ops_all_ready(f));
        ops_ctl(f, "eu-1", "fault http 500 --match POST:backups");
        assert_ok(ops_write(f, OBJECT_BACKUP, "b", OPS_BACKUP, &err), &err);
        t = task_of(f, "b", "eu-1");
        ops_until(f, t->sent && t->failures > 0);
        ops_ctl(f, "eu-1", "fault refuse");
        ops_until(f, !member_ready(ops_member(f, "eu-1")));
        assert_ok(ops_write(f, OBJECT_BACKUP, "b", OPS_BACKUP, &err), &err);
        o = ops_object(f, OBJECT_BACKUP, "b");
        assert_int_equal(o->n_runs, 2);
        assert_true(t->given_up);
        t->deadline = clock_realtime();
        ops_until(f, t->state != TASK_PENDING);
        assert_int_equal(t->state, TASK_CANCELLED);
        assert_string_equal(t->code, "FLT-0405");
        run_tasks_on(o->runs[1], "eu-1")->deadline = clock_realtime();
        ops_until(f, run_tasks_on(o->runs[1], "eu-1")->state == TASK_EXPIRED);
        ops_ctl(f, "eu-1", "fault off");
        ops_until(f, ops_all_ready(f));
        assert_ok(ops_verb(f, OBJECT_BACKUP, "b", "retry", &err), &err);
        ops_until(f, o->runs[1]->phase == PHASE_COMPLETED);
        assert_int_equal(ops_held(f, "eu-1", "backups", "fleetfs.dev/name", "b"), 1);
}

static void written_again_before_anything_is_posted_is_one_run(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;

        ops_until(f, ops_all_ready(f));
        assert_ok(ops_write(f, OBJECT_BACKUP, "b", OPS_BACKUP, &err), &err);
        assert_ok(ops_write(f, OBJECT_BACKUP, "b", "destination: {clusters: [{name: eu-1}]}\n" OPS_BACKUP, &err), &err);
        assert_int_equal(ops_object(f, OBJECT_BACKUP, "b")->n_runs, 1);
        assert_null(task_of(f, "b", "us-1"));
        ops_until(f, PHASE(f, "b") == PHASE_COMPLETED);
        assert_int_equal(ops_held(f, "us-1", "backups", "fleetfs.dev/name", "b"), 0);
}

/* A policy that selected no cluster has ended: what is written next has a stamp, and a time, of its own. */
static void written_again_after_it_had_no_cluster_is_a_new_run(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;

        ops_until(f, ops_all_ready(f));
        assert_ok(ops_write(f, OBJECT_BACKUP, "b", "destination: {clusterSelector: {matchLabels: {zone: nowhere}}}\n" OPS_BACKUP,
                          &err), &err);
        assert_int_equal(ops_object(f, OBJECT_BACKUP, "b")->n_runs, 1);
        assert_int_equal(object_latest_run(ops_object(f, OBJECT_BACKUP, "b"))->n_tasks, 0);
        assert_ok(ops_write(f, OBJECT_BACKUP, "b", OPS_BACKUP, &err), &err);
        assert_int_equal(ops_object(f, OBJECT_BACKUP, "b")->n_runs, 2);
        ops_until(f, PHASE(f, "b") == PHASE_COMPLETED);
}

/* The write that joins a run which nobody could take yet has all of startDeadline before it. */
static void a_run_that_is_joined_is_given_new_time(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;
        struct run *r;

        ops_until(f, ops_all_ready(f));
        ops_lose_location(f, "all");
        assert_ok(ops_write(f, OBJECT_BACKUP, "b", "destination: {clusters: [{name: eu-1}]}\n" OPS_BACKUP, &err), &err);
        r = object_latest_run(ops_object(f, OBJECT_BACKUP, "b"));
        r->created -= 1800;
        r->tasks[0]->deadline -= 1800;
        assert_ok(ops_write(f, OBJECT_BACKUP, "b", "destination: {clusters: [{name: eu-1}]}\n" OPS_BACKUP "# again\n", &err), &err);
        assert_int_equal(ops_object(f, OBJECT_BACKUP, "b")->n_runs, 1);
        assert_in_range(task_of(f, "b", "eu-1")->deadline, clock_realtime() + 3590, clock_realtime() + 3600);
        ops_ctl(f, "all", "fault off");
        ops_until(f, PHASE(f, "b") == PHASE_COMPLETED);
}

/* The old attempt's object is listed again while the new one has not been posted. */
static void an_old_attempt_does_not_take_the_new_ones_place(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;
        char first[64];

        ops_until(f, ops_all_ready(f));
        ops_ctl(f, "eu-1", "velero fail-next Failed");
        assert_ok(ops_write(f, OBJECT_BACKUP, "b", "destination: {clusters: [{name: eu-1}]}\n" OPS_BACKUP, &err), &err);
        ops_until(f, phase_is(PHASE(f, "b"), PHASE_IS_TERMINAL));
        assert_int_equal(PHASE(f, "b"), PHASE_FAILED);
        snprintf(first, sizeof(first), "%s", task_of(f, "b", "eu-1")->velero_name);
        ops_lose_location(f, "eu-1");
        assert_ok(ops_verb(f, OBJECT_BACKUP, "b", "retry", &err), &err);
        member_suspect(ops_member(f, "eu-1"));
        ops_until(f, ops_all_ready(f));
        assert_int_equal(task_of(f, "b", "eu-1")->state, TASK_PENDING);
        ops_ctl(f, "eu-1", "fault off");
        ops_until(f, PHASE(f, "b") == PHASE_COMPLETED);
        assert_string_not_equal(task_of(f, "b", "eu-1")->velero_name, first);
}

static void a_new_connection_goes_on_with_what_is_owed(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;
        char command[256];

        ops_until(f, ops_all_ready(f));
        ops_ctl(f, "eu-1", "velero pause");
        assert_ok(ops_write(f, OBJECT_BACKUP, "b", OPS_BACKUP, &err), &err);
        ops_until(f, task_of(f, "b", "eu-1")->call != 0);
        /* The same clusters under another configuration: every client is made anew, with a POST under way. */
        snprintf(command, sizeof(command), "sed -i 's/client-key-data/client-key-data/; s/^    user: .*/&\\n    namespace: x/' '%s'",
                f->sim->kubeconfig);
        assert_int_equal(system(command), 0);
        struct member *c = ops_member(f, "eu-1");
        struct fleetconf *conf = NULL;
        assert_ok(fleetconf_load(&f->source, &conf, &err), &err);
        assert_string_equal(conf->fleets[0].members[0].name, "eu-1");
        member_stop(c);
        assert_int_equal(task_of(f, "b", "eu-1")->call, 0);
        assert_ok(member_start(f->engine, c, &conf->fleets[0].members[0], &err), &err);
        fleetconf_free(conf);
        assert_false(member_ready(c));
        ops_ctl(f, "eu-1", "velero resume");
        ops_until(f, PHASE(f, "b") == PHASE_COMPLETED);
        assert_int_equal(ops_held(f, "eu-1", "backups", "fleetfs.dev/name", "b"), 1);
}

/* Velero's server hangs: the Backup stays New. */
static void ignored_by_velero_says_so(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;
        struct task *t;
        json_t *list, *doc;
        char words[128];

        ops_until(f, ops_all_ready(f));
        ops_ctl(f, "eu-1", "velero pause");
        assert_ok(ops_write(f, OBJECT_BACKUP, "b", OPS_BACKUP, &err), &err);
        ops_until(f, task_of(f, "b", "eu-1")->state == TASK_POSTED && task_velero(task_of(f, "b", "eu-1")) != NULL);
        t = task_of(f, "b", "eu-1");
        assert_null(t->reason);
        snprintf(words, sizeof(words), "objects backups %s", t->velero_name);
        list = ops_ask(f, "eu-1", words);
        doc = json_deep_copy(json_array_get(list, 0));
        json_decref(list);
        json_object_set_new(json_object_get(doc, "metadata"), "creationTimestamp", json_string("2020-01-01T00:00:00Z"));
        /* As if it had been there for years; the record is what counts here. */
        _cleanup_(freep) char *text = json_dumps(doc, 0);
        json_decref(doc);
        struct velero_backup *record = NULL;
        assert_ok(velero_backup_decode(text, strlen(text), &record, &err), &err);
        struct velero_object *v = task_velero(t);
        engine_write(f->engine);
        member_replace_velero(v, record);
        task_refresh(f->engine, t);
        engine_publish(f->engine);
        assert_string_equal(t->code, "FLT-0112");
        assert_non_null(strstr(t->reason, "Velero has not looked at"));
        ops_ctl(f, "eu-1", "velero resume");
        ops_until(f, PHASE(f, "b") == PHASE_COMPLETED);
        assert_null(t->reason);
}

/* Those that ask, and those that wait for their turn. */
static size_t looks_of(struct ops_fixture *f, const char *cluster)
{
        const struct member *c = ops_member(f, cluster);
        size_t n = 0;

        for (struct list *at = list_first(&c->looks); at != NULL; at = list_next(&c->looks, at))
                n++;
        return n;
}

/* Which volumes are folders of a node is told of the newest run: nobody asks for one that has become older while it waited. */
static void a_newer_run_takes_the_turn_of_an_older_ones_look(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;
        struct task *older, *newer;
        struct run *r;

        ops_until(f, ops_all_ready(f));
        ops_ctl(f, "eu-1", "velero pause"); /* it does not run, so no volumes of node-agents are looked at */
        assert_ok(ops_write(f, OBJECT_BACKUP, "b", OPS_BACKUP, &err), &err);
        ops_until(f, looks_of(f, "eu-1") > 0);
        assert_int_equal(looks_of(f, "eu-1"), 1);
        older = task_of(f, "b", "eu-1");

        engine_write(f->engine);
        r = object_add_run(ops_object(f, OBJECT_BACKUP, "b"), "29990101-000000Z");
        assert_non_null(r);
        r->created = older->run->created + 1;
        newer = run_add_task(r, TASK_BACKUP, "eu-1");
        assert_non_null(newer);
        newer->state = TASK_POSTED;
        snprintf(newer->velero_name, sizeof(newer->velero_name), "b-newer");
        assert_ptr_equal(object_latest_run(r->object), r);
        looks_follow(f->engine, newer);
        engine_publish(f->engine);
        assert_int_equal(looks_of(f, "eu-1"), 1);
        ops_until(f, newer->hostpath != NULL);
        assert_null(older->hostpath);
}

/* Velero says each minute that it looked at its location. */
static void a_location_that_was_looked_at_is_no_news(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct velero_object *v;
        json_t *list, *doc;
        size_t before;

        ops_until(f, ops_all_ready(f));
        ops_run_for(f, 300);
        list = ops_ask(f, "eu-1", "objects backupstoragelocations default");
        doc = json_deep_copy(json_array_get(list, 0));
        json_decref(list);
        json_object_set_new(json_object_get(doc, "status"), "lastValidationTime", json_string("2031-01-01T00:00:00Z"));
        before = f->changes;
        ops_put(f, "eu-1", doc);
        v = member_velero(ops_member(f, "eu-1"), VELERO_LOCATION, "default");
        ops_until(f, v->bsl->last_validation > 1900000000);
        assert_int_equal(f->changes, before);
}

/* Velero's answer does not show: it is asked again after growing pauses, and gone on with when something tells. */
static void delete_is_patient_with_a_watch_that_lags(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;

        ops_until(f, ops_all_ready(f));
        assert_ok(ops_write(f, OBJECT_BACKUP, "b", "destination: {clusters: [{name: eu-1}]}\n" OPS_BACKUP, &err), &err);
        ops_until(f, ops_phase(f, OBJECT_BACKUP, "b") == PHASE_COMPLETED);
        ops_ctl(f, "eu-1", "velero pause");
        ops_ctl(f, "eu-1", "fault lose-events");
        assert_ok(ops_verb(f, OBJECT_BACKUP, "b", "delete latest", &err), &err);
        ops_until(f, ops_requests(f, "eu-1", "POST", "deletebackuprequests") == 1);
        ops_run_for(f, 6000);
        assert_in_range(ops_requests(f, "eu-1", "POST", "deletebackuprequests"), 2, 5);
        ops_ctl(f, "eu-1", "fault off");
        ops_ctl(f, "eu-1", "velero resume");
        member_suspect(ops_member(f, "eu-1"));
        ops_until(f, ops_task(f, OBJECT_BACKUP, "b", "eu-1") == NULL);
        assert_int_equal(ops_held(f, "eu-1", "backups", "", ""), 0);
}

int main(void)
{
        TEST_WITH(delete_is_patient_with_a_watch_that_lags, ops_setup, ops_teardown);
        TEST_WITH(completes_on_every_cluster, ops_setup, ops_teardown);
        TEST_WITH(crash_after_the_post_neither_loses_nor_doubles, ops_setup, ops_teardown);
        TEST_WITH(crash_before_the_post_is_made_up_for, ops_setup, ops_teardown);
        TEST_WITH(anothers_object_is_a_conflict, ops_setup, ops_teardown);
        TEST_ROWS_WITH(refused, refusals, ops_setup, ops_teardown);
        TEST_ROWS_WITH(passes, passing, ops_setup, ops_teardown);
        TEST_WITH(expires_and_is_retried_only_there, ops_setup, ops_teardown);
        TEST_WITH(vanished_before_its_end_is_failed, ops_setup, ops_teardown);
        TEST_WITH(vanished_while_we_were_away_is_failed, ops_setup, ops_teardown);
        TEST_WITH(gone_after_its_end_keeps_what_it_reached, ops_setup, ops_teardown);
        TEST_WITH(another_clock_is_told, ops_setup, ops_teardown);
        TEST_WITH(superseded_while_it_is_being_posted, ops_setup, ops_teardown);
        TEST_WITH(superseded_and_never_verified_is_cancelled, ops_setup, ops_teardown);
        TEST_WITH(superseded_before_it_is_posted, ops_setup, ops_teardown);
        TEST_WITH(written_again_before_anything_is_posted_is_one_run, ops_setup, ops_teardown);
        TEST_WITH(written_again_after_it_had_no_cluster_is_a_new_run, ops_setup, ops_teardown);
        TEST_WITH(a_run_that_is_joined_is_given_new_time, ops_setup, ops_teardown);
        TEST_WITH(an_old_attempt_does_not_take_the_new_ones_place, ops_setup, ops_teardown);
        TEST_WITH(a_new_connection_goes_on_with_what_is_owed, ops_setup, ops_teardown);
        TEST_WITH(ignored_by_velero_says_so, ops_setup, ops_teardown);
        TEST_WITH(a_newer_run_takes_the_turn_of_an_older_ones_look, ops_setup, ops_teardown);
        TEST_WITH(a_location_that_was_looked_at_is_no_news, ops_setup, ops_teardown);
        return test_run("op_backup");
}
