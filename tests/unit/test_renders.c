/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When files are rendered: once for each change that concerns them, however often they are read. Counted where all of
 * the tree is rendered, at node_render(), which the linker leads here.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "tests/support/mount.h"
#include "tests/unit/show_fixture.h"

enum { CLUSTERS = 40, RUNS = 3 };

static atomic_uint renders;

int __real_node_render(const struct node *n, struct buf *out);
int __wrap_node_render(const struct node *n, struct buf *out);

int __wrap_node_render(const struct node *n, struct buf *out)
{
        atomic_fetch_add(&renders, 1);
        return __real_node_render(n, out);
}

static const char *const files[] = { "prod/backups/nightly/status.txt", "prod/backups/nightly/status.json",
        "prod/backups/nightly/kurator.yaml" };

static const char *cluster(char name[32], int i)
{
        snprintf(name, 32, "cluster-%04d", i);
        return name;
}

static void fill_policy(struct fleet *f, const char *name)
{
        struct object *o = fixture_object(f, OBJECT_BACKUP, name);
        char member[32];

        fixture_policy(o, POLICY("shop"));
        for (int r = 0; r < RUNS; r++) {
                struct run *run = fixture_run(o, T0 + r * 86400);

                for (int i = 0; i < CLUSTERS; i++) {
                        const struct fixture_task done = DONE(cluster(member, i));

                        fixture_task(run, &done);
                }
        }
        fixture_roll_up(o);
}

static void fill(struct model *m)
{
        struct fleet *f = model_add_fleet(m, "prod");
        char name[32];

        f->changed = T0;
        for (int i = 0; i < CLUSTERS; i++)
                fixture_location(fixture_member(f, cluster(name, i), MEMBER_READY), "Available", "");
        fill_policy(f, "nightly");
        fill_policy(f, "weekly");
}

static int setup(void **state)
{
        return mount_setup(state, &root_table, NULL, 0, fill);
}

/* Reads all of them; returns how many renders that took. */
static unsigned read_all(struct mount *m)
{
        unsigned before = atomic_load(&renders);

        for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
                _cleanup_(freep) char *text = mount_read(m, files[i]);

                assert_non_null(text);
                assert_true(strlen(text) > 100);
        }
        return atomic_load(&renders) - before;
}

static struct task *task_of(struct mount *m, const char *policy, size_t run, const char *member)
{
        struct object *o = fleet_object(model_fleet(&m->model, "prod"), OBJECT_BACKUP, policy);

        return run_tasks_on(o->runs[run], member);
}

/* What rollup tells when a part of a run changed. */
static void touch_task(struct task *t)
{
        model_touch_task(t);
        model_touch_run(t->run, false);
        model_touch_object(t->run->object, false);
        model_touch_fleet(t->run->object->fleet, false);
}

static void reading_again_renders_nothing(void **state)
{
        struct mount *m = mount_of(state);

        assert_int_equal(read_all(m), ARRAY_SIZE(files));
        for (int i = 0; i < 10; i++)
                assert_int_equal(read_all(m), 0);
}

static void what_concerns_others_renders_nothing(void **state)
{
        struct mount *m = mount_of(state);
        unsigned before;
        char name[32];

        (void)read_all(m);
        before = atomic_load(&renders);
        for (int i = 0; i < CLUSTERS; i++) {
                struct task *other = task_of(m, "weekly", RUNS - 1, cluster(name, i));
                struct member *c = fleet_member(model_fleet(&m->model, "prod"), name);

                model_write_begin(&m->model);
                other->items_done = i;
                touch_task(other);
                model_touch_velero(member_velero(c, VELERO_BACKUP, other->velero_name), false);
                model_touch_velero(member_velero(c, VELERO_LOCATION, "default"), false);
                model_touch_member_at(c, T0 + i, false);
                model_touch_events(&m->model);
                mount_change_end(m);
        }
        assert_int_equal(atomic_load(&renders) - before, 0);
        assert_int_equal(read_all(m), 0);
}

/* Whatever changed together is one render of each file, and it is the next reader's. */
static void a_change_renders_each_once(void **state)
{
        struct mount *m = mount_of(state);
        unsigned before;
        char name[32];

        (void)read_all(m);
        for (int round = 1; round < 10; round++) {
                before = atomic_load(&renders);
                for (int i = 0; i < CLUSTERS; i++) {
                        struct task *t = task_of(m, "nightly", RUNS - 1, cluster(name, i));

                        model_write_begin(&m->model);
                        t->items_done = round;
                        touch_task(t);
                        mount_change_end(m);
                }
                assert_int_equal(atomic_load(&renders) - before, 0);
                assert_int_equal(read_all(m), ARRAY_SIZE(files));
                assert_int_equal(read_all(m), 0);
        }
}

/* A file that nobody has looked at is not rendered, whatever changes. */
static void what_nobody_reads_is_not_rendered(void **state)
{
        struct mount *m = mount_of(state);
        unsigned before = atomic_load(&renders);
        char name[32];

        model_write_begin(&m->model);
        for (int i = 0; i < CLUSTERS; i++)
                touch_task(task_of(m, "nightly", RUNS - 1, cluster(name, i)));
        mount_change_end(m);
        assert_int_equal(atomic_load(&renders) - before, 0);
}

int main(void)
{
        if (!mount_possible())
                return 77;
        TEST_WITH(reading_again_renders_nothing, setup, mount_teardown);
        TEST_WITH(what_concerns_others_renders_nothing, setup, mount_teardown);
        TEST_WITH(a_change_renders_each_once, setup, mount_teardown);
        TEST_WITH(what_nobody_reads_is_not_rendered, setup, mount_teardown);
        return test_run("renders");
}
