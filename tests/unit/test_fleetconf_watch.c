/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/fleetconf.h"

#include <sys/stat.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/loop.h"
#include "base/timefmt.h"
#include "tests/support/files.h"
#include "tests/support/test.h"
#include "tests/unit/fleetconf_fixture.h"

/* --- differences --- */

struct diff_row {
        const char *name;
        const char *before, *after; /* fleet files */
        const char *expected;
};

static const struct diff_row diffs[] = {
        { "none", FLEET("a", REF("eu")) "---\n" CLUSTER("eu", "context: one"),
                FLEET("a", REF("eu")) "---\n" CLUSTER("eu", "context: one"), "" },
        { "a member more", FLEET("a", REF("eu")) "---\n" CLUSTER("eu", "context: one"),
                FLEET("a", REF("eu") ", " REF("us")) "---\n" CLUSTER(
                        "eu", "context: one") "---\n" CLUSTER("us", "context: two"),
                "changed a: yaml\nadded a/us\n" },
        { "a member less",
                FLEET("a", REF("eu") ", " REF("us")) "---\n" CLUSTER(
                        "eu", "context: one") "---\n" CLUSTER("us", "context: two"),
                FLEET("a", REF("us")) "---\n" CLUSTER("us", "context: two"),
                "removed a/eu\nchanged a: yaml\n" },
        { "another context", FLEET("a", REF("eu")) "---\n" CLUSTER("eu", "context: one"),
                FLEET("a", REF("eu")) "---\n" CLUSTER("eu", "context: two"),
                "changed a: yaml\nchanged a/eu: connection\n" },
        { "it breaks", FLEET("a", REF("eu")) "---\n" CLUSTER("eu", "context: one"),
                FLEET("a", REF("eu")) "---\n" CLUSTER("eu", "context: six"),
                "changed a: yaml\nchanged a/eu: connection, credential, error\n" },
        { "labels and namespace", FLEET("a", REF("eu")) "---\n" CLUSTER("eu", "context: one"),
                FLEET("a",
                        REF("eu")) "---\n" CLUSTER_HEAD
                                   "metadata: {name: eu, labels: {x: gold}, annotations: {fleetfs.dev/velero-namespace: v}}\n"
                                   "spec: {kubeconfig: {context: one}}\n",
                "changed a: yaml\nchanged a/eu: labels, velero namespace\n" },
        { "the storage", FLEET("a", REF("eu")) "---\n" CLUSTER("eu", "context: one"),
                FLEET("a",
                        REF("eu")) "  plugin: {backup: {storage: {location: {bucket: b, provider: p}}}}\n"
                                   "---\n" CLUSTER("eu", "context: one"),
                "changed a: backup, yaml\n" },
        { "a fleet takes another's place",
                FLEET("a", REF("eu")) "---\n" CLUSTER("eu", "context: one"),
                FLEET("b", REF("eu")) "---\n" CLUSTER("eu", "context: one"),
                "removed a\nremoved a/eu\nadded b\nadded b/eu\n" },
};

static struct fleetconf *load_text(void **state, const char *text)
{
        char kc[128], fleet[128];
        struct fleetconf_source src = { .kube.path = kc, .fleet_file = fleet };
        struct fleetconf *conf = NULL;
        struct err err = ERR_INIT;

        (void)snprintf(kc, sizeof(kc), "%s/kc", test_dir(state));
        (void)snprintf(fleet, sizeof(fleet), "%s/f.yaml", test_dir(state));
        test_write_file(test_dir(state), "kc", KC);
        test_write_file(test_dir(state), "f.yaml", text);
        assert_ok(fleetconf_load(&src, &conf, &err), &err);
        return conf;
}

static const struct {
        unsigned bit;
        const char *name;
} parts[] = {
        { FLEETCONF_CONNECTION, "connection" },
        { FLEETCONF_CREDENTIAL, "credential" },
        { FLEETCONF_LABELS, "labels" },
        { FLEETCONF_VELERO_NAMESPACE, "velero namespace" },
        { FLEETCONF_ERROR, "error" },
        { FLEETCONF_BACKUP, "backup" },
        { FLEETCONF_YAML, "yaml" },
};

