/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * An engine on a simulated fleet of its own (tests/sim): three clusters, eu-1 us-1 ap-1. The engine runs on the test's
 * thread, round by round, so that a test may look at, and stop it at, any point. A crash is an engine that is gone without
 * having stored what it would at its end.
 */
#include "tests/unit/sim_fixture.h"

#include <jansson.h>

#include "ops/acting.h"
#include "ops/engine.h"
#include "ops/engine_private.h"
#include "ops/fleetconf.h"
#include "ops/member.h"
#include "ops/object.h"
#include "ops/rollup.h"
#include "ops/task.h"

/* What readers may look at of a task, as the last write section left it. */
struct ops_seen {
        const struct task *task;
        uint64_t digest;
};

struct ops_fixture {
        struct sim_fixture *sim; /* its program, its folder; the loop and clients in it are not used */
        char state_dir[96], fleet_file[96];
        struct fleetconf_source source;
        struct engine_options options;
        struct engine *engine;
        struct fleet *fleet;
        size_t changes; /* told to the listener */
};

/* ---------------------------------------------------------------- nothing is written while readers may look */

static struct ops_seen *ops_seen;
static size_t ops_n_seen;
static bool ops_seen_valid;           /* a section ended, and none has begun since */
static unsigned ops_written_unlocked; /* tasks that were not as the section before had left them */

static inline uint64_t ops_mix(uint64_t h, const void *bytes, size_t len)
{
        const unsigned char *p = bytes;

        for (size_t i = 0; i < len; i++)
                h = (h ^ p[i]) * 0x100000001b3u;
        return h;
}

/* Also where a text is: one that was replaced by its equal was freed under its readers. */
static inline uint64_t ops_digest(const struct task *t)
{
        const char *const texts[] = { t->member, t->sub, t->velero_name, t->first_name, t->backup_name, t->location,
                t->phase_text, t->code, t->reason, t->hostpath };
        const int64_t numbers[] = { (int64_t)t->verb, (int64_t)t->state, (int64_t)t->step, (int64_t)t->phase, t->attempt,
                t->started, t->completed, t->since, t->items_done, t->items_total, t->errors, t->warnings, t->expires,
                t->unwanted, t->drifted };
        uint64_t h = ops_mix(0xcbf29ce484222325u, numbers, sizeof(numbers));

        for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
                h = ops_mix(h, &texts[i], sizeof(texts[i]));
                if (texts[i] != NULL)
                        h = ops_mix(h, texts[i], strlen(texts[i]) + 1);
        }
        return h;
}

static inline void ops_see(const struct task *t, size_t i, bool end)
{
        uint64_t digest = ops_digest(t);

        if (end) {
                ops_seen = realloc(ops_seen, (i + 1) * sizeof(*ops_seen));
                ops_seen[i] = (struct ops_seen){ t, digest };
                ops_n_seen = i + 1;
        } else if (ops_seen_valid && (i >= ops_n_seen || ops_seen[i].task != t || ops_seen[i].digest != digest)) {
                print_error("%s %s on %s was written while readers might look\n", object_kind_name(t->run->object->kind),
                        t->run->object->name, t->member);
                ops_written_unlocked++;
        }
}

static inline void ops_section(const struct model *m, bool end)
{
        size_t n = 0;

        if (end)
                ops_n_seen = 0;
        for (const struct fleet *f = m->fleets; f != NULL; f = f->hh.next)
                for (int k = 0; k < OBJECT_KINDS; k++)
                        for (const struct object *o = f->objects[k]; o != NULL; o = o->hh.next) {
                                for (size_t i = 0; i < o->n_runs; i++)
                                        for (size_t j = 0; j < o->runs[i]->n_tasks; j++)
                                                ops_see(o->runs[i]->tasks[j], n++, end);
                                for (size_t j = 0; o->standing != NULL && j < o->standing->n_tasks; j++)
                                        ops_see(o->standing->tasks[j], n++, end);
                        }
        ops_seen_valid = end;
}

