/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/object.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/timefmt.h"
#include "ops/acting.h"
#include "ops/op.h"
#include "ops/policy.h"
#include "ops/store.h"
#include "ops/trash.h"

/* ---------------------------------------------------------------- the store */

static struct store_key object_key(const struct object *o)
{
        return (struct store_key){
                .space = STORE_OBJECTS,
                .fleet = o->fleet->name,
                .folder = object_kind_folder(o->kind),
                .name = o->name,
        };
}

int object_save(struct engine *e, const struct object *o, struct err *err)
{
        _cleanup_(buf_done) struct buf b = BUF_INIT(STORE_RECORD_MAX);
        struct store_key key = object_key(o);
        int r = object_encode(o, &b);

        if (r == 0)
                return store_put(e->store, &key, b.data, b.len, err);
        return err_set(err, r, "store %s %s: %s", object_kind_name(o->kind), o->name, strerror(-r));
}

void object_tell_unstored(struct err *err)
{
        if (err == NULL || err->id[0] != '\0')
                return;
        err_id(err, "FLT-0256");
        err_remedy(err, "make room in the state folder, then write it again");
}

int object_delete(struct engine *e, const struct object *o, struct err *err)
{
        struct store_key key = object_key(o);

        return store_delete(e->store, &key, err);
}

/* ---------------------------------------------------------------- loading */

/* The policy in force, as it was judged when it was accepted; what needs more than the names of
   clusters is parsed anew when they are known (acting_loaded()). */
static void object_load_policy(struct object *o, const char *bytes, size_t len)
{
        const char *nl = memchr(bytes, '\n', len);
        json_t *header = json_loadb(bytes, (size_t)(nl - bytes), 0, NULL),
               *names = json_object_get(header, "clusters");
        size_t n = json_array_size(names), i;
        const char **clusters = calloc(n + 1, sizeof(*clusters));
        struct policy_env env = { .fleet = o->fleet->name, .links = o->is_folder, .accepted = true };
        json_t *item;

        if (clusters != NULL) {
                json_array_foreach (names, i, item)
                        clusters[env.n_clusters++] =
                                json_is_string(item) ? json_string_value(item) : "";
                env.clusters = clusters;
                if (o->in_force.bytes != NULL)
                        (void)policy_parse((enum policy_kind)o->kind, o->name, o->in_force.bytes,
                                o->in_force.len, &env, &o->policy, NULL);
        }
        if (o->policy != NULL && o->is_folder && o->source.member != NULL) {
                const char **targets = calloc(o->n_targets + 1, sizeof(*targets));

                for (size_t k = 0; targets != NULL && k < o->n_targets; k++)
                        targets[k] = o->targets[k].member;
                if (targets == NULL || policy_set_links(o->policy, &env, o->source.member, targets,
                                               o->n_targets, NULL) < 0) {
                        policy_free(o->policy);
                        o->policy = NULL;
                }
                free((void *)targets);
        }
        free((void *)clusters);
        json_decref(header);
}

struct object_loading {
        struct engine *engine;
        struct fleet *fleet;
        enum object_kind kind;
        struct err *err;
};

static void object_damaged(const struct object_loading *l, const char *name, const struct err *why)
{
        engine_event(l->engine, "RecordDamaged", l->fleet, "kind", object_kind_name(l->kind),
                "name", name, "message", why->msg, NULL);
        (void)strv_printf(&l->fleet->warnings, "FLT-0257 the record of %s/%s cannot be read: %s",
                object_kind_folder(l->kind), name, why->msg);
}

/*
 * The clusters' lists would make the object anew, as removed, and that would be stored over a record which is still there
 * and may be read another time. Where nothing is stored the others may as well load.
 */
static int object_unreadable(const struct object_loading *l, const char *name, const struct err *why)
{
        if (store_read_only(l->engine->store)) {
                object_damaged(l, name, why);
                return 0;
        }
        if (l->err != NULL) {
                err_copy(l->err, why);
                err_id(l->err, "FLT-0257");
                err_remedy(l->err, "see that the state directory can be read and written, then start again");
        }
        return why->code;
}

/* The store could read it, and we cannot. */
static int object_undecodable(const struct object_loading *l, const struct object *o, struct err *why)
{
        const struct store_key key = object_key(o);
        char kept[NAME_MAX + 1];
        struct err err = ERR_INIT;

        if (why->code != -EBADMSG)
                return object_unreadable(l, o->name, why);
        if (!store_read_only(l->engine->store)) {
                if (store_set_aside(l->engine->store, &key, kept, &err) < 0)
                        return object_unreadable(l, o->name, &err);
                err_wrap(why, -EBADMSG, "kept as %s", kept);
        }
        object_damaged(l, o->name, why);
        return 0;
}

static int object_load(
        void *arg, const char *name, const char *bytes, size_t len, const struct err *why)
{
        struct object_loading *l = arg;
        struct err err = ERR_INIT;
        struct object *o;

        if (bytes == NULL && why->code != -EBADMSG)
                return object_unreadable(l, name, why);
        if (bytes == NULL) {
                object_damaged(l, name, why);
                return 0;
        }
        if (fleet_object(l->fleet, l->kind, name) != NULL)
                return 0;
        o = fleet_add_object(l->fleet, l->kind, name);
        if (o == NULL)
                return -ENOMEM;
        if (object_decode(o, bytes, len, &err) < 0) {
                int r = object_undecodable(l, o, &err);

                fleet_remove_object(o);
                return r;
        }
        o->own = strcmp(o->owner, l->engine->model.store_id) == 0;
        object_load_policy(o, bytes, len);
        model_touch_object(o, true);
        op_type_of(l->kind)->resume(l->engine, o);
        acting_loaded(l->engine, o);
        return 0;
}

int object_load_all(struct engine *e, struct fleet *f, struct err *err)
{
        for (int k = 0; k < OBJECT_KINDS; k++) {
                struct object_loading l = { .engine = e, .fleet = f, .kind = (enum object_kind)k, .err = err };
                int r = store_each(e->store, STORE_OBJECTS, f->name, object_kind_folder(l.kind),
                        object_load, &l, err);

                if (r < 0)
                        return err_wrap(
                                err, r, "load %s of fleet %s", object_kind_folder(l.kind), f->name);
        }
        return trash_load(e, f, err);
}
