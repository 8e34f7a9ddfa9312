/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every file of the tree says about the fleet of show_fixture.h. The renderings that people and
 * programs read are kept in tests/golden/; FLEETFS_GOLDEN_UPDATE=1 writes them anew.
 */
#include <ctype.h>
#include <errno.h>

#include <jansson.h>

#include "base/utf8.h"
#include "fs/show.h"
#include "fs/texts.h"
#include "tests/unit/show_fixture.h"

static int setup(void **state)
{
        (void)state;
        if (fixture_begin() < 0)
                return -1;
        fixture_fill(&model);
        return 0;
}

/* ---------------------------------------------------------------- every file */

static bool ends_with(const char *s, const char *end)
{
        return strlen(s) >= strlen(end) && strcmp(s + strlen(s) - strlen(end), end) == 0;
}

static void check_text(const char *path, const char *text, size_t len)
{
        if (len > 0 && text[len - 1] != '\n')
                fail_msg("%s does not end with a newline", path);
        if (strlen(text) != len || utf8_valid_prefix(text, len) != len)
                fail_msg("%s is no text", path);
        for (size_t i = 0; i < len; i++)
                if (((unsigned char)text[i] < ' ' && text[i] != '\n') || text[i] == 0x7f)
                        fail_msg("%s has a control character at %zu: %s", path, i, text);
}

static void check_lines(const char *path, const char *text)
{
        while (*text != '\0') {
                size_t len = strcspn(text, "\n");

                if (show_width(text, len) > SHOW_WIDTH)
                        fail_msg("%s is too wide: %.*s", path, (int)len, text);
                if (len > 0 && text[len - 1] == ' ')
                        fail_msg("%s has blanks at the end of: %.*s", path, (int)len, text);
                text += len + (text[len] != '\0');
        }
}

static void check_sorted(const char *path, json_t *v)
{
        const char *key, *last = NULL;
        json_t *item;
        size_t i;

        json_object_foreach (v, key, item) {
                if (last != NULL && strcmp(last, key) >= 0)
                        fail_msg("%s: \"%s\" comes after \"%s\"", path, key, last);
                last = key;
                check_sorted(path, item);
        }
        json_array_foreach (v, i, item)
                check_sorted(path, item);
}

static json_t *load_json(const char *path)
{
        _cleanup_(buf_done) struct buf out = BUF_INIT(LIMIT_RENDERED_BYTES);
        json_error_t e;
        json_t *v;

        assert_int_equal(fixture_render(&model, path, &out), 0);
        v = json_loadb(out.data, out.len, JSON_REJECT_DUPLICATES, &e);
        if (v == NULL)
                fail_msg("%s: %s in %s", path, e.text, out.data);
        return v;
}

static void check_file(void *arg, const char *path, const struct node *n)
{
        _cleanup_(buf_done) struct buf out = BUF_INIT(LIMIT_RENDERED_BYTES);
        size_t *files = arg;

        if (n->row->kind != NODE_FILE && n->row->kind != NODE_CTL)
                return;
        (*files)++;
        assert_int_equal(node_render(n, &out), 0);
        if (!ends_with(path, ".json"))
                check_text(path, out.data, out.len);
        if (ends_with(path, ".json")) {
                json_t *v = load_json(path);

                check_sorted(path, v);
                json_decref(v);
        } else if (ends_with(path, ".txt") || n->row->kind == NODE_CTL) {
                check_lines(path, out.data);
        } else if (strchr(strrchr(path, '/') != NULL ? strrchr(path, '/') : path, '.') == NULL) {
                if (out.len > 0 && strchr(out.data, '\n') != out.data + out.len - 1)
                        fail_msg("%s has more than one line: %s", path, out.data);
        }
}

static void every_file_is_clean(void **state)
{
        size_t files = 0;

        (void)state;
        fixture_walk(&model, check_file, &files);
        assert_true(files > 1500);
}

/* ---------------------------------------------------------------- not of the clock */

static int64_t far_future(void)
{
        return T0 + 400 * 86400;
}

static int64_t far_future_ms(void)
{
        return INT64_C(400) * 86400 * 1000;
}

struct digest {
        uint64_t h;
        size_t n;
};

static void digest_file(void *arg, const char *path, const struct node *n)
{
        struct digest *d = arg;
        _cleanup_(buf_done) struct buf out = BUF_INIT(LIMIT_RENDERED_BYTES);

        if (n->row->kind == NODE_DIR || n->row->kind == NODE_LOG)
                return;
        assert_int_equal(node_render(n, &out), 0);
        for (size_t i = 0; i < out.len; i++)
                d->h = (d->h ^ (unsigned char)out.data[i]) * UINT64_C(1099511628211);
        d->h += (uint64_t)node_mtime(n);
        d->n++;
}

