/* SPDX-License-Identifier: Apache-2.0 */
/* The model alone: lists, indexes, sections and barriers. */
#include "tests/support/test.h"

#include <pthread.h>

#include "base/intern.h"
#include "ops/model.h"
#include "tests/unit/no_memory.h"

struct told {
        size_t calls, n;
        struct change last[64];
        unsigned barriers;
        bool held; /* the listener keeps done() for later */
        void (*done)(void *);
        void *done_arg;
};

static void listen(void *arg, const struct change *changes, size_t n, void (*done)(void *), void *done_arg)
{
        struct told *t = arg;

        t->calls++;
        t->n = n;
        for (size_t i = 0; i < n && i < ARRAY_SIZE(t->last); i++)
                t->last[i] = changes[i];
        t->done = done;
        t->done_arg = done_arg;
        if (done != NULL && !t->held)
                done(done_arg);
}

static void barrier(void *arg)
{
        ((struct told *)arg)->barriers++;
}

struct fixture {
        struct model m;
        struct told told;
        struct fleet *f;
        struct member *eu, *us;
        struct object *o;
};

static int setup(void **state)
{
        struct fixture *x = calloc(1, sizeof(*x));

        ((struct test_state *)*state)->fixture = x;
        assert_ok(model_init(&x->m, NULL), NULL);
        model_write_begin(&x->m);
        x->f = model_add_fleet(&x->m, "prod");
        x->eu = fleet_add_member(x->f, "eu-1");
        x->us = fleet_add_member(x->f, "us-1");
        x->o = fleet_add_object(x->f, OBJECT_BACKUP, "nightly");
        model_write_end(&x->m);
        x->m.listener = listen;
        x->m.listener_arg = &x->told;
        return 0;
}

static int teardown(void **state)
{
        struct fixture *x = test_fixture(state);

        model_done(&x->m);
        free(x);
        return 0;
}

static void sections_nest_and_publish_once(void **state)
{
        struct fixture *x = test_fixture(state);

        model_write_begin(&x->m);
        model_write_begin(&x->m);
        model_touch_member(x->eu, false);
        model_write_end(&x->m);
        assert_int_equal(x->told.calls, 0);
        model_touch_member(x->eu, true);
        model_write_end(&x->m);
        assert_int_equal(x->told.calls, 1);
        assert_int_equal(x->told.n, 1);
        assert_true(x->told.last[0].listing);
        assert_int_equal(x->m.generation, 1);
}

static void a_section_without_changes_tells_nobody(void **state)
{
        struct fixture *x = test_fixture(state);

        model_write_begin(&x->m);
        model_write_end(&x->m);
        assert_int_equal(x->told.calls, 0);
        assert_int_equal(x->m.generation, 0);
}

/* As when all clusters of a large fleet do something at once. */
static void a_burst_leaves_no_room_behind(void **state)
{
        struct fixture *x = test_fixture(state);
        struct run *r;
        char id[RUN_ID_LEN + 1];

        model_write_begin(&x->m);
        for (int i = 0; i < 2000; i++) {
                snprintf(id, sizeof(id), "20260901-%06dZ", i);
                r = object_add_run(x->o, id);
                assert_non_null(r);
                model_touch_run(r, true);
        }
        model_write_end(&x->m);
        assert_int_equal(x->told.n, 2000);
        assert_int_equal(x->m.cap_changes, 0);
        assert_null(x->m.changes);

        /* A few are no burst: their room is used again. */
        for (int i = 0; i < 2; i++) {
                model_write_begin(&x->m);
                model_touch_member(x->eu, false);
                model_write_end(&x->m);
                assert_int_equal(x->told.n, 1);
                assert_true(x->m.cap_changes > 0);
        }
}

static void barriers_wait_for_the_outermost_end_and_for_the_listener(void **state)
{
        struct fixture *x = test_fixture(state);

        x->told.held = true;
        model_write_begin(&x->m);
        model_write_begin(&x->m);
        model_touch_member(x->eu, false);
        model_write_end_notify(&x->m, barrier, &x->told);
        assert_int_equal(x->told.calls, 0);
        model_write_end_notify(&x->m, barrier, &x->told);
        assert_int_equal(x->told.calls, 1);
        assert_int_equal(x->told.barriers, 0);
        x->told.done(x->told.done_arg);
        assert_int_equal(x->told.barriers, 2);
}

static void a_barrier_is_passed_when_nothing_changed(void **state)
{
        struct fixture *x = test_fixture(state);

        model_write_begin(&x->m);
        model_write_end_notify(&x->m, barrier, &x->told);
        assert_int_equal(x->told.barriers, 1);
        x->m.listener = NULL;
        model_write_begin(&x->m);
        model_write_end_notify(&x->m, barrier, &x->told);
        assert_int_equal(x->told.barriers, 2);
}

