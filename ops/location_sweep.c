/* SPDX-License-Identifier: Apache-2.0 */
/*
 * location, removing: what no policy in force wants and nothing on its cluster refers to, a while after something changed.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/loop.h"
#include "k8s/client.h"
#include "ops/engine_private.h"
#include "ops/location_private.h"
#include "ops/member.h"
#include "ops/policy.h"

enum { LOCATION_LOOK_MS = 1000, LOCATION_PAUSE_MAX_MS = 60000 };

struct location_clock {
        struct loop_timer timer;
        bool soon;      /* armed by an event, and not to be put off by the next one */
        unsigned waits; /* in a row: removals that failed, or have to wait */
};

static void location_again(struct engine *e)
{
        int64_t pause = LOCATION_LOOK_MS;

        for (unsigned i = 0; i < e->locations->waits && pause < LOCATION_PAUSE_MAX_MS; i++)
                pause *= 2;
        e->locations->waits++;
        if (!e->locations->soon)
                loop_timer_after(e->loop, &e->locations->timer, pause);
}

static bool object_wants(const struct object *o, const struct member *c, const struct velero_bsl *b)
{
        struct location_want want;
        const struct policy *p = o->policy;

        if (!o->own || o->removed || o->in_force.bytes == NULL)
                return false;
        /* What cannot be read does not say that it wants nothing. */
        if (p == NULL)
                return true;
        return location_want(p, c, &want) && location_same_bucket(&want.bsl, b) &&
               location_overlap_of(want.prefix, b->prefix) == LOCATION_SAME && location_selected(o->fleet, p, c);
}

/* By a policy in force of any fleet that the cluster is in. */
static bool is_wanted(const struct member *c, const struct velero_bsl *b)
{
        struct fleet *f, *ftmp;
        struct member *m, *mtmp;
        struct object *o, *tmp;

        HASH_ITER (hh, c->fleet->model->fleets, f, ftmp)
                HASH_ITER (hh, f->members, m, mtmp) {
                        if (m != c && (c->uid[0] == '\0' || strcmp(m->uid, c->uid) != 0))
                                continue;
                        HASH_ITER (hh, f->objects[OBJECT_BACKUP], o, tmp)
                                if (object_wants(o, m, b))
                                        return true;
                        HASH_ITER (hh, f->objects[OBJECT_MIGRATION], o, tmp)
                                if (object_wants(o, m, b))
                                        return true;
                }
        return false;
}

bool location_is_of(const struct object *o, const struct member *c, const struct velero_bsl *b)
{
        struct list *l, *tmp;

        if (strcmp(b->kind, LOCATION_KIND) != 0)
                return false;
        if (object_wants(o, c, b))
                return true;
        LIST_EACH (&o->velero, l, tmp) {
                const struct velero_object *v = container_of(l, struct velero_object, of_object);

                if (v->member == c && ((v->kind == VELERO_BACKUP && strcmp(v->backup->storage_location, b->name) == 0) ||
                                              (v->kind == VELERO_SCHEDULE && strcmp(v->schedule->storage_location, b->name) == 0)))
                        return true;
        }
        return false;
}

static bool is_referred_to(const struct member *c, const char *name)
{
        struct velero_object *v;

        VELERO_EACH (v, &c->velero[VELERO_BACKUP])
                if (strcmp(v->backup->storage_location, name) == 0)
                        return true;
        VELERO_EACH (v, &c->velero[VELERO_SCHEDULE])
                if (strcmp(v->schedule->storage_location, name) == 0)
                        return true;
        return false;
}

/* Nothing that was sent there may still come to light. */
static bool is_settled(const struct member *c)
{
        return member_ready(c) && !list_linked(&c->tasks) && c->synced[VELERO_BACKUP] && c->synced[VELERO_SCHEDULE] &&
               c->synced[VELERO_LOCATION];
}

static void location_removed(void *arg, const struct kube_reply *reply)
{
        struct engine *e = arg;

        if (reply->err == NULL || reply->http_status == 404) {
                e->locations->waits = 0;
                return;
        }
        log_warn("a storage location that nothing needs is not removed", LOG_S("err", reply->err->msg));
        location_again(e);
}

static void location_remove(struct engine *e, struct member *c, const struct velero_object *v)
{
        _cleanup_(buf_done) struct buf path = BUF_INIT(LIMIT_TEXT_BYTES), body = BUF_INIT(LIMIT_TEXT_BYTES);
        struct err err = ERR_INIT;
        uint64_t id;
        int r;

        if (member_velero_path(c, VELERO_LOCATION, v->name, &path, &err) < 0)
                return;
        r = kube_delete_options(&body, v->bsl->uid);
        const struct kube_request rq = {
                .method = "DELETE",
                .path = path.data,
                .body = body.data,
                .body_len = body.len,
                .retry = KUBE_RETRY_SAFE,
        };
        /* The engine outlives every client, and nothing but the engine is asked when the answer comes. */
        if (r < 0 || kube_call(member_client(c), &rq, location_removed, e, &id, &err) < 0)
                log_warn("a storage location is not removed", LOG_S("cluster", c->name), LOG_S("err", err.msg));
        else
                log_info("nothing needs this storage location any more", LOG_S("cluster", c->name), LOG_S("location", v->name));
}

static void location_sweep(void *arg)
{
        struct engine *e = arg;
        struct fleet *f, *ftmp;
        struct member *c, *ctmp;
        struct velero_object *v;
        bool later = false;

        e->locations->soon = false;
        if (!engine_acts(e))
                return;
        HASH_ITER (hh, e->model.fleets, f, ftmp)
                HASH_ITER (hh, f->members, c, ctmp)
                        VELERO_EACH (v, &c->velero[VELERO_LOCATION]) {
                                if (!location_is_ours(v->bsl, e->model.store_id) || v->bsl->deletion != 0 || is_wanted(c, v->bsl) ||
                                        is_referred_to(c, v->name))
                                        continue;
                                if (is_settled(c))
                                        location_remove(e, c, v);
                                else
                                        later = true;
                        }
        if (later)
                location_again(e);
}

void location_look(struct engine *e)
{
        if (e->loop == NULL)
                return;
        if (e->locations == NULL) {
                e->locations = calloc(1, sizeof(*e->locations));
                if (e->locations == NULL)
                        return;
                loop_timer_init(&e->locations->timer, location_sweep, e);
        }
        if (e->locations->soon)
                return;
        e->locations->soon = true;
        e->locations->waits = 0;
        loop_timer_after(e->loop, &e->locations->timer, LOCATION_LOOK_MS);
}

void location_stop(struct engine *e)
{
        if (e->locations == NULL)
                return;
        loop_timer_cancel(e->loop, &e->locations->timer);
        free(e->locations);
        e->locations = NULL;
}