static inline void ops_changes(void *arg, const struct change *changes, size_t n, void (*done)(void *), void *done_arg)
{
        struct ops_fixture *f = arg;

        f->changes += n;
        if (done != NULL)
                done(done_arg);
}

static inline void ops_open(struct ops_fixture *f)
{
        struct err err = ERR_INIT;

        f->source = (struct fleetconf_source){ .fleet_file = f->fleet_file };
        f->options.source = &f->source;
        f->options.state_dir = f->state_dir;
        assert_ok(engine_new(&f->engine, &f->options, &err), &err);
        engine_listen(f->engine, ops_changes, f);
        assert_ok(engine_load(f->engine, &err), &err);
        f->fleet = model_fleet(&f->engine->model, "prod");
        assert_non_null(f->fleet);
        ops_seen_valid = false;
        model_watch_sections_for_tests(ops_section);
}

static inline void ops_close(struct ops_fixture *f)
{
        engine_stop(f->engine);
        model_watch_sections_for_tests(NULL);
        engine_free(f->engine);
        f->engine = NULL;
}

/* The process dies: what is not in the store is lost. */
static inline void ops_crash(struct ops_fixture *f)
{
        f->engine->options.read_only = true; /* its end stores nothing */
        ops_close(f);
}

static inline void ops_restart(struct ops_fixture *f)
{
        ops_crash(f);
        ops_open(f);
}

static inline int ops_setup_with(void **state, const char *const *options)
{
        struct test_state *s = *state;
        struct ops_fixture *f;

        if (sim_setup_with(state, options) < 0)
                return -1;
        f = calloc(1, sizeof(*f));
        f->sim = s->fixture;
        s->fixture = f;
        snprintf(f->state_dir, sizeof(f->state_dir), "%s/state", s->dir);
        snprintf(f->fleet_file, sizeof(f->fleet_file), "%s/fleet.yaml", f->sim->sim_dir);
        f->options = (struct engine_options){ .start_deadline = 3600, .grace_unlink_ms = 100, .grace_rename_ms = 1000 };
        ops_open(f);
        return 0;
}

static inline int ops_setup(void **state)
{
        return ops_setup_with(state, (const char *const[]){ "--speed", "20", NULL });
}

static inline int ops_teardown(void **state)
{
        struct test_state *s = *state;
        struct ops_fixture *f = s->fixture;
        bool written = ops_written_unlocked > 0;

        if (f->engine != NULL)
                ops_close(f);
        s->fixture = f->sim;
        free(f);
        free(ops_seen);
        ops_seen = NULL;
        ops_n_seen = ops_written_unlocked = 0;
        return sim_teardown(state) < 0 || written ? -1 : 0;
}

static inline struct ops_fixture *ops_fixture(void **state)
{
        return test_fixture(state);
}

static inline void ops_ctl(struct ops_fixture *f, const char *cluster, const char *words)
{
        sim_ctl(f->sim, cluster, words);
}

/* What the fleet came to, for whoever reads why a test failed. */
static inline void ops_tell(const struct ops_fixture *f)
{
        struct member *c, *ctmp;
        struct object *o, *otmp;

        HASH_ITER (hh, f->fleet->members, c, ctmp)
                print_error("cluster %s: %s: %s\n", c->name, member_health_name(c->health), c->reason != NULL ? c->reason : "");
        for (int k = 0; k < OBJECT_KINDS; k++)
                HASH_ITER (hh, f->fleet->objects[k], o, otmp) {
                        const struct run *r = object_latest_run(o);

                        print_error("%s %s: %s\n", object_kind_name(o->kind), o->name, phase_text(o->phase));
                        for (size_t i = 0; r != NULL && i < r->n_tasks; i++)
                                print_error("  %s on %s: %s: %s\n", r->id, r->tasks[i]->member,
                                        task_phase_text(r->tasks[i]), r->tasks[i]->reason != NULL ? r->tasks[i]->reason : "");
                }
}

