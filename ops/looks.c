/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/looks.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/intern.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/timefmt.h"
#include "k8s/client.h"
#include "k8s/path.h"
#include "k8s/reflector.h"
#include "ops/engine_private.h"
#include "ops/hostpath.h"
#include "ops/member.h"
#include "ops/policy.h"
#include "ops/rollup.h"
#include "velero/names.h"
#include "velero/volume.h"

enum look_kind { LOOK_VOLUMES, LOOK_HOSTPATH };

/* How often a look asks whether it is still wanted; for how many of these pods are asked for. */
enum { LOOK_TICK_MS = 5000, LOOK_TICKS_MAX = 12 };
/* Looks for hostPath of all clusters at once, a quarter of the places for requests; and how long they are put off. */
enum { LOOKS_AT_ONCE = LIMIT_HTTP_IN_FLIGHT / 4, LOOKS_PAUSE_MS = 1000 };

/* Of all clusters: looks for hostPath that were not begun. */
struct looks {
        struct engine *engine;
        struct list waiting; /* look.queued */
        size_t n;            /* that were */
        struct loop_timer pause;
};

struct look {
        struct list at_member; /* member.looks */
        struct engine *engine;
        struct member *member;
        enum look_kind kind;

        /* the task */
        enum object_kind object_kind;
        enum task_verb verb;
        char object[256];
        char run[RUN_ID_LEN + 1];
        char velero_name[64];

        struct reflector *reflector;
        struct loop_timer tick;
        unsigned ticks;
        bool over; /* the task had ended at the last tick */

        /* LOOK_HOSTPATH */
        struct list queued; /* in looks.waiting, until it is begun */
        bool begun;
        struct hostpath hostpath;
        bool second; /* persistent volumes, after pods */
};

static const struct kube_resource pods = { .group = "", .version = "v1", .plural = "pods", .kind = "Pod" };
static const struct kube_resource persistent_volumes = {
        .group = "", .version = "v1", .plural = "persistentvolumes", .kind = "PersistentVolume", .cluster_scoped = true,
};
static const struct kube_resource pod_volume_backups = {
        .group = "velero.io", .version = "v1", .plural = "podvolumebackups", .kind = "PodVolumeBackup",
};
static const struct kube_resource pod_volume_restores = {
        .group = "velero.io", .version = "v1", .plural = "podvolumerestores", .kind = "PodVolumeRestore",
};

/* ---------------------------------------------------------------- life */

static void looks_resume(struct looks *all);

static void look_free(struct look *l)
{
        struct looks *all = l->kind == LOOK_HOSTPATH && l->begun ? l->engine->looks : NULL;

        list_remove(&l->at_member);
        list_remove(&l->queued);
        loop_timer_cancel(l->engine->loop, &l->tick);
        reflector_free(l->reflector);
        hostpath_done(&l->hostpath);
        free(l);
        if (all != NULL) {
                all->n--;
                looks_resume(all);
        }
}

static bool look_is_of(const struct look *l, const struct task *t)
{
        return t->verb == l->verb && strcmp(t->velero_name, l->velero_name) == 0;
}

static struct task *look_task(const struct look *l)
{
        struct object *o = fleet_object(l->member->fleet, l->object_kind, l->object);
        struct run *r = o != NULL ? object_run(o, l->run) : NULL;
        struct task *t = r != NULL ? run_tasks_on(r, l->member->name) : NULL;

        while (t != NULL && !look_is_of(l, t))
                t = t->next_same;
        return t;
}

static struct look *look_find(const struct member *c, const struct task *t, enum look_kind kind)
{
        struct list *at = list_first(&c->looks);

        for (; at != NULL; at = list_next(&c->looks, at)) {
                struct look *l = container_of(at, struct look, at_member);

                if (l->kind == kind && look_is_of(l, t) && strcmp(l->run, t->run->id) == 0)
                        return l;
        }
        return NULL;
}

/* Those that ask. */
static size_t looks_count(const struct member *c)
{
        size_t n = 0;

        for (struct list *at = list_first(&c->looks); at != NULL; at = list_next(&c->looks, at))
                n += container_of(at, struct look, at_member)->begun;
        return n;
}

static void look_conclude(struct look *l, const char *hostpath);

static bool task_runs(const struct task *t)
{
        const struct velero_object *v = t->state == TASK_POSTED ? task_velero(t) : NULL;

        if (v == NULL)
                return false;
        if (v->kind == VELERO_BACKUP)
                return v->backup->phase > VELERO_BACKUP_FAILED_VALIDATION &&
                       velero_phase_is(&velero_backup_phases, v->backup->phase, VELERO_PHASE_RUNNING);
        return v->restore->phase > VELERO_RESTORE_FAILED_VALIDATION &&
               velero_phase_is(&velero_restore_phases, v->restore->phase, VELERO_PHASE_RUNNING);
}

