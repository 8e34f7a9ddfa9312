/* SPDX-License-Identifier: Apache-2.0 */
/* The engine as a whole on a simulated fleet: its thread, and clusters that come, go and change places. */
#include "tests/unit/ops_fixture.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/timefmt.h"

/* The fleet's clusters, each with the context that it is reached by. */
static void write_fleet(struct ops_fixture *f, const char *const (*members)[2], size_t n)
{
        char next[128];
        FILE *out;

        snprintf(next, sizeof(next), "%s.new", f->fleet_file);
        out = fopen(next, "w");
        assert_non_null(out);
        fprintf(out, "apiVersion: fleet.kurator.dev/v1alpha1\nkind: Fleet\nmetadata: {name: prod}\nspec:\n  clusters:\n");
        for (size_t i = 0; i < n; i++)
                fprintf(out, "  - {name: %s, kind: AttachedCluster}\n", members[i][0]);
        for (size_t i = 0; i < n; i++)
                fprintf(out, "---\napiVersion: cluster.kurator.dev/v1alpha1\nkind: AttachedCluster\nmetadata: {name: %s}\n"
                             "spec: {kubeconfig: {path: %s, context: %s}}\n", members[i][0], f->sim->kubeconfig, members[i][1]);
        assert_int_equal(fclose(out), 0);
        assert_int_equal(rename(next, f->fleet_file), 0);
}
#define FLEET(f, ...)                                                                      \
        do {                                                                               \
                static const char *const members_[][2] = { __VA_ARGS__ };                  \
                write_fleet(f, members_, ARRAY_SIZE(members_));                            \
                engine_reload((f)->engine);                                                \
        } while (0)

static void a_cluster_that_is_replaced_gets_nothing_of_the_other(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;
        struct task *t;
        char uid[UID_MAX];

        FLEET(f, { "one", "eu-1" });
        ops_until(f, fleet_member(f->fleet, "one") != NULL && member_ready(ops_member(f, "one")));
        snprintf(uid, sizeof(uid), "%s", ops_member(f, "one")->uid);
        ops_ctl(f, "eu-1", "fault location-unavailable");
        ops_until(f, ops_member(f, "one")->velero[VELERO_LOCATION].v[0]->bsl->phase != VELERO_BSL_AVAILABLE);
        assert_ok(ops_write(f, OBJECT_BACKUP, "b", OPS_BACKUP, &err), &err);
        t = ops_task(f, OBJECT_BACKUP, "b", "one");
        ops_until(f, t->reason != NULL);
        /* The same name leads elsewhere now. */
        FLEET(f, { "one", "us-1" });
        ops_until(f, fleet_member(f->fleet, "one-2") != NULL && member_ready(ops_member(f, "one-2")));
        assert_null(fleet_member(f->fleet, "one"));
        ops_until(f, strcmp(t->code, "FLT-0416") == 0);
        ops_run_for(f, 500);
        assert_int_equal(t->state, TASK_PENDING);
        assert_int_equal(ops_held(f, "us-1", "backups", "fleetfs.dev/name", "b"), 0);
        /* Also in another process. */
        ops_restart(f);
        ops_until(f, fleet_member(f->fleet, "one-2") != NULL && member_ready(ops_member(f, "one-2")));
        assert_int_equal(ops_held(f, "us-1", "backups", "fleetfs.dev/name", "b"), 0);
        /* It comes back, and has its folder and what it is owed. */
        ops_ctl(f, "eu-1", "fault off");
        FLEET(f, { "one", "eu-1" });
        ops_until(f, fleet_member(f->fleet, "one") != NULL && member_ready(ops_member(f, "one")));
        assert_string_equal(ops_member(f, "one")->uid, uid);
        ops_until(f, ops_phase(f, OBJECT_BACKUP, "b") == PHASE_COMPLETED);
}

