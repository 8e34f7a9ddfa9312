/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The status files of a fleet, and of a policy's run over it, rendered from the model; against
 * jansson, which prints a tree that it has of the same status.json.
 *
 *         bench-render CLUSTERS ROUNDS
 *
 * Prints fleet_text_us, fleet_json_us, object_text_us, object_json_us, of a policy with a schedule
 * and 30 runs schedule_text_us, schedule_json_us and schedule_kurator_us, peer_fleet_us, peer_object_us and the
 * sizes of the seven files. The times are of the processor: who else wants it is not of interest here.
 */
#include <jansson.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/timefmt.h"
#include "fs/node.h"
#include "ops/policy.h"
#include "tests/bench/bench.h"
#include "tests/support/node_walk.h"

enum { FLEET_TEXT, FLEET_JSON, OBJECT_TEXT, OBJECT_JSON, SCHEDULE_TEXT, SCHEDULE_JSON, SCHEDULE_KURATOR, FILES };
enum { SCHEDULE_RUNS = 30 };

static const struct {
        const char *key;
        const char *names[4];
        size_t n;
} files[FILES] = {
        [FLEET_TEXT] = { "fleet_text", { "prod", "status.txt" }, 2 },
        [FLEET_JSON] = { "fleet_json", { "prod", "status.json" }, 2 },
        [OBJECT_TEXT] = { "object_text", { "prod", "backups", "nightly", "status.txt" }, 4 },
        [OBJECT_JSON] = { "object_json", { "prod", "backups", "nightly", "status.json" }, 4 },
        [SCHEDULE_TEXT] = { "schedule_text", { "prod", "backups", "daily", "status.txt" }, 4 },
        [SCHEDULE_JSON] = { "schedule_json", { "prod", "backups", "daily", "status.json" }, 4 },
        [SCHEDULE_KURATOR] = { "schedule_kurator", { "prod", "backups", "daily", "kurator.yaml" }, 4 },
};

static char *format(const char *fmt, size_t i)
{
        char *s;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        if (asprintf(&s, fmt, i) < 0)
                bench_die("out of memory");
#pragma GCC diagnostic pop
        return s;
}

static void fill_member(struct fleet *f, size_t i)
{
        _cleanup_(freep) char *name = format("cluster-%zu", i);
        struct member *c = fleet_add_member(f, name);

        c->health = i % 100 == 7 ? MEMBER_UNREACHABLE : MEMBER_READY;
        c->reachable = c->health == MEMBER_READY;
        c->stale = !c->reachable;
        c->since = c->seen = c->changed = 1788220860;
        c->context = format("admin@cluster-%zu", i);
        c->server = format("https://10.0.0.1:%zu", 10000 + i);
        c->api_version = format("v1.34.2", i);
        c->velero_version = format("v1.18.3", i);
        c->velero_namespace = format("velero", i);
        if (!c->reachable) {
                c->reason = format("connect to 10.0.0.1 port %zu: connection refused", 10000 + i);
                snprintf(c->code, sizeof(c->code), "FLT-0301");
        }
}

static void fill_task(struct run *r, size_t i)
{
        _cleanup_(freep) char *name = format("cluster-%zu", i);
        struct task *t = run_add_task(r, TASK_BACKUP, name);

        t->state = TASK_POSTED;
        t->phase = i % 100 == 7 ? PHASE_FAILED : i % 10 == 3 ? PHASE_IN_PROGRESS : PHASE_COMPLETED;
        t->started = 1788220860;
        t->completed = t->phase == PHASE_IN_PROGRESS ? 0 : 1788220990;
        t->items_total = 198;
        t->items_done = t->phase == PHASE_IN_PROGRESS ? 70 : 198;
        snprintf(t->velero_name, sizeof(t->velero_name), "nightly-%s-1a2b3c-20260901020003", name);
        if (t->phase == PHASE_FAILED) {
                t->reason = format("Velero could not write to the bucket of cluster %zu", i);
                snprintf(t->code, sizeof(t->code), "FLT-0410");
        }
}

/* kurator.yaml has the policy as it is understood. */
static void fill_policy(struct object *o)
{
        static const char text[] = "schedule: 0 2 * * *\npolicy:\n  resourceFilter: {includedNamespaces: [shop]}\n";
        const struct policy_env env = { .fleet = "prod" };
        struct err err = ERR_INIT;

        if (document_set(&o->in_force, text, strlen(text), "yaml", 1) < 0 ||
                policy_parse(POLICY_BACKUP, o->name, text, strlen(text), &env, &o->policy, &err) < 0)
                bench_die("%s", err.msg);
}