static void look_tick(void *arg)
{
        struct look *l = arg;
        const struct task *t = look_task(l);
        bool over = t == NULL || !task_runs(t);

        l->ticks++;
        if (l->kind == LOOK_HOSTPATH && l->ticks >= LOOK_TICKS_MAX) {
                look_conclude(l, HOSTPATH_UNKNOWN);
                return;
        }
        if (t == NULL || (l->kind == LOOK_VOLUMES && over && l->over)) {
                look_free(l);
                return;
        }
        l->over = over;
        loop_timer_after(l->engine->loop, &l->tick, LOOK_TICK_MS);
}

static int look_new(struct look **ret, struct engine *e, struct member *c, const struct task *t, enum look_kind kind)
{
        struct look *l = calloc(1, sizeof(*l));

        if (l == NULL)
                return -ENOMEM;
        l->engine = e;
        l->member = c;
        l->kind = kind;
        l->object_kind = t->run->object->kind;
        l->verb = t->verb;
        snprintf(l->object, sizeof(l->object), "%s", t->run->object->name);
        snprintf(l->run, sizeof(l->run), "%s", t->run->id);
        snprintf(l->velero_name, sizeof(l->velero_name), "%s", t->velero_name);
        loop_timer_init(&l->tick, look_tick, l);
        list_append(&c->looks, &l->at_member);
        *ret = l;
        return 0;
}

static int look_start(struct look *l, const struct kube_resource *resource, const char *ns, const char *selector,
        const struct reflector_ops *ops, struct err *err)
{
        _cleanup_(buf_done) struct buf path = BUF_INIT(LIMIT_TEXT_BYTES);
        int r = kube_path(&path, resource, ns, NULL, NULL, err);

        if (!l->begun)
                loop_timer_after(l->engine->loop, &l->tick, LOOK_TICK_MS);
        l->begun = true;
        reflector_free(l->reflector);
        l->reflector = NULL;
        if (r == 0)
                r = reflector_new(&l->reflector, member_client(l->member), path.data, selector, ops, l, err);
        if (r == 0)
                reflector_start(l->reflector);
        return r;
}

/* What a reflector of a look has to say is its items. */
static void look_begin(void *arg)
{
        (void)arg;
}

/* ---------------------------------------------------------------- volumes of node-agents */

/* What is kept, is kept of one run. */
static void volumes_forget_older(const struct task *t)
{
        const struct object *o = t->run->object;

        for (size_t i = 0; i < o->n_runs; i++)
                for (struct task *other = run_tasks_on(o->runs[i], t->member); other != NULL; other = other->next_same)
                        if (o->runs[i] != t->run && other->n_seen_volumes > 0) {
                                task_forget_volumes(other);
                                model_touch_task(other);
                        }
}

static void volumes_note(struct task *t)
{
        int64_t done = 0, total = 0;

        for (size_t i = 0; i < t->n_seen_volumes; i++) {
                done += t->seen_volumes[i]->bytes_done;
                total += t->seen_volumes[i]->bytes_total;
        }
        if (total > 0 && phase_is(t->phase, PHASE_IS_RUNNING) && task_measure(t) != NULL)
                eta_note(&t->eta->bytes, clock_realtime(), done, total);
}

/* Takes the record. */
static void volumes_put(struct engine *e, struct task *t, struct velero_volume *v)
{
        size_t i = 0;

        engine_write(e);
        while (i < t->n_seen_volumes && strcmp(t->seen_volumes[i]->name, v->name) != 0)
                i++;
        if (i == t->n_seen_volumes) {
                struct velero_volume **grown = NULL;

                if (i < LIMIT_TASK_VOLUMES)
                        grown = realloc(t->seen_volumes, (i + 1) * sizeof(*grown));
                if (grown == NULL) {
                        free(v);
                        return;
                }
                if (i == 0)
                        volumes_forget_older(t);
                t->seen_volumes = grown;
                t->seen_volumes[t->n_seen_volumes++] = NULL;
        }
        free(t->seen_volumes[i]);
        t->seen_volumes[i] = v;
        volumes_note(t);
        model_touch_task(t);
        rollup_run(e, t->run);
}