static void two_contexts_of_one_cluster_are_one(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;
        struct member *a, *b, *real;

        FLEET(f, { "a", "eu-1" }, { "b", "eu-1" });
        ops_until(f, fleet_member(f->fleet, "a") != NULL && fleet_member(f->fleet, "b") != NULL);
        a = ops_member(f, "a");
        b = ops_member(f, "b");
        ops_until(f, (a->alias_of[0] != '\0') != (b->alias_of[0] != '\0') && (member_ready(a) || member_ready(b)));
        assert_ok(ops_write(f, OBJECT_BACKUP, "x", OPS_BACKUP, &err), &err);
        assert_int_equal(object_latest_run(ops_object(f, OBJECT_BACKUP, "x"))->n_tasks, 1);
        ops_until(f, ops_phase(f, OBJECT_BACKUP, "x") == PHASE_COMPLETED);
        assert_int_equal(ops_held(f, "eu-1", "backups", "fleetfs.dev/name", "x"), 1);
        /* The one that was first leaves: the other is no link any more. */
        real = a->alias_of[0] == '\0' ? a : b;
        if (real == a)
                FLEET(f, { "b", "eu-1" });
        else
                FLEET(f, { "a", "eu-1" });
        ops_until(f, HASH_COUNT(f->fleet->members) == 1 && member_ready(f->fleet->members));
        assert_string_equal(f->fleet->members->alias_of, "");
        ops_until(f, task_velero(object_latest_run(ops_object(f, OBJECT_BACKUP, "x"))->tasks[0]) != NULL);
}

static void a_cluster_leaves_while_it_is_asked(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;
        struct task *t;

        ops_until(f, ops_all_ready(f));
        ops_ctl(f, "ap-1", "fault delay 5000");
        assert_ok(ops_write(f, OBJECT_BACKUP, "b", OPS_BACKUP, &err), &err);
        t = ops_task(f, OBJECT_BACKUP, "b", "ap-1");
        ops_until(f, t->call != 0);
        FLEET(f, { "eu-1", "eu-1" }, { "us-1", "us-1" });
        ops_until(f, fleet_member(f->fleet, "ap-1") == NULL);
        assert_int_equal(t->call, 0);
        assert_null(t->at);
        ops_until(f, strcmp(t->code, "FLT-0416") == 0);
        ops_until(f, ops_task(f, OBJECT_BACKUP, "b", "eu-1")->state == TASK_DONE);
        ops_ctl(f, "ap-1", "fault off");
        FLEET(f, { "eu-1", "eu-1" }, { "us-1", "us-1" }, { "ap-1", "ap-1" });
        ops_until(f, ops_phase(f, OBJECT_BACKUP, "b") == PHASE_COMPLETED);
        assert_int_equal(ops_held(f, "ap-1", "backups", "fleetfs.dev/name", "b"), 1);
}

/* Beside the log: who reads the tree is to know that it is not of the file that is there. */
static void a_configuration_that_cannot_be_read_is_told(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        FILE *out;

        FLEET(f, { "eu-1", "eu-1" });
        ops_until(f, HASH_COUNT(f->fleet->members) == 1 && member_ready(f->fleet->members));
        assert_int_equal(f->engine->model.conf_err.code, 0);
        out = fopen(f->fleet_file, "a");
        assert_non_null(out);
        fputs("bla: [\n", out);
        assert_int_equal(fclose(out), 0);
        engine_reload(f->engine);
        ops_until(f, f->engine->model.conf_err.code != 0);
        assert_true(f->engine->model.conf_err.line > 1);
        assert_true(f->fleet->changed >= f->engine->model.conf_at && f->engine->model.conf_at > 0);
        assert_true(member_ready(f->fleet->members));
        assert_non_null(memmem(f->engine->model.events.bytes, f->engine->model.events.len, "\"ConfigurationRefused\"", 22));
        assert_non_null(memmem(f->engine->model.events.bytes, f->engine->model.events.len, "\"line\":\"", 8));
        /* It is as it was before: nothing changes, and nothing is refused. */
        FLEET(f, { "eu-1", "eu-1" });
        ops_until(f, f->engine->model.conf_err.code == 0);
}