/* Rounds until it is so; fails with the text after SIM_WAIT_MS. */
#define ops_until(f, condition)                                                                          \
        do {                                                                                             \
                int64_t end_ = loop_now((f)->engine->loop) + SIM_WAIT_MS;                                \
                while (!(condition) && loop_now((f)->engine->loop) < end_)                               \
                        assert_ok(loop_run_once((f)->engine->loop, 20, NULL), NULL);                     \
                if (!(condition)) {                                                                      \
                        ops_tell(f);                                                                     \
                        fail_msg("%s:%d: never: %s", __FILE__, __LINE__, #condition);                    \
                }                                                                                        \
        } while (0)

static inline void ops_run_for(struct ops_fixture *f, int64_t ms)
{
        for (int64_t end = loop_now(f->engine->loop) + ms; loop_now(f->engine->loop) < end;)
                assert_ok(loop_run_once(f->engine->loop, 20, NULL), NULL);
}

static inline struct member *ops_member(struct ops_fixture *f, const char *name)
{
        struct member *c = fleet_member(f->fleet, name);

        assert_non_null(c);
        return c;
}

/* No Backup can be made there any more ("all": on no cluster), and the engine knows: Velero refuses for good what is posted
   before it does. */
static inline void ops_lose_location(struct ops_fixture *f, const char *cluster)
{
        struct member *c, *tmp;
        size_t n = 0;

        ops_ctl(f, cluster, "fault location-unavailable");
        HASH_ITER (hh, f->fleet->members, c, tmp)
                if (strcmp(cluster, "all") == 0 || strcmp(cluster, c->name) == 0) {
                        ops_until(f, c->velero[VELERO_LOCATION].v[0]->bsl->phase != VELERO_BSL_AVAILABLE);
                        n++;
                }
        assert_int_not_equal(n, 0);
}

static inline bool ops_all_ready(struct ops_fixture *f)
{
        struct member *c, *tmp;

        HASH_ITER (hh, f->fleet->members, c, tmp)
                if (!member_ready(c))
                        return false;
        return true;
}

/* As cp: written, closed, released. Returns what the close said. */
static inline int ops_write(struct ops_fixture *f, enum object_kind kind, const char *name, const char *text, struct err *err)
{
        const struct acting_file file = { .fleet = "prod", .kind = kind, .name = name, .ext = "yaml" };
        uint64_t write = 0;
        int r;

        (void)acting_create(f->engine, &file, NULL);
        r = acting_commit(f->engine, &file, text, strlen(text), 0, &write, err);
        engine_publish(f->engine);
        if (r == 0 && write != 0)
                r = acting_finish(f->engine, &file, write, 0, err);
        engine_publish(f->engine);
        return r;
}

/* A crash loses nothing. */
static inline bool ops_is_stored(const struct ops_fixture *f)
{
        const struct object *o, *tmp;

        for (int k = 0; k < OBJECT_KINDS; k++)
                HASH_ITER (hh, f->fleet->objects[k], o, tmp)
                        if (list_linked(&o->unstored))
                                return false;
        return !f->fleet->unstored;
}

static inline struct object *ops_object(struct ops_fixture *f, enum object_kind kind, const char *name)
{
        return fleet_object(f->fleet, kind, name);
}

/* "delete latest" is a shorthand of the tests: `ctl` wants the run's name. */
static inline int ops_verb(struct ops_fixture *f, enum object_kind kind, const char *name, const char *verb, struct err *err)
{
        const struct object *o = ops_object(f, kind, name);
        char text[64];
        int r;

        if (o != NULL && o->n_runs > 0 && strcmp(verb, "delete latest") == 0) {
                snprintf(text, sizeof(text), "delete %s", object_latest_run(o)->id);
                verb = text;
        }
        r = acting_ctl(f->engine, "prod", kind, name, verb, strlen(verb), err);
        engine_publish(f->engine);
        return r;
}

/* The task of the object's newest run on that cluster. */
static inline struct task *ops_task(struct ops_fixture *f, enum object_kind kind, const char *name, const char *cluster)
{
        struct object *o = ops_object(f, kind, name);
        struct run *r = o != NULL ? object_latest_run(o) : NULL;

        return r != NULL ? run_tasks_on(r, cluster) : NULL;
}

static inline enum phase ops_phase(struct ops_fixture *f, enum object_kind kind, const char *name)
{
        struct object *o = ops_object(f, kind, name);

        return o != NULL ? o->phase : PHASE_NONE;
}

/* How many Velero objects of that kind the cluster shows us for the policy. */
static inline unsigned ops_count(struct ops_fixture *f, const char *cluster, enum velero_kind kind, const char *policy)
{
        struct velero_object *v;
        unsigned n = 0;

        VELERO_EACH (v, &ops_member(f, cluster)->velero[kind])
                if (kind == VELERO_LOCATION ? strcmp(v->bsl->owner, f->engine->model.store_id) == 0 :
                                              strcmp(kind == VELERO_BACKUP ? v->backup->policy : v->restore->policy,
                                                      policy) == 0)
                        n++;
        return n;
}

/* What `fleetfs-sim ctl` says, as JSON; caller decrefs. */
static inline json_t *ops_ask(struct ops_fixture *f, const char *cluster, const char *words)
{
        char command[512];
        json_t *doc;
        FILE *p;

        snprintf(command, sizeof(command), "'%s' ctl '%s' %s %s", f->sim->program, f->sim->sim_dir, cluster, words);
        p = popen(command, "r");
        assert_non_null(p);
        doc = json_loadf(p, JSON_DECODE_ANY, NULL);
        assert_int_equal(pclose(p), 0);
        assert_non_null(doc);
        return doc;
}

/* How many objects of a resource the cluster holds with that label of ours ("" any). */
static inline unsigned ops_held(struct ops_fixture *f, const char *cluster, const char *resource, const char *label,
        const char *value)
{
        char words[128];
        json_t *list, *item;
        unsigned n = 0;
        size_t i;

        snprintf(words, sizeof(words), "objects %s", resource);
        list = ops_ask(f, cluster, words);
        json_array_foreach (list, i, item) {
                const char *have = json_string_value(
                        json_object_get(json_object_get(json_object_get(item, "metadata"), "labels"), label));
                n += label[0] == '\0' || (have != NULL && strcmp(have, value) == 0);
        }
        json_decref(list);
        return n;
}

/* How many requests for a resource the cluster has answered with a code between these. */
static inline unsigned ops_answered(struct ops_fixture *f, const char *cluster, const char *method, const char *resource,
        int from, int to)
{
        json_t *doc = ops_ask(f, cluster, "requests"), *count;
        unsigned n = 0;
        size_t i;

        json_array_foreach (json_object_get(doc, "counts"), i, count) {
                json_int_t code = json_integer_value(json_object_get(count, "code"));

                if (strcmp(json_string_value(json_object_get(count, "method")), method) == 0 &&
                        strcmp(json_string_value(json_object_get(count, "resource")), resource) == 0 && code >= from && code <= to)
                        n += (unsigned)json_integer_value(json_object_get(count, "count"));
        }
        json_decref(doc);
        return n;
}

/* … at all. */
static inline unsigned ops_requests(struct ops_fixture *f, const char *cluster, const char *method, const char *resource)
{
        return ops_answered(f, cluster, method, resource, 0, 999);
}

/* An object of the cluster as it stands, changed or made; consumes it. */
static inline void ops_put(struct ops_fixture *f, const char *cluster, json_t *object)
{
        char command[512];
        FILE *p;

        snprintf(command, sizeof(command), "'%s' ctl '%s' %s put >/dev/null", f->sim->program, f->sim->sim_dir, cluster);
        p = popen(command, "w");
        assert_non_null(p);
        assert_int_equal(json_dumpf(object, p, JSON_COMPACT), 0);
        assert_int_equal(pclose(p), 0);
        json_decref(object);
}

#define OPS_BACKUP "policy:\n  resourceFilter: {includedNamespaces: [default]}\n"
