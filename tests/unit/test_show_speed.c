/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fleet of a thousand clusters with a policy of thirty runs: what its files take to render. The
 * times are printed; the bounds hold under sanitizers on a slow machine, and fail for what grows
 * with the square of the clusters.
 */
#include <time.h>

#include "tests/unit/show_fixture.h"

enum { CLUSTERS = 1000, RUNS = 30 };


/* Its backups are not on the clusters any more: what they reached is in the runs. */
static void fill_schedule(struct fleet *f)
{
        struct object *o = FIXTURE_STANDING(f, "daily", "0 2 * * *", PROTECTED("cluster-0000"));

        for (int i = 1; i < CLUSTERS; i++) {
                char name[32];
                const struct fixture_schedule good = PROTECTED(name), late = LATE(name);

                snprintf(name, sizeof(name), "cluster-%04d", i);
                fixture_standing_task(o, i % 20 == 3 ? &late : &good);
        }
        for (int r = 0; r < RUNS; r++) {
                struct run *run = fixture_run(o, T0 + (r - RUNS + 1) * 86400);

                for (int i = 0; i < CLUSTERS; i++) {
                        char name[32];
                        const struct fixture_task done = { .member = name, .state = TASK_DONE, .phase = PHASE_COMPLETED,
                                .word = "Completed", .done = 412, .total = 412 };

                        snprintf(name, sizeof(name), "cluster-%04d", i);
                        fixture_task(run, &done);
                }
        }
        fixture_roll_up(o);
        o->phase = PHASE_OVERDUE;
}

static int setup(void **state)
{
        struct fleet *f;
        struct object *o;

        (void)state;
        if (fixture_begin() < 0)
                return -1;
        f = model_add_fleet(&model, "prod");
        f->changed = T0;
        o = fixture_object(f, OBJECT_BACKUP, "nightly");
        fixture_policy(o, POLICY("shop"));
        for (int i = 0; i < CLUSTERS; i++) {
                char name[32];

                snprintf(name, sizeof(name), "cluster-%04d", i);
                fixture_location(fixture_member(f, name, i % 50 == 7 ? MEMBER_UNREACHABLE : MEMBER_READY), "Available", "");
        }
        for (int r = 0; r < RUNS; r++) {
                struct run *run = fixture_run(o, T0 + r * 86400);

                for (int i = 0; i < CLUSTERS; i++) {
                        char name[32];
                        const struct fixture_task good = DONE(name), bad = { .member = name, .state = TASK_DONE,
                                .phase = PHASE_FAILED, .word = "Failed", .seen = true, .code = "FLT-0410",
                                .reason = "the object store answered 503" };

                        snprintf(name, sizeof(name), "cluster-%04d", i);
                        fixture_task(run, i % 20 == 3 ? &bad : &good);
                }
        }
        fixture_roll_up(o);
        fill_schedule(f);
        return 0;
}

static double now_ms(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static const struct speed {
        const char *name, *path;
        double bound_ms;
} speeds[] = {
        { "policy status.txt", "prod/backups/nightly/status.txt", 200 },
        { "policy status.json", "prod/backups/nightly/status.json", 400 },
        { "policy error.txt", "prod/backups/nightly/error.txt", 200 },
        { "policy kurator.yaml", "prod/backups/nightly/kurator.yaml", 800 },
        { "policy phase", "prod/backups/nightly/phase", 50 },
        { "policy stale", "prod/backups/nightly/stale", 50 },
        { "schedule status.txt", "prod/backups/daily/status.txt", 200 },
        { "schedule status.json", "prod/backups/daily/status.json", 400 },
        { "schedule error.txt", "prod/backups/daily/error.txt", 200 },
        { "schedule kurator.yaml", "prod/backups/daily/kurator.yaml", 800 },
        { "run status.txt", "prod/backups/nightly/runs/latest/status.txt", 200 },
        { "run status.json", "prod/backups/nightly/runs/latest/status.json", 400 },
        { "fleet status.txt", "prod/status.txt", 400 },
        { "fleet status.json", "prod/status.json", 600 },
};

static void renders_fast(void **state)
{
        const struct speed *s = test_row(state);
        _cleanup_(buf_done) struct buf out = BUF_INIT(LIMIT_RENDERED_BYTES);
        double best = 1e9;

        for (int i = 0; i < 5; i++) {
                double start = now_ms(), took;

                buf_reset(&out);
                assert_int_equal(fixture_render(&model, s->path, &out), 0);
                took = now_ms() - start;
                best = took < best ? took : best;
        }
        print_message("# %s: %zu bytes in %.2f ms\n", s->name, out.len, best);
        assert_true(best < s->bound_ms);
}

static void lists_fast(void **state)
{
        struct node n;
        size_t children = 0;
        double start = now_ms(), took;

        (void)state;
        assert_int_equal(fixture_resolve(&model, "prod/backups/nightly/runs/latest/clusters", &n, 0), 0);
        assert_int_equal(node_list(&n, fixture_count, &children), 0);
        took = now_ms() - start;
        print_message("# %zu folders listed in %.2f ms\n", children, took);
        assert_int_equal(children, CLUSTERS);
        assert_true(took < 100);
}

/* Fifty bad clusters of a thousand: all bad rows show, the good ones are counted. */
static void folds_the_good(void **state)
{
        _cleanup_(buf_done) struct buf out = BUF_INIT(LIMIT_RENDERED_BYTES);
        size_t rows = 0;

        (void)state;
        assert_int_equal(fixture_render(&model, "prod/backups/nightly/status.txt", &out), 0);
        for (const char *p = strstr(out.data, "\nCLUSTER"); p != NULL; p = strchr(p + 1, '\n'))
                rows += strncmp(p, "\ncluster-", 9) == 0;
        assert_int_equal(rows, 70); /* 50 Failed, 20 away and therefore stale */
        assert_non_null(strstr(out.data, "\n(930 more Completed; full list: status.json)\n"));
        assert_non_null(strstr(out.data, "\n        and 60 more: error.txt\n"));
}

int main(void)
{
        /* The fleet is made once: it takes longer than all the rest. */
        if (setup(NULL) < 0)
                return 1;
        TEST_ROWS(renders_fast, speeds);
        TEST(lists_fast);
        TEST(folds_the_good);
        return test_run("show_speed") + fixture_teardown(NULL);
}