/* A policy that names it is not well without it, whatever the others do; one that takes all has lost nothing. */
static void a_cluster_that_a_schedule_names_is_missed(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        const char *text = "schedule: \"0 2 * * *\"\ndestination:\n  clusters: [{name: eu-1}, {name: us-1}]\npolicy: {}\n";
        struct err err = ERR_INIT;
        struct object *o, *all;
        struct task *t;

        ops_until(f, ops_all_ready(f));
        assert_ok(ops_write(f, OBJECT_BACKUP, "named", text, &err), &err);
        assert_ok(ops_write(f, OBJECT_BACKUP, "all", "schedule: \"0 2 * * *\"\npolicy: {}\n", &err), &err);
        ops_until(f, ops_phase(f, OBJECT_BACKUP, "named") == PHASE_SCHEDULED && ops_phase(f, OBJECT_BACKUP, "all") == PHASE_SCHEDULED);
        FLEET(f, { "eu-1", "eu-1" }, { "ap-1", "ap-1" });
        ops_until(f, fleet_member(f->fleet, "us-1") == NULL && ops_phase(f, OBJECT_BACKUP, "named") == PHASE_UNKNOWN);
        for (int restarts = 0; restarts < 2; restarts++) {
                o = ops_object(f, OBJECT_BACKUP, "named");
                all = ops_object(f, OBJECT_BACKUP, "all");
                assert_int_equal(o->standing->n_tasks, 2);
                assert_int_equal(all->standing->n_tasks, 2);
                t = run_tasks_on(o->standing, "us-1");
                assert_non_null(t);
                assert_int_equal(t->phase, PHASE_UNKNOWN);
                assert_string_equal(t->code, "FLT-0416");
                assert_int_equal(f->fleet->phase, PHASE_UNKNOWN);
                ops_until(f, ops_is_stored(f));
                ops_restart(f);
                ops_until(f, ops_phase(f, OBJECT_BACKUP, "all") == PHASE_SCHEDULED);
        }
        /* It is back: its Schedule, which nobody removed, is looked at. */
        FLEET(f, { "eu-1", "eu-1" }, { "us-1", "us-1" }, { "ap-1", "ap-1" });
        ops_until(f, ops_phase(f, OBJECT_BACKUP, "named") == PHASE_SCHEDULED);
        assert_int_equal(ops_object(f, OBJECT_BACKUP, "named")->standing->n_tasks, 2);
        /* And a document that names it no more has no part there. */
        FLEET(f, { "eu-1", "eu-1" }, { "ap-1", "ap-1" });
        ops_until(f, ops_phase(f, OBJECT_BACKUP, "named") == PHASE_UNKNOWN);
        text = "schedule: \"0 2 * * *\"\ndestination:\n  clusters: [{name: eu-1}]\npolicy: {}\n";
        assert_ok(ops_write(f, OBJECT_BACKUP, "named", text, &err), &err);
        ops_until(f, ops_phase(f, OBJECT_BACKUP, "named") == PHASE_SCHEDULED);
        assert_int_equal(ops_object(f, OBJECT_BACKUP, "named")->standing->n_tasks, 1);
}

/* What could wait for the disk does not go with the fleet. */
static void a_fleet_that_leaves_is_stored(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;
        char command[512];

        ops_until(f, ops_all_ready(f));
        assert_ok(ops_write(f, OBJECT_BACKUP, "b", OPS_BACKUP, &err), &err);
        ops_until(f, ops_phase(f, OBJECT_BACKUP, "b") == PHASE_COMPLETED);
        ops_until(f, ops_is_stored(f));
        engine_write(f->engine);
        ops_object(f, OBJECT_BACKUP, "b")->created = 12345;
        engine_note(f->engine, ops_object(f, OBJECT_BACKUP, "b"));
        snprintf(command, sizeof(command), "cp '%s' '%s.before' && sed -i 's/name: prod/name: other/' '%s'", f->fleet_file,
                f->fleet_file, f->fleet_file);
        assert_int_equal(system(command), 0);
        engine_reload(f->engine);
        assert_null(model_fleet(&f->engine->model, "prod"));
        snprintf(command, sizeof(command), "mv '%s.before' '%s'", f->fleet_file, f->fleet_file);
        assert_int_equal(system(command), 0);
        engine_reload(f->engine);
        f->fleet = model_fleet(&f->engine->model, "prod");
        assert_non_null(f->fleet);
        assert_int_equal(ops_object(f, OBJECT_BACKUP, "b")->created, 12345);
}