static void runs_stay_in_order_whenever_they_come(void **state)
{
        struct fixture *x = test_fixture(state);
        const char *ids[] = { "20260102-000000Z", "20260101-000000Z", "20260103-000000Z" };

        for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
                assert_non_null(object_add_run(x->o, ids[i]));
        assert_string_equal(x->o->runs[0]->id, ids[1]);
        assert_string_equal(object_latest_run(x->o)->id, ids[2]);
        assert_ptr_equal(object_run(x->o, ids[0]), x->o->runs[1]);
        assert_null(object_run(x->o, "20260102-000001Z"));
        object_remove_run(x->o->runs[1]);
        assert_null(object_run(x->o, ids[0]));
        assert_string_equal(x->o->runs[1]->id, ids[2]);
}

static void tasks_of_one_cluster_are_found_and_leave_each_other_alone(void **state)
{
        struct fixture *x = test_fixture(state);
        struct run *r = object_add_run(x->o, "20260101-000000Z");
        struct task *a = run_add_task(r, TASK_BACKUP, "eu-1"), *b = run_add_task(r, TASK_BACKUP, "eu-1"),
                    *c = run_add_task(r, TASK_RESTORE, "eu-1"), *late = run_add_task(r, TASK_BACKUP, "");

        assert_ptr_equal(run_tasks_on(r, "eu-1"), a);
        assert_ptr_equal(a->next_same, b);
        assert_ptr_equal(b->next_same, c);
        assert_null(run_tasks_on(r, "us-1"));
        assert_null(run_tasks_on(r, ""));
        assert_int_equal(intern_set(&late->member, "us-1"), 0);
        run_index_task(late);
        assert_ptr_equal(run_tasks_on(r, "us-1"), late);
        run_remove_task(a);
        assert_ptr_equal(run_tasks_on(r, "eu-1"), b);
        assert_ptr_equal(b->next_same, c);
        run_remove_task(c);
        assert_null(b->next_same);
        run_remove_task(b);
        assert_null(run_tasks_on(r, "eu-1"));
        assert_int_equal(r->n_tasks, 1);
}

static void tasks_share_what_they_have_in_common(void **state)
{
        struct fixture *x = test_fixture(state);
        struct task *a = run_add_task(object_add_run(x->o, "20260101-000000Z"), TASK_BACKUP, "eu-1");
        struct task *b = run_add_task(object_add_run(x->o, "20260102-000000Z"), TASK_BACKUP, "eu-1");
        struct task copy;

        assert_ptr_equal(a->member, b->member);
        assert_string_equal(a->uid, "");
        assert_string_equal(a->backup_name, "");
        assert_string_equal(a->spec_sha256, "");
        assert_string_equal(a->posting_sha256, "");
        assert_string_equal(a->password_sha256, "");
        assert_null(a->phase_text);
        assert_int_equal(intern_set(&a->phase_text, "Finalizing"), 0);
        copy = *a;
        task_ref_texts(&copy);
        object_remove_run(a->run);
        assert_string_equal(copy.phase_text, "Finalizing");
        assert_ptr_equal(copy.member, b->member);
        task_unref_texts(&copy);
        assert_string_equal(b->member, "eu-1");
}

static struct velero_backup *decode_backup(const char *name, const char *location)
{
        struct velero_backup *b = NULL;
        struct err err = ERR_INIT;
        char text[256];

        snprintf(text, sizeof(text), "{\"metadata\":{\"name\":\"%s\"},\"spec\":{\"storageLocation\":\"%s\"}}", name, location);
        assert_ok(velero_backup_decode(text, strlen(text), &b, &err), &err);
        return b;
}

static struct velero_object *add_backup(struct member *c, const char *name)
{
        return member_add_velero(c, VELERO_BACKUP, decode_backup(name, "default"));
}