static void no_file_depends_on_the_clock(void **state)
{
        const struct clock_source later = { far_future, far_future_ms };
        struct digest now = { 0 }, then = { 0 };

        (void)state;
        fixture_walk(&model, digest_file, &now);
        clock_set_for_tests(&later);
        fixture_walk(&model, digest_file, &then);
        clock_set_for_tests(NULL);
        assert_int_equal(now.n, then.n);
        assert_true(now.h == then.h);
}

/* ---------------------------------------------------------------- the same words */

/* A one-value file says what the JSON beside it says: camel case for lower_snake. */
static void check_value(void *arg, const char *path, const struct node *n)
{
        _cleanup_(buf_done) struct buf out = BUF_INIT(LIMIT_RENDERED_BYTES);
        char json_path[4096], key[128];
        const char *name = strrchr(path, '/');
        size_t *checked = arg, k = 0;
        char text[2048];
        json_t *doc, *v;
        struct node beside;
        static const char *const other[][2] = { { "api_version", "kubernetesVersion" }, { "sync_period", "backupSyncPeriod" },
                { "url", "s3Url" }, { "source_k8s", "sourceKubernetes" }, { "schedule", "cron" } };

        if (name == NULL || n->row->kind != NODE_FILE || strchr(name, '.') != NULL || strcmp(name, "/progress") == 0)
                return;
        snprintf(json_path, sizeof(json_path), "%.*s/status.json", (int)(name - path), path);
        if (fixture_resolve(&model, json_path, &beside, 0) < 0)
                return;
        for (const char *p = name + 1; *p != '\0'; p++)
                key[k++] = *p == '_' ? (char)toupper((unsigned char)*++p) : *p;
        key[k] = '\0';
        for (size_t i = 0; i < ARRAY_SIZE(other); i++)
                /* A Velero Schedule's "schedule" is its own. */
                if (strcmp(other[i][0], name + 1) == 0 && strstr(path, "/schedules/") == NULL)
                        snprintf(key, sizeof(key), "%s", other[i][1]);
        doc = load_json(json_path);
        v = json_object_get(doc, key);
        if (v == NULL)
                fail_msg("%s has no %s", json_path, key);
        assert_int_equal(node_render(n, &out), 0);
        switch (json_typeof(v)) {
        case JSON_STRING:
                snprintf(text, sizeof(text), "%s\n", json_string_value(v));
                for (char *p = text; p[0] != '\0' && p[1] != '\0'; p++)
                        if ((unsigned char)*p < ' ')
                                *p = ' ';
                break;
        case JSON_INTEGER:
                snprintf(text, sizeof(text), "%lld\n", (long long)json_integer_value(v));
                break;
        case JSON_TRUE:
        case JSON_FALSE:
                snprintf(text, sizeof(text), "%d\n", json_is_true(v));
                break;
        default:
                text[0] = '\0';
        }
        if (strcmp(text, out.data) != 0)
                fail_msg("%s says %s, %s says %s", path, out.data, json_path, text);
        (*checked)++;
        json_decref(doc);
}

static void values_and_json_say_the_same(void **state)
{
        size_t checked = 0;

        (void)state;
        fixture_walk(&model, check_value, &checked);
        assert_true(checked > 1000);
}

/* The word after "state:" is the phase, with the mark where the stale file says 1. */
static void check_state(void *arg, const char *path, const struct node *n)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(LIMIT_RENDERED_BYTES);
        _cleanup_(buf_done) struct buf phase = BUF_INIT(4096);
        char beside[4096];
        size_t *checked = arg;

        if (!ends_with(path, "/status.txt"))
                return;
        snprintf(beside, sizeof(beside), "%.*sphase", (int)(strlen(path) - strlen("status.txt")), path);
        if (fixture_render(&model, beside, &phase) < 0)
                return;
        assert_int_equal(node_render(n, &text), 0);
        buf_truncate(&phase, phase.len - 1);
        if (strncmp(text.data, "state:  ", 8) != 0 || strncmp(text.data + 8, phase.data, phase.len) != 0)
                fail_msg("%s does not begin with phase %s: %s", path, phase.data, text.data);
        (*checked)++;
}

static void first_words_are_the_phase(void **state)
{
        size_t checked = 0;

        (void)state;
        fixture_walk(&model, check_state, &checked);
        assert_true(checked > 40);
}

/* ---------------------------------------------------------------- actions */