static void a_fleet_leaves_with_all_that_is_open(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;
        char command[256];

        ops_until(f, ops_all_ready(f));
        ops_ctl(f, "all", "velero pause");
        assert_ok(ops_write(f, OBJECT_BACKUP, "b", OPS_BACKUP, &err), &err);
        ops_until(f, ops_task(f, OBJECT_BACKUP, "b", "eu-1")->call != 0);
        snprintf(command, sizeof(command), "sed -i 's/name: prod/name: other/' '%s'", f->fleet_file);
        assert_int_equal(system(command), 0);
        engine_reload(f->engine);
        ops_until(f, model_fleet(&f->engine->model, "prod") == NULL);
        f->fleet = model_fleet(&f->engine->model, "other");
        assert_non_null(f->fleet);
        ops_until(f, ops_all_ready(f));
        assert_null(f->fleet->objects[OBJECT_BACKUP]);
}

/* A watch of them costs every cluster something, and nobody looks at them but a task that made one. */
static void delete_requests_are_followed_while_one_is_pending(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct member *c = ops_member(f, "eu-1");
        struct err err = ERR_INIT;

        ops_until(f, ops_all_ready(f));
        assert_ok(ops_write(f, OBJECT_BACKUP, "b", OPS_BACKUP, &err), &err);
        ops_until(f, ops_phase(f, OBJECT_BACKUP, "b") == PHASE_COMPLETED);
        ops_put(f, "eu-1",
                json_pack("{s:s, s:s, s:{s:s, s:s}, s:{s:s}}", "apiVersion", "velero.io/v1", "kind",
                        "DeleteBackupRequest", "metadata", "name", "d", "namespace", "velero", "spec", "backupName", "x"));
        assert_false(c->synced[VELERO_DELETE_REQUEST]);
        assert_ok(ops_verb(f, OBJECT_BACKUP, "b", "delete latest", &err), &err);
        ops_until(f, c->synced[VELERO_DELETE_REQUEST] && member_velero(c, VELERO_DELETE_REQUEST, "d") != NULL);
        assert_true(member_ready(c));
        /* The run goes with its last task; nobody waits any more, which the next look at the cluster finds. */
        ops_until(f, ops_object(f, OBJECT_BACKUP, "b")->n_runs == 0);
        assert_true(c->synced[VELERO_DELETE_REQUEST]);
        member_suspect(c);
        ops_until(f, member_ready(c) && !c->synced[VELERO_DELETE_REQUEST]);
        assert_null(member_velero(c, VELERO_DELETE_REQUEST, "d"));
        assert_true(member_ready(c));
}

/* It is shown as it was when it last said something, not when it was given up. */
static void what_is_stale_was_true_when_it_was_last_heard(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct member *c = ops_member(f, "eu-1");
        int64_t quiet;

        ops_until(f, ops_all_ready(f));
        assert_int_equal(kill(f->sim->pid, SIGSTOP), 0);
        ops_run_for(f, 100);
        quiet = clock_realtime();
        ops_run_for(f, 2500);
        member_suspect(c);
        engine_publish(f->engine);
        assert_int_equal(kill(f->sim->pid, SIGCONT), 0);
        assert_true(c->stale);
        assert_in_range(c->seen, quiet - 60, quiet);
}