static void put_parts(struct buf *text, unsigned what)
{
        const char *between = ": ";

        for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
                if (what & parts[i].bit) {
                        (void)buf_printf(text, "%s%s", between, parts[i].name);
                        between = ", ";
                }
        (void)buf_putc(text, '\n');
}

static void put_diff(struct buf *text, const struct fleetconf_diff *diff)
{
        static const char *const kinds[] = { "added", "removed", "changed" };

        for (size_t i = 0; i < diff->n_changes; i++) {
                const struct fleetconf_change *c = &diff->changes[i];

                (void)buf_printf(text, "%s %s%s%s", kinds[c->kind], c->fleet->name,
                        c->member ? "/" : "", c->member ? c->member->name : "");
                put_parts(text, c->what);
        }
}

static void compares(void **state)
{
        const struct diff_row *row = test_row(state);
        struct fleetconf *before = load_text(state, row->before);
        struct fleetconf *after = load_text(state, row->after);
        struct buf text = BUF_INIT(LIMIT_TEXT_BYTES);
        struct fleetconf_diff diff;

        assert_int_equal(fleetconf_diff(before, after, &diff), 0);
        put_diff(&text, &diff);
        assert_text(text.data, row->expected);
        fleetconf_diff_done(&diff);
        buf_done(&text);
        fleetconf_free(before);
        fleetconf_free(after);
}

static void compares_with_nothing(void **state)
{
        struct fleetconf *conf =
                load_text(state, FLEET("a", REF("eu")) "---\n" CLUSTER("eu", "context: one"));
        struct buf text = BUF_INIT(LIMIT_TEXT_BYTES);
        struct fleetconf_diff diff;

        assert_int_equal(fleetconf_diff(NULL, conf, &diff), 0);
        put_diff(&text, &diff);
        assert_text(text.data, "added a\nadded a/eu\n");
        fleetconf_diff_done(&diff);
        buf_done(&text);
        fleetconf_free(conf);
}

/* --- watching --- */

struct watch_fixture {
        struct loop *loop;
        struct fleetconf_watch *watch;
        struct fleetconf *conf;
        struct err err;
        unsigned confs, errors;
        bool free_in_callback;
        char kc[128], fleets[128];
        struct fleetconf_source src;
};

static int watch_setup(void **state)
{
        struct test_state *s = *state;
        struct watch_fixture *f = calloc(1, sizeof(*f));

        s->fixture = f;
        if (!f || test_dir_setup(state) < 0 || loop_new(&f->loop, NULL) < 0)
                return -1;
        (void)snprintf(f->kc, sizeof(f->kc), "%s/kube/config", test_dir(state));
        (void)snprintf(f->fleets, sizeof(f->fleets), "%s/etc/fleets", test_dir(state));
        f->src = (struct fleetconf_source){ .kube.path_list = f->kc, .fleet_dir = f->fleets };
        return 0;
}

static int watch_teardown(void **state)
{
        struct watch_fixture *f = test_fixture(state);

        fleetconf_watch_free(f->watch);
        fleetconf_free(f->conf);
        loop_free(f->loop);
        free(f);
        return test_dir_teardown(state);
}

static void on_changed(void *arg, struct fleetconf *conf, const struct err *err)
{
        struct watch_fixture *f = arg;

        assert_true(!conf != !err);
        if (err) {
                f->err = *err;
                f->errors++;
                return;
        }
        f->confs++;
        fleetconf_free(f->conf);
        f->conf = conf;
        if (f->free_in_callback) {
                fleetconf_watch_free(f->watch);
                f->watch = NULL;
        }
}

static void start(void **state)
{
        struct watch_fixture *f = test_fixture(state);
        struct err err = ERR_INIT;

        assert_ok(fleetconf_load(&f->src, &f->conf, &err), &err);
        assert_ok(fleetconf_watch_new(&f->watch, f->loop, &f->src, f->conf, on_changed, f, &err),
                &err);
        assert_ok(loop_run_once(f->loop, 1000, &err), &err); /* the first look */
}