/* Every path that an action names leads somewhere from where the file is. */
static void check_actions(void *arg, const char *path, const struct node *n)
{
        _cleanup_(buf_done) struct buf out = BUF_INIT(LIMIT_RENDERED_BYTES);
        size_t *checked = arg;
        const char *p;

        if (n->row->kind != NODE_FILE || !ends_with(path, "status.txt"))
                return;
        assert_int_equal(node_render(n, &out), 0);
        for (p = out.data; p != NULL && *p != '\0'; p = strchr(p, '\n'), p = p != NULL ? p + 1 : NULL) {
                char line[1024], *save = NULL, *word, *before = NULL;

                snprintf(line, sizeof(line), "%.*s", (int)strcspn(p, "\n"), p);
                for (word = strtok_r(line, " ", &save); word != NULL; before = word, word = strtok_r(NULL, " ", &save)) {
                        char target[8192];
                        struct node found;

                        if (before == NULL || (strcmp(before, "cat") != 0 && strcmp(before, ">") != 0))
                                continue;
                        if (strncmp(word, "FLEET", 5) == 0)
                                continue;
                        /* As a shell has it: any one of them. */
                        snprintf(target, sizeof(target), "%.*s%s", (int)(strrchr(path, '/') - path + 1), path,
                                strstr(word, "/*/") != NULL ? "../../clusters/eu-1/labels.json" : word);
                        if (fixture_resolve(&model, target, &found, 0) < 0)
                                fail_msg("%s names %s, which is not there", path, word);
                        (*checked)++;
                }
        }
}

static void actions_lead_somewhere(void **state)
{
        size_t checked = 0;

        (void)state;
        fixture_walk(&model, check_actions, &checked);
        assert_true(checked > 30);
}

/* ---------------------------------------------------------------- golden files */

static const struct golden {
        const char *name; /* of the test, and of the file in tests/golden/ */
        const char *path;
} goldens[] = {
        { "fleet.status.txt", "prod/status.txt" },
        { "fleet.status.json", "prod/status.json" },
        { "cluster-good.status.txt", "prod/clusters/eu-1/status.txt" },
        { "cluster-storage.status.txt", "prod/clusters/us-1/status.txt" },
        { "cluster-away.status.txt", "prod/clusters/lab-2/status.txt" },
        { "cluster-away.status.json", "prod/clusters/lab-2/status.json" },
        { "cluster-away.error.txt", "prod/clusters/lab-2/error.txt" },
        { "backup-failed.status.txt", "prod/backups/nightly/status.txt" },
        { "backup-failed.status.json", "prod/backups/nightly/status.json" },
        { "backup-failed.kurator.yaml", "prod/backups/nightly/kurator.yaml" },
        { "backup-failed.error.txt", "prod/backups/nightly/error.txt" },
        { "backup-failed.warnings.txt", "prod/backups/nightly/warnings.txt" },
        { "backup-failed.run.status.txt", "prod/backups/nightly/runs/20260831-020003Z/status.txt" },
        { "backup-failed.run.status.json", "prod/backups/nightly/runs/20260831-020003Z/status.json" },
        { "backup-failed.task.status.txt", "prod/backups/nightly/runs/latest/clusters/us-1/status.txt" },
        { "backup-failed.task.status.json", "prod/backups/nightly/runs/latest/clusters/us-1/status.json" },
        { "backup-failed.task.error.txt", "prod/backups/nightly/runs/latest/clusters/us-1/error.txt" },
        { "backup-pending.task.status.txt", "prod/backups/nightly/runs/latest/clusters/lab-2/status.txt" },
        { "backup-completed.status.txt", "prod/backups/weekly/status.txt" },
        { "backup-gone.status.txt", "prod/backups/gone/status.txt" },
        { "backup-stale.status.txt", "prod/backups/away/status.txt" },
        { "backup-stale.kurator.yaml", "prod/backups/away/kurator.yaml" },
        { "backup-running.status.txt", "prod/backups/running/status.txt" },
        { "backup-waiting.status.txt", "prod/backups/waiting/status.txt" },
        { "backup-refused-there.status.txt", "prod/backups/refused-there/status.txt" },
        { "backup-refused-there.error.txt", "prod/backups/refused-there/error.txt" },
        { "backup-parts.status.txt", "prod/backups/parts/status.txt" },
        { "backup-removed.status.txt", "prod/backups/removed/status.txt" },
        { "backup-theirs.status.txt", "prod/backups/theirs/status.txt" },
        { "backup-interrupted.status.txt", "prod/backups/interrupted/status.txt" },
        { "backup-accepted.status.txt", "prod/backups/accepted/status.txt" },
        { "schedule-overdue.status.txt", "prod/backups/daily/status.txt" },
        { "schedule-overdue.status.json", "prod/backups/daily/status.json" },
        { "schedule-overdue.error.txt", "prod/backups/daily/error.txt" },
        { "schedule-overdue.kurator.yaml", "prod/backups/daily/kurator.yaml" },
        { "schedule-running.status.txt", "prod/backups/at-work/status.txt" },
        { "schedule-running.run.status.txt", "prod/backups/at-work/runs/latest/status.txt" },
        { "schedule-running.run.status.json", "prod/backups/at-work/runs/latest/status.json" },
        { "schedule-running.progress", "prod/backups/at-work/progress" },
        { "schedule-queued.status.txt", "prod/backups/queued/status.txt" },
        { "schedule-protected.status.txt", "prod/backups/in-order/status.txt" },
        { "schedule-protected.kurator.yaml", "prod/backups/in-order/kurator.yaml" },
        { "schedule-drifted.status.txt", "prod/backups/drifted/status.txt" },
        { "schedule-drifted.status.json", "prod/backups/drifted/status.json" },
        { "schedule-paused.status.txt", "prod/backups/paused/status.txt" },
        { "schedule-fresh.status.txt", "prod/backups/fresh/status.txt" },
        { "schedule-fresh.kurator.yaml", "prod/backups/fresh/kurator.yaml" },
        { "schedule-run-by-hand.status.txt", "prod/backups/by-hand/status.txt" },
        { "schedule-nowhere.status.txt", "prod/backups/nowhere/status.txt" },
        { "schedule-removed.status.txt", "prod/backups/ended/status.txt" },
        { "backup.refused.error.txt", "prod/backups/rejected.error.txt" },
        { "backup-in-force.refused.error.txt", "prod/backups/nightly.error.txt" },
        { "backup.ctl", "prod/backups/nightly/ctl" },
        { "backup-removed.ctl", "prod/backups/removed/ctl" },
        { "backup-interrupted.ctl", "prod/backups/interrupted/ctl" },
        { "schedule.ctl", "prod/backups/daily/ctl" },
        { "migration.ctl", "prod/migrations/m1/ctl" },
        { "migration-draft.ctl", "prod/migrations/m2/ctl" },
        { "restore.status.txt", "prod/restores/undo/status.txt" },
        { "restore.status.json", "prod/restores/undo/status.json" },
        { "restore.kurator.yaml", "prod/restores/undo/kurator.yaml" },
        { "restore.error.txt", "prod/restores/undo/error.txt" },
        { "restore.warnings.txt", "prod/restores/undo/warnings.txt" },
        { "restore.task.status.txt", "prod/restores/undo/clusters/us-1/status.txt" },
        { "restore-draft.status.txt", "prod/restores/shop@latest/status.txt" },
        { "migration.status.txt", "prod/migrations/m1/status.txt" },
        { "migration.status.json", "prod/migrations/m1/status.json" },
        { "migration.error.txt", "prod/migrations/m1/error.txt" },
        { "migration-draft.status.txt", "prod/migrations/m2/status.txt" },
        { "migration-completed.status.txt", "prod/migrations/m3/status.txt" },
        { "migration-completed.kurator.yaml", "prod/migrations/m3/kurator.yaml" },
        { "velero-backup.status.json", "prod/clusters/eu-1/backups/weekly-eu-1-a1b2c3-1788228003/status.json" },
        { "storage.status.json", "prod/clusters/us-1/storage/default/status.json" },
};