/* Clusters that join or leave meanwhile are adopted, or not waited for. */
static void a_policy_is_adopted_on_clusters_that_come_and_go(void **state)
{
        static const char *const one[][2] = { { "eu-1", "eu-1" } };
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;

        ops_until(f, ops_all_ready(f));
        assert_ok(ops_write(f, OBJECT_BACKUP, "b", OPS_BACKUP, &err), &err);
        ops_until(f, ops_phase(f, OBJECT_BACKUP, "b") == PHASE_COMPLETED);
        ops_close(f);
        snprintf(f->state_dir + strlen(f->state_dir), 8, "-2");
        write_fleet(f, one, ARRAY_SIZE(one));
        ops_open(f);
        ops_until(f, ops_all_ready(f) && ops_object(f, OBJECT_BACKUP, "b") != NULL);
        ops_ctl(f, "eu-1", "fault refuse");
        ops_until(f, !member_ready(ops_member(f, "eu-1")));
        assert_ok(ops_verb(f, OBJECT_BACKUP, "b", "adopt", &err), &err);
        FLEET(f, { "eu-1", "eu-1" }, { "us-1", "us-1" });
        ops_until(f, ops_held(f, "us-1", "backups", "fleetfs.dev/owner", f->engine->model.store_id) == 1);
        ops_run_for(f, 300);
        assert_string_not_equal(ops_object(f, OBJECT_BACKUP, "b")->adopted_from, "");
        FLEET(f, { "us-1", "us-1" });
        ops_until(f, ops_object(f, OBJECT_BACKUP, "b")->adopted_from[0] == '\0');
}

static void a_read_only_engine_sends_nothing(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct err err = ERR_INIT;

        ops_until(f, ops_all_ready(f));
        assert_ok(ops_write(f, OBJECT_BACKUP, "b", OPS_BACKUP, &err), &err);
        ops_crash(f);
        f->options.read_only = true;
        ops_open(f);
        ops_until(f, ops_all_ready(f));
        ops_run_for(f, 500);
        assert_non_null(ops_task(f, OBJECT_BACKUP, "b", "eu-1"));
        assert_int_equal(ops_held(f, "eu-1", "backups", "fleetfs.dev/name", "b"), 0);
}

/* ---------------------------------------------------------------- the thread */

struct asked {
        atomic_uint answered;
        atomic_bool stop;
        struct ops_fixture *f;
        int r;
};

static void answer(struct engine *e, void *arg)
{
        struct asked *a = arg;

        engine_write(e);
        engine_event(e, "Asked", NULL, NULL);
        a->answered++;
}

static void write_backup(struct engine *e, void *arg)
{
        struct asked *a = arg;

        a->r = ops_write(a->f, OBJECT_BACKUP, "b", OPS_BACKUP, NULL);
        a->answered++;
}

static void *read_all(void *arg)
{
        struct asked *a = arg;
        struct model *m = &a->f->engine->model;
        struct fleet *f;
        struct member *c, *tmp;
        struct object *o;
        struct velero_object *v;
        uint64_t sum = 0;

        while (!a->stop) {
                model_read_begin(m);
                f = model_fleet(m, "prod");
                HASH_ITER (hh, f->members, c, tmp) {
                        sum += (uint64_t)c->health + (c->reason != NULL ? strlen(c->reason) : 0);
                        VELERO_EACH (v, &c->velero[VELERO_BACKUP])
                                sum += strlen(v->name) + v->backup->phase;
                }
                o = fleet_object(f, OBJECT_BACKUP, "b");
                for (size_t i = 0; o != NULL && i < o->n_runs; i++)
                        for (size_t k = 0; k < o->runs[i]->n_tasks; k++) {
                                const struct task *t = o->runs[i]->tasks[k];
                                sum += (uint64_t)t->state + strlen(task_phase_text(t)) + strlen(t->velero_name) +
                                       (t->reason != NULL ? strlen(t->reason) : 0) + (task_velero(t) != NULL);
                        }
                sum += m->events.len > 0 ? (unsigned char)m->events.bytes[m->events.len - 1] : 0;
                model_read_end(m);
                usleep(100);
        }
        return (void *)(uintptr_t)(sum == 1);
}

static void *ask(void *arg)
{
        struct asked *a = arg;

        for (int i = 0; i < 200; i++)
                if (engine_post(a->f->engine, answer, a) < 0)
                        return arg;
        return NULL;
}