/* Runs until so many configurations and errors were told, and some time beyond: no more come. */
static void expect(struct watch_fixture *f, unsigned confs, unsigned errors)
{
        int64_t end = clock_boottime_ms() + 10000;

        while ((f->confs < confs || f->errors < errors) && clock_boottime_ms() < end)
                assert_ok(loop_run_once(f->loop, 100, NULL), NULL);
        end = clock_boottime_ms() + LIMIT_CONFIG_DEBOUNCE_MS + 100;
        while (clock_boottime_ms() < end)
                assert_ok(loop_run_once(f->loop, 50, NULL), NULL);
        assert_int_equal(f->confs, confs);
        assert_int_equal(f->errors, errors);
}

static void tells_of_a_rewritten_kubeconfig(void **state)
{
        struct watch_fixture *f = test_fixture(state);

        test_write_file(test_dir(state), "kube/config", KC_HEAD KC_CONTEXT("one"));
        start(state);
        expect(f, 0, 0);
        test_write_file(test_dir(state), "kube/config", KC);
        expect(f, 1, 0);
        assert_int_equal(f->conf->fleets[0].n_members, 2);
        /* The same contents again are no change. */
        test_write_file(test_dir(state), "kube/config", KC);
        expect(f, 1, 0);
}

static void tells_of_a_file_renamed_over_it(void **state)
{
        struct watch_fixture *f = test_fixture(state);
        char from[160];

        test_write_file(test_dir(state), "kube/config", KC_HEAD KC_CONTEXT("one"));
        start(state);
        test_write_file(test_dir(state), "kube/config.tmp", KC);
        (void)snprintf(from, sizeof(from), "%s.tmp", f->kc);
        assert_int_equal(rename(from, f->kc), 0);
        expect(f, 1, 0);
}

/* A ConfigMap's volume: config -> ..data/config, ..data -> ..1, swapped by a rename. */
static void tells_of_a_swapped_symlink(void **state)
{
        struct watch_fixture *f = test_fixture(state);
        char data[160], fresh[160];

        test_write_file(test_dir(state), "kube/..1/config", KC_HEAD KC_CONTEXT("one"));
        test_write_file(test_dir(state), "kube/..2/config", KC);
        (void)snprintf(data, sizeof(data), "%s/kube/..data", test_dir(state));
        (void)snprintf(fresh, sizeof(fresh), "%s/kube/..fresh", test_dir(state));
        assert_int_equal(symlink("..1", data), 0);
        assert_int_equal(symlink("..data/config", f->kc), 0);
        start(state);
        assert_int_equal(symlink("..2", fresh), 0);
        assert_int_equal(rename(fresh, data), 0);
        expect(f, 1, 0);
        assert_int_equal(f->conf->fleets[0].n_members, 2);
}

static void tells_of_a_change_behind_a_symlink(void **state)
{
        struct watch_fixture *f = test_fixture(state);

        test_write_file(test_dir(state), "real/config", KC_HEAD KC_CONTEXT("one"));
        test_write_file(test_dir(state), "kube/x", "");
        assert_int_equal(symlink("../real/config", f->kc), 0);
        start(state);
        test_write_file(test_dir(state), "real/config", KC);
        expect(f, 1, 0);
}

static void tells_of_the_first_fleet_file_and_of_the_last(void **state)
{
        struct watch_fixture *f = test_fixture(state);
        char path[160];

        test_write_file(test_dir(state), "kube/config", KC);
        start(state);
        assert_string_equal(f->conf->fleets[0].name, "default");
        /* Not even its folder is there yet. */
        test_write_file(test_dir(state), "etc/fleets/a.yaml",
                FLEET("prod", REF("eu")) "---\n" CLUSTER("eu", "context: one"));
        expect(f, 1, 0);
        assert_string_equal(f->conf->fleets[0].name, "prod");
        (void)snprintf(path, sizeof(path), "%s/a.yaml", f->fleets);
        assert_int_equal(remove(path), 0);
        expect(f, 2, 0);
        assert_string_equal(f->conf->fleets[0].name, "default");
}