static void velero_objects_are_in_the_order_of_their_names(void **state)
{
        static const char *const names[] = { "m", "b", "z", "a", "y", "c", "n", "aa", "zz" };
        static const char *const sorted[] = { "a", "aa", "b", "c", "m", "n", "y", "z", "zz" };
        struct fixture *x = test_fixture(state);
        const struct velero_set *set = &x->eu->velero[VELERO_BACKUP];
        struct velero_object *v;
        size_t n = 0;

        assert_null(member_velero_after(x->eu, VELERO_BACKUP, NULL));
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                assert_non_null(add_backup(x->eu, names[i]));
        VELERO_EACH (v, set)
                assert_string_equal(v->name, sorted[n++]);
        assert_int_equal(n, ARRAY_SIZE(sorted));
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                assert_string_equal(member_velero(x->eu, VELERO_BACKUP, names[i])->name, names[i]);
        assert_null(member_velero(x->eu, VELERO_BACKUP, "x"));
        assert_null(member_velero(x->eu, VELERO_SCHEDULE, "a"));

        /* A reader goes on from a name also when that has gone. */
        n = 0;
        for (v = member_velero_after(x->eu, VELERO_BACKUP, NULL); v != NULL;
                v = member_velero_after(x->eu, VELERO_BACKUP, v->name))
                assert_string_equal(v->name, sorted[n++]);
        assert_int_equal(n, ARRAY_SIZE(sorted));
        member_remove_velero(member_velero(x->eu, VELERO_BACKUP, "m"));
        assert_null(member_velero(x->eu, VELERO_BACKUP, "m"));
        assert_string_equal(member_velero_after(x->eu, VELERO_BACKUP, "m")->name, "n");
        assert_null(member_velero_after(x->eu, VELERO_BACKUP, "zz"));
        member_remove_all_velero(x->eu, VELERO_BACKUP);
        assert_int_equal(set->n, 0);
        assert_null(set->v);
}

static void velero_objects_share_what_they_have_in_common(void **state)
{
        struct fixture *x = test_fixture(state);
        struct velero_object *a = add_backup(x->eu, "a"), *b = add_backup(x->us, "b");
        const char *name = a->name;

        assert_ptr_equal(a->backup->storage_location, b->backup->storage_location);
        assert_ptr_equal(a->name, a->backup->name);
        assert_null(a->more);
        velero_set_digest(a, NULL, NULL);
        assert_null(a->more);
        velero_set_digest(a, strdup("0123"), NULL);
        assert_string_equal(velero_digest(a), "0123");
        assert_null(velero_digest(b));
        /* What is known of it beside its record stays. */
        member_replace_velero(a, decode_backup("a", "cold"));
        assert_string_equal(a->backup->storage_location, "cold");
        assert_string_equal(b->backup->storage_location, "default");
        assert_ptr_not_equal(a->name, name);
        assert_ptr_equal(member_velero(x->eu, VELERO_BACKUP, "a"), a);
        assert_string_equal(velero_digest(a), "0123");
        velero_set_digest(a, NULL, NULL);
        assert_null(velero_digest(a));
}

static void an_object_and_what_it_has_on_clusters_part_both_ways(void **state)
{
        struct fixture *x = test_fixture(state);
        struct velero_object *a = add_backup(x->eu, "a"), *b = add_backup(x->us, "b");

        velero_set_owner(a, x->o);
        velero_set_owner(b, x->o);
        assert_true(list_linked(&x->o->velero));
        member_remove_velero(a);
        assert_ptr_equal(list_first(&x->o->velero), &b->of_object);
        fleet_remove_object(x->o);
        assert_null(b->owner_object);
        assert_false(list_linked(&b->of_object));
}

static void a_cluster_that_leaves_lets_its_tasks_go(void **state)
{
        struct fixture *x = test_fixture(state);
        struct run *r = object_add_run(x->o, "20260101-000000Z");
        struct task *t = run_add_task(r, TASK_BACKUP, "eu-1");

        t->at = x->eu;
        list_append(&x->eu->tasks, &t->at_member);
        fleet_remove_member(x->eu);
        assert_null(t->at);
        assert_false(list_linked(&t->at_member));
        assert_null(task_member(t));
}

/* A cluster replaced by another one under the same name: its tasks are not that one's. */
static void a_task_is_for_one_cluster_whatever_its_folder_is(void **state)
{
        struct fixture *x = test_fixture(state);
        struct run *r = object_add_run(x->o, "20260101-000000Z");
        struct task *t = run_add_task(r, TASK_BACKUP, "eu-1");

        assert_ptr_equal(task_member(t), x->eu);
        assert_int_equal(intern_set(&t->uid, "uid-1"), 0);
        strcpy(x->eu->uid, "uid-2");
        assert_null(task_member(t));
        strcpy(x->us->uid, "uid-1");
        assert_ptr_equal(task_member(t), x->us);
        strcpy(x->us->alias_of, "eu-1");
        assert_null(task_member(t));
}

static void links_follow_a_folder_that_is_renamed(void **state)
{
        struct fixture *x = test_fixture(state);

        strcpy(x->us->alias_of, "eu-1");
        fleet_rename_member(x->eu, "eu-1-2");
        assert_string_equal(x->us->alias_of, "eu-1-2");
        assert_ptr_equal(fleet_member(x->f, "eu-1-2"), x->eu);
        assert_null(fleet_member(x->f, "eu-1"));
}

static void *read_a_lot(void *arg)
{
        struct fixture *x = arg;

        for (int i = 0; i < 20000; i++) {
                model_read_begin(&x->m);
                assert_true(run_tasks_on(object_latest_run(x->o), "eu-1") != NULL);
                model_read_end(&x->m);
        }
        return NULL;
}