static void volumes_item(void *arg, enum kube_event event, const char *object, size_t len)
{
        struct look *l = arg;
        struct task *t = look_task(l);
        struct velero_volume *v = NULL;
        struct err err = ERR_INIT;

        /* What it reached stays on show. */
        if (t == NULL || event == KUBE_EVENT_DELETED)
                return;
        if (velero_volume_decode(object, len, &v, &err) < 0)
                log_debug("volume not understood", LOG_S("cluster", l->member->name), LOG_S("err", err.msg));
        else
                volumes_put(l->engine, t, v);
}

static void volumes_end(void *arg)
{
        (void)arg;
}

static void volumes_state(void *arg, enum reflector_state state, const struct err *err)
{
        const struct look *l = arg;

        if (err != NULL)
                log_debug("volumes of a run", LOG_S("cluster", l->member->name), LOG_S("velero", l->velero_name),
                        LOG_I("state", state), LOG_S("err", err->msg));
}

static const struct reflector_ops volumes_ops = { look_begin, volumes_item, volumes_end, volumes_state };

static int volumes_look(struct engine *e, struct member *c, const struct task *t, struct err *err)
{
        char selector[sizeof(VELERO_LABEL_RESTORE_NAME) + sizeof(t->velero_name) + 1];
        bool backup = t->verb == TASK_BACKUP;
        struct look *l;
        int r = look_new(&l, e, c, t, LOOK_VOLUMES);

        if (r < 0)
                return r;
        snprintf(selector, sizeof(selector), "%s=%s", backup ? VELERO_LABEL_BACKUP_NAME : VELERO_LABEL_RESTORE_NAME,
                t->velero_name);
        r = look_start(l, backup ? &pod_volume_backups : &pod_volume_restores, c->velero_namespace, selector, &volumes_ops,
                err);
        if (r < 0)
                look_free(l);
        return r;
}

/* ---------------------------------------------------------------- hostPath */

/* Frees the look; another one may have waited for its place. */
static void look_conclude(struct look *l, const char *hostpath)
{
        struct engine *e = l->engine;
        struct member *c = l->member;
        struct task *t = look_task(l);
        bool news = t != NULL && strcmp(t->hostpath != NULL ? t->hostpath : "", hostpath) != 0;
        bool known;

        if (t != NULL)
                engine_write(l->engine);
        known = t != NULL && intern_set(&t->hostpath, hostpath) == 0;
        if (known) {
                engine_note(l->engine, t->run->object);
                model_touch_task(t);
                /* Most have none; the warnings of all clusters are not found anew for each of those. */
                if (news)
                        rollup_object(l->engine, t->run->object);
        }
        look_free(l);
        if (known)
                looks_ready(e, c);
}

static void hostpath_item(void *arg, enum kube_event event, const char *object, size_t len)
{
        struct look *l = arg;

        (void)event;
        if ((l->second ? hostpath_volume : hostpath_pod)(&l->hostpath, object, len) < 0)
                look_conclude(l, HOSTPATH_UNKNOWN);
}

static void hostpath_end(void *arg);
static void hostpath_state(void *arg, enum reflector_state state, const struct err *err)
{
        /* Anything else is tried again, for a while. */
        if (state == REFLECTOR_FORBIDDEN && err != NULL)
                look_conclude(arg, HOSTPATH_UNKNOWN);
}

static const struct reflector_ops hostpath_ops = { look_begin, hostpath_item, hostpath_end, hostpath_state };

static void hostpath_end(void *arg)
{
        struct look *l = arg;
        _cleanup_(buf_done) struct buf text = BUF_INIT(LIMIT_TEXT_BYTES);
        struct err err = ERR_INIT;

        if (!l->second) {
                l->second = true;
                if (look_start(l, &persistent_volumes, NULL, NULL, &hostpath_ops, &err) < 0)
                        look_conclude(l, HOSTPATH_UNKNOWN);
                return;
        }
        hostpath_text(&l->hostpath, &text);
        look_conclude(l, text.error < 0 ? HOSTPATH_UNKNOWN : text.len > 0 ? text.data : "");
}

/* -ENOENT: what was to be looked at is not there any more. */
static int hostpath_begin(struct look *l, struct err *err)
{
        const struct member *c = l->member;
        const struct task *t = look_task(l);
        const struct policy *p = t != NULL ? t->run->object->policy : NULL;
        const struct policy_cluster pc = { .velero_namespace = c->velero_namespace, .has_node_agent = c->node_agent };
        int sub = p == NULL ? -ENOENT : t->sub != NULL ? policy_find_sub(p, t->sub) : 0;
        json_t *spec = NULL;
        int r = sub < 0 ? sub : policy_backup_spec(p, (size_t)sub, &pc, &spec, err);

        if (r == 0)
                r = hostpath_init(&l->hostpath, spec, c->velero_namespace, err);
        if (r == 0)
                r = look_start(l, &pods, l->hostpath.only, l->hostpath.selector, &hostpath_ops, err);
        json_decref(spec);
        return r;
}