static void fill_schedule(struct fleet *f, size_t clusters)
{
        struct object *o = fleet_add_object(f, OBJECT_BACKUP, "daily");
        struct run *standing = object_add_standing(o);

        fill_policy(o);
        for (size_t i = 0; i < SCHEDULE_RUNS; i++) {
                char id[STAMP_SIZE];
                struct run *r = object_add_run(o, stamp_format_run(id, 1788228003 + 86400 * (int64_t)i));

                for (size_t k = 0; k < clusters; k++)
                        fill_task(r, k);
                r->phase = PHASE_FAILED;
        }
        for (size_t i = 0; i < clusters; i++) {
                _cleanup_(freep) char *name = format("cluster-%zu", i);
                struct task *t = run_add_task(standing, TASK_SCHEDULE, name);

                t->state = TASK_POSTED;
                t->phase = i % 100 == 7 ? PHASE_FAILED : PHASE_PROTECTED;
                task_reach(t)->last_attempt = task_reach(t)->last_success = 1788228003 + 86400 * (SCHEDULE_RUNS - 1);
                task_reach(t)->next_run = task_reach(t)->last_attempt + 86400;
                memcpy(task_reach(t)->last_run, o->runs[o->n_runs - 1]->id, sizeof(task_reach(t)->last_run));
                snprintf(t->velero_name, sizeof(t->velero_name), "daily-%s-1a2b3c", name);
                if (t->phase == PHASE_FAILED)
                        t->reason = format("the last backup that ended is Failed: see runs/", i);
        }
        o->phase = standing->phase = PHASE_FAILED;
}

static void fill(struct model *m, size_t clusters)
{
        struct object *o;
        struct fleet *f;
        struct run *r;

        model_write_begin(m);
        f = model_add_fleet(m, "prod");
        for (size_t i = 0; i < clusters; i++)
                fill_member(f, i);
        o = fleet_add_object(f, OBJECT_BACKUP, "nightly");
        document_set(&o->in_force, "spec: {}\n", 9, "yaml", 1);
        r = object_add_run(o, "20260901-020003Z");
        for (size_t i = 0; i < clusters; i++)
                fill_task(r, i);
        o->phase = r->phase = PHASE_FAILED;
        fill_schedule(f, clusters);
        model_write_end(m);
}

static int64_t render(struct model *m, int file, struct buf *out)
{
        const struct node_root root = { .table = &root_table, .model = m };
        int64_t start = bench_cpu_ns();
        struct node n;
        int r;

        buf_reset(out);
        model_read_begin(m);
        r = node_walk(&root, files[file].names, files[file].n, &n);
        if (r == 0)
                r = node_render(&n, out);
        model_read_end(m);
        if (r < 0)
                bench_die("%s: %s", files[file].key, strerror(-r));
        return bench_cpu_ns() - start;
}

static int64_t print(const json_t *tree)
{
        int64_t start = bench_cpu_ns();
        char *text = json_dumps(tree, JSON_INDENT(2));

        if (text == NULL)
                bench_die("jansson does not print");
        free(text);
        return bench_cpu_ns() - start;
}

int main(int argc, char **argv)
{
        struct buf out = BUF_INIT(LIMIT_RENDERED_BYTES);
        int64_t *times[FILES], *peers[2];
        json_t *trees[2];
        struct model m = { 0 };
        struct err err = ERR_INIT;
        size_t clusters, rounds;

        if (argc != 3)
                bench_die("usage: bench-render CLUSTERS ROUNDS");
        clusters = bench_number("CLUSTERS", argv[1]);
        rounds = bench_number("ROUNDS", argv[2]);
        if (model_init(&m, &err) < 0)
                bench_die("%s", err.msg);
        fill(&m, clusters);
        for (int k = 0; k < FILES; k++)
                times[k] = calloc(rounds, sizeof(int64_t));
        for (int k = 0; k < 2; k++) {
                peers[k] = calloc(rounds, sizeof(int64_t));
                render(&m, k == 0 ? FLEET_JSON : OBJECT_JSON, &out);
                trees[k] = json_loadb(out.data, out.len, 0, NULL);
                if (trees[k] == NULL)
                        bench_die("%s is no JSON", files[k == 0 ? FLEET_JSON : OBJECT_JSON].key);
        }
        for (size_t i = 0; i < rounds; i++) {
                for (int k = 0; k < FILES; k++)
                        times[k][i] = render(&m, k, &out);
                for (int k = 0; k < 2; k++)
                        peers[k][i] = print(trees[k]);
        }
        for (int k = 0; k < FILES; k++) {
                render(&m, k, &out);
                printf("%s_us %lld\n%s_bytes %zu\n", files[k].key,
                        (long long)bench_median(times[k], rounds) / 1000, files[k].key, out.len);
        }
        printf("peer_fleet_us %lld\npeer_object_us %lld\n",
                (long long)bench_median(peers[0], rounds) / 1000,
                (long long)bench_median(peers[1], rounds) / 1000);
        json_decref(trees[0]);
        json_decref(trees[1]);
        model_done(&m);
        buf_done(&out);
        return 0;
}