static void readers_see_whole_sections(void **state)
{
        struct fixture *x = test_fixture(state);
        struct run *r = object_add_run(x->o, "20260101-000000Z");
        pthread_t threads[2];

        run_add_task(r, TASK_BACKUP, "eu-1");
        for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
                assert_int_equal(pthread_create(&threads[i], NULL, read_a_lot, x), 0);
        for (int i = 0; i < 2000; i++) {
                model_write_begin(&x->m);
                while (r->n_tasks > 0)
                        run_remove_task(r->tasks[0]);
                run_add_task(r, TASK_BACKUP, "us-1");
                run_add_task(r, TASK_BACKUP, "eu-1");
                model_touch_run(r, false);
                model_write_end(&x->m);
        }
        for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
                pthread_join(threads[i], NULL);
}

/* ---------------------------------------------------------------- without memory */

static void what_there_is_no_memory_for_is_not_made(void **state)
{
        struct fixture *x = test_fixture(state);
        struct fleet *f;
        struct member *c;
        struct object *o;
        int n = 0;

        model_write_begin(&x->m);
        model_remove_fleet(x->f);
        do {
                no_memory_after = n;
                f = model_add_fleet(&x->m, "prod");
                no_memory_after = -1;
                assert_ptr_equal(model_fleet(&x->m, "prod"), f);
        } while (f == NULL && n++ < 10);
        assert_true(n >= 3);
        x->f = f;
        n = 0;
        do {
                no_memory_after = n;
                c = fleet_add_member(f, "eu-1");
                no_memory_after = -1;
                assert_ptr_equal(fleet_member(f, "eu-1"), c);
        } while (c == NULL && n++ < 10);
        assert_true(n >= 3);
        n = 0;
        do {
                no_memory_after = n;
                o = fleet_add_object(f, OBJECT_BACKUP, "nightly");
                no_memory_after = -1;
                assert_ptr_equal(fleet_object(f, OBJECT_BACKUP, "nightly"), o);
        } while (o == NULL && n++ < 10);
        assert_true(n >= 3);
        /* A cluster keeps its name, or has the other, and is there in any case: also when the table has to grow. */
        no_memory_after = 0;
        assert_int_equal(fleet_rename_member(c, "eu-1-2"), -ENOMEM);
        no_memory_after = -1;
        assert_ptr_equal(fleet_member(f, "eu-1"), c);
        for (int i = 0; i < 400; i++) {
                const char *now = i % 2 == 0 ? "eu-1-2" : "eu-1";
                char name[16];
                int r;

                for (n = 0, r = -1; r != 0; n++) {
                        no_memory_after = n;
                        r = fleet_rename_member(c, now);
                        no_memory_after = -1;
                        assert_ptr_equal(fleet_member(f, c->name), c);
                        assert_true(n < 5);
                }
                assert_string_equal(c->name, now);
                snprintf(name, sizeof(name), "c-%d", i);
                assert_non_null(fleet_add_member(f, name));
        }
        assert_int_equal(HASH_COUNT(f->members), 401);
        model_write_end(&x->m);
}

int main(void)
{
        TEST_WITH(sections_nest_and_publish_once, setup, teardown);
        TEST_WITH(a_section_without_changes_tells_nobody, setup, teardown);
        TEST_WITH(a_burst_leaves_no_room_behind, setup, teardown);
        TEST_WITH(barriers_wait_for_the_outermost_end_and_for_the_listener, setup, teardown);
        TEST_WITH(a_barrier_is_passed_when_nothing_changed, setup, teardown);
        TEST_WITH(runs_stay_in_order_whenever_they_come, setup, teardown);
        TEST_WITH(tasks_of_one_cluster_are_found_and_leave_each_other_alone, setup, teardown);
        TEST_WITH(tasks_share_what_they_have_in_common, setup, teardown);
        TEST_WITH(velero_objects_are_in_the_order_of_their_names, setup, teardown);
        TEST_WITH(velero_objects_share_what_they_have_in_common, setup, teardown);
        TEST_WITH(an_object_and_what_it_has_on_clusters_part_both_ways, setup, teardown);
        TEST_WITH(a_cluster_that_leaves_lets_its_tasks_go, setup, teardown);
        TEST_WITH(a_task_is_for_one_cluster_whatever_its_folder_is, setup, teardown);
        TEST_WITH(links_follow_a_folder_that_is_renamed, setup, teardown);
        TEST_WITH(readers_see_whole_sections, setup, teardown);
        TEST_WITH(what_there_is_no_memory_for_is_not_made, setup, teardown);
        return test_run("model");
}