static void readers_and_askers_beside_the_thread(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct asked a = { .f = f }, b = { .f = f, .r = 1 };
        pthread_t readers[2], askers[2];
        struct err err = ERR_INIT;
        void *failed;
        bool ended = false;

        ops_until(f, ops_all_ready(f));
        assert_ok(engine_start(f->engine, &err), &err);
        for (int i = 0; i < 2; i++) {
                assert_int_equal(pthread_create(&readers[i], NULL, read_all, &a), 0);
                assert_int_equal(pthread_create(&askers[i], NULL, ask, &a), 0);
        }
        assert_ok(engine_post(f->engine, write_backup, &b), NULL);
        for (int i = 0; i < 2; i++) {
                pthread_join(askers[i], &failed);
                assert_null(failed);
        }
        for (int i = 0; i < 600 && !ended; i++) {
                usleep(20000);
                model_read_begin(&f->engine->model);
                ended = a.answered == 400 && ops_phase(f, OBJECT_BACKUP, "b") == PHASE_COMPLETED;
                model_read_end(&f->engine->model);
        }
        a.stop = true;
        for (int i = 0; i < 2; i++)
                pthread_join(readers[i], NULL);
        assert_ok(engine_post(f->engine, answer, &a), NULL);
        engine_stop(f->engine);
        assert_true(ended);
        assert_int_equal(b.r, 0);
        /* What was asked last was answered. */
        assert_int_equal(a.answered, 401);
        engine_stop(f->engine);
}

struct last {
        struct ops_fixture *f;
        struct loop_defer defer;
        atomic_bool done;
};

/* The round that would end the section comes after the loop's end. */
static void write_and_stop(void *arg)
{
        struct last *l = arg;

        engine_write(l->f->engine);
        loop_stop(l->f->engine->loop);
        l->done = true;
}

static void defer_last(struct engine *e, void *arg)
{
        struct last *l = arg;

        loop_defer_init(&l->defer, write_and_stop, l);
        loop_defer(e->loop, &l->defer);
}

static void a_section_that_the_thread_leaves_open_locks_nobody_out(void **state)
{
        struct ops_fixture *f = ops_fixture(state);
        struct last l = { .f = f };
        struct err err = ERR_INIT;

        ops_until(f, ops_all_ready(f));
        assert_ok(engine_start(f->engine, &err), &err);
        assert_ok(engine_post(f->engine, defer_last, &l), NULL);
        while (!l.done)
                usleep(1000);
        /* Whoever is locked out waits for ever. */
        alarm(60);
        engine_stop(f->engine);
        engine_write(f->engine);
        engine_publish(f->engine);
        alarm(0);
}

int main(void)
{
        TEST_WITH(a_cluster_that_is_replaced_gets_nothing_of_the_other, ops_setup, ops_teardown);
        TEST_WITH(two_contexts_of_one_cluster_are_one, ops_setup, ops_teardown);
        TEST_WITH(a_cluster_leaves_while_it_is_asked, ops_setup, ops_teardown);
        TEST_WITH(a_configuration_that_cannot_be_read_is_told, ops_setup, ops_teardown);
        TEST_WITH(a_cluster_that_a_schedule_names_is_missed, ops_setup, ops_teardown);
        TEST_WITH(a_fleet_that_leaves_is_stored, ops_setup, ops_teardown);
        TEST_WITH(a_fleet_leaves_with_all_that_is_open, ops_setup, ops_teardown);
        TEST_WITH(a_policy_is_adopted_on_clusters_that_come_and_go, ops_setup, ops_teardown);
        TEST_WITH(delete_requests_are_followed_while_one_is_pending, ops_setup, ops_teardown);
        TEST_WITH(what_is_stale_was_true_when_it_was_last_heard, ops_setup, ops_teardown);
        TEST_WITH(a_read_only_engine_sends_nothing, ops_setup, ops_teardown);
        TEST_WITH(readers_and_askers_beside_the_thread, ops_setup, ops_teardown);
        TEST_WITH(a_section_that_the_thread_leaves_open_locks_nobody_out, ops_setup, ops_teardown);
        return test_run("engine");
}