static void keeps_the_old_one_when_the_new_is_wrong(void **state)
{
        struct watch_fixture *f = test_fixture(state);

        test_write_file(test_dir(state), "kube/config", KC);
        start(state);
        test_write_file(test_dir(state), "kube/config", "kind: Pod\n");
        expect(f, 0, 1);
        assert_err(&f->err, -EINVAL, "kind is Pod");
        assert_int_equal(f->conf->fleets[0].n_members, 2);
        /* The same mistake again is told once, but always after a reload by hand. */
        test_write_file(test_dir(state), "kube/config", "kind: Pod\n# still\n");
        expect(f, 0, 1);
        fleetconf_watch_reload(f->watch);
        expect(f, 0, 2);
        /* Repaired to what it was: told, because the error is over. */
        test_write_file(test_dir(state), "kube/config", KC);
        expect(f, 1, 2);
}

static void tells_of_a_file_that_vanishes_and_comes_back(void **state)
{
        struct watch_fixture *f = test_fixture(state);

        test_write_file(test_dir(state), "kube/config", KC);
        start(state);
        assert_int_equal(remove(f->kc), 0);
        expect(f, 0, 1);
        assert_err(&f->err, -ENOENT, "does not exist");
        test_write_file(test_dir(state), "kube/config", KC_HEAD KC_CONTEXT("one"));
        expect(f, 1, 1);
}

static void finds_what_changed_before_it_began(void **state)
{
        struct watch_fixture *f = test_fixture(state);
        struct err err = ERR_INIT;

        test_write_file(test_dir(state), "kube/config", KC);
        assert_ok(fleetconf_load(&f->src, &f->conf, &err), &err);
        test_write_file(test_dir(state), "kube/config", KC_HEAD KC_CONTEXT("one"));
        assert_ok(fleetconf_watch_new(&f->watch, f->loop, &f->src, f->conf, on_changed, f, &err),
                &err);
        expect(f, 1, 0);
        assert_int_equal(f->conf->fleets[0].n_members, 1);
}

static void uses_the_names_it_was_told_of(void **state)
{
        static const struct fleetconf_known known[] = { { "gone/one", "one" } };
        struct watch_fixture *f = test_fixture(state);

        test_write_file(test_dir(state), "kube/config", KC_HEAD KC_CONTEXT("two"));
        start(state);
        assert_int_equal(fleetconf_watch_known(f->watch, known, ARRAY_SIZE(known)), 0);
        test_write_file(test_dir(state), "kube/config", KC);
        expect(f, 1, 0);
        assert_string_equal(f->conf->fleets[0].members[0].name, "one-2");
}

static void may_be_freed_from_its_callback(void **state)
{
        struct watch_fixture *f = test_fixture(state);

        test_write_file(test_dir(state), "kube/config", KC_HEAD KC_CONTEXT("one"));
        start(state);
        f->free_in_callback = true;
        test_write_file(test_dir(state), "kube/config", KC);
        expect(f, 1, 0);
        assert_null(f->watch);
}

#define TEST_WATCH(fn) TEST_WITH(fn, watch_setup, watch_teardown)

int main(void)
{
        TEST_ROWS_WITH(compares, diffs, test_dir_setup, test_dir_teardown);
        TEST_IN_DIR(compares_with_nothing);
        TEST_WATCH(tells_of_a_rewritten_kubeconfig);
        TEST_WATCH(tells_of_a_file_renamed_over_it);
        TEST_WATCH(tells_of_a_swapped_symlink);
        TEST_WATCH(tells_of_a_change_behind_a_symlink);
        TEST_WATCH(tells_of_the_first_fleet_file_and_of_the_last);
        TEST_WATCH(keeps_the_old_one_when_the_new_is_wrong);
        TEST_WATCH(tells_of_a_file_that_vanishes_and_comes_back);
        TEST_WATCH(finds_what_changed_before_it_began);
        TEST_WATCH(uses_the_names_it_was_told_of);
        TEST_WATCH(may_be_freed_from_its_callback);
        return test_run("fleetconf_watch");
}