#define GOLDEN_UPDATE "FLEETFS_GOLDEN_UPDATE=1 meson test -C build test_show writes it anew"

static void renders(void **state)
{
        const struct golden *g = test_row(state);
        _cleanup_(buf_done) struct buf out = BUF_INIT(LIMIT_RENDERED_BYTES), expected = BUF_INIT(LIMIT_RENDERED_BYTES);
        const char *dir = getenv("FLEETFS_GOLDEN");
        char path[4096], chunk[4096];
        size_t n;
        FILE *f;

        assert_non_null(dir);
        snprintf(path, sizeof(path), "%s/%s", dir, g->name);
        assert_int_equal(fixture_render(&model, g->path, &out), 0);
        if (getenv("FLEETFS_GOLDEN_UPDATE") != NULL) {
                f = fopen(path, "w");
                assert_non_null(f);
                assert_int_equal(fwrite(out.data, 1, out.len, f), out.len);
                assert_int_equal(fclose(f), 0);
                return;
        }
        f = fopen(path, "r");
        if (f == NULL)
                fail_msg("there is no tests/golden/%s; " GOLDEN_UPDATE, g->name);
        while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
                buf_append(&expected, chunk, n);
        fclose(f);
        if (!test_same_text_(out.data, expected.data))
                fail_msg("tests/golden/%s is not what %s says now; " GOLDEN_UPDATE, g->name, g->path);
}

int main(void)
{
        TEST_WITH(every_file_is_clean, setup, fixture_teardown);
        TEST_WITH(no_file_depends_on_the_clock, setup, fixture_teardown);
        TEST_WITH(values_and_json_say_the_same, setup, fixture_teardown);
        TEST_WITH(first_words_are_the_phase, setup, fixture_teardown);
        TEST_WITH(actions_lead_somewhere, setup, fixture_teardown);
        TEST_ROWS_WITH(renders, goldens, setup, fixture_teardown);
        return test_run("show");
}