/* Begins what there is place for. */
static void looks_resume(struct looks *all)
{
        struct list *at;

        if (loop_timer_armed(&all->pause))
                return;
        while (all->n < LOOKS_AT_ONCE && (at = list_first(&all->waiting)) != NULL) {
                struct look *l = container_of(at, struct look, queued);
                struct err err = ERR_INIT;
                int r;

                list_remove(at);
                r = hostpath_begin(l, &err);
                all->n += l->begun;
                if (r == 0)
                        continue;
                log_debug("volumes are not looked at", LOG_S("cluster", l->member->name), LOG_S("velero", l->velero_name),
                        LOG_S("err", err.msg));
                look_free(l);
        }
}

static void looks_paused(void *arg)
{
        looks_resume(arg);
}

static struct looks *looks_of(struct engine *e)
{
        if (e->looks == NULL && (e->looks = calloc(1, sizeof(*e->looks))) != NULL) {
                e->looks->engine = e;
                loop_timer_init(&e->looks->pause, looks_paused, e->looks);
        }
        return e->looks;
}

/* Nobody asks for an older run's any more. */
static void hostpath_drop_older(struct member *c, const struct task *t)
{
        struct list *at = list_first(&c->looks), *next;

        for (; at != NULL; at = next) {
                struct look *l = container_of(at, struct look, at_member);

                next = list_next(&c->looks, at);
                if (l->kind == LOOK_HOSTPATH && !l->begun && l->object_kind == t->run->object->kind &&
                        strcmp(l->object, t->run->object->name) == 0 && strcmp(l->run, t->run->id) != 0)
                        look_free(l);
        }
}

/* It waits for its turn, and for what came at the same time: the other clusters' backups are posted first. */
static int hostpath_look(struct engine *e, struct member *c, const struct task *t)
{
        struct looks *all = looks_of(e);
        struct look *l;
        int r = all == NULL ? -ENOMEM : look_new(&l, e, c, t, LOOK_HOSTPATH);

        if (r < 0)
                return r;
        hostpath_drop_older(c, t);
        if (!list_linked(&all->waiting) && all->n == 0)
                loop_timer_after(e->loop, &all->pause, LOOKS_PAUSE_MS);
        list_append(&all->waiting, &l->queued);
        looks_resume(all);
        return 0;
}

/* ---------------------------------------------------------------- when */

/* A run that only the cluster remembers, as those of schedules, has no record that would: it is looked at again. */
static bool wants_hostpath(const struct task *t)
{
        bool there = t->state == TASK_POSTED || (t->state == TASK_DONE && t->tracked && task_velero(t) != NULL);

        return t->verb == TASK_BACKUP && there && t->hostpath == NULL && t->run->object->policy != NULL &&
               t->run == object_latest_run(t->run->object);
}

void looks_follow(struct engine *e, struct task *t)
{
        struct member *c = task_member(t);
        struct err err = ERR_INIT;
        int r = 0;

        if (t->verb > TASK_RESTORE || t->velero_name[0] == '\0' || c == NULL || !member_ready(c))
                return;
        if (looks_count(c) >= LIMIT_MEMBER_LOOKS)
                return;
        if (task_runs(t) && c->node_agent && look_find(c, t, LOOK_VOLUMES) == NULL)
                r = volumes_look(e, c, t, &err);
        if (r == 0 && wants_hostpath(t) && look_find(c, t, LOOK_HOSTPATH) == NULL)
                r = hostpath_look(e, c, t);
        if (r < 0)
                log_debug("volumes are not looked at", LOG_S("cluster", c->name), LOG_S("velero", t->velero_name),
                        LOG_S("err", err.msg));
}

void looks_ready(struct engine *e, struct member *c)
{
        struct object *o, *tmp;

        for (int k = 0; k < OBJECT_KINDS; k++)
                HASH_ITER (hh, c->fleet->objects[k], o, tmp) {
                        const struct run *r = object_latest_run(o);
                        struct task *t = r != NULL ? run_tasks_on(r, c->name) : NULL;

                        for (; t != NULL; t = t->next_same)
                                looks_follow(e, t);
                }
}

void looks_stop(struct member *c)
{
        struct list *at;

        while ((at = list_first(&c->looks)) != NULL)
                look_free(container_of(at, struct look, at_member));
}

void looks_end(struct engine *e)
{
        if (e->looks == NULL)
                return;
        loop_timer_cancel(e->loop, &e->looks->pause);
        free(e->looks);
        e->looks = NULL;
}
