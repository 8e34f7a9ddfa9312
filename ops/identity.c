/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/identity.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "ops/engine_private.h"
#include "ops/store.h"

static json_t *identity_parse(const char *body, size_t len, const char *what, struct err *err)
{
        json_error_t why;
        json_t *doc = json_loadb(body, len, 0, &why);

        if (doc == NULL)
                err_set(err, -EBADMSG, "%s: not JSON: %s", what, why.text);
        return doc;
}

int identity_of_namespace(const char *body, size_t len, char *uid, size_t size, struct err *err)
{
        json_t *doc = identity_parse(body, len, "namespace kube-system", err);
        const char *found = "";
        int r = 0;

        if (doc == NULL)
                return -EBADMSG;
        json_unpack(doc, "{s:{s?s}}", "metadata", "uid", &found);
        if (found[0] == '\0' || strlen(found) >= size)
                r = err_set(err, -EBADMSG, "namespace kube-system has no usable metadata.uid");
        else
                snprintf(uid, size, "%s", found);
        json_decref(doc);
        return r;
}

int identity_of_version(const char *body, size_t len, char **ret, struct err *err)
{
        json_t *doc = identity_parse(body, len, "/version", err);
        const char *found = NULL;
        int r = 0;

        if (doc == NULL)
                return -EBADMSG;
        json_unpack(doc, "{s?s}", "gitVersion", &found);
        if (found == NULL)
                r = err_set(err, -EBADMSG, "/version has no gitVersion");
        else if ((*ret = strdup(found)) == NULL)
                r = err_set(err, -ENOMEM, "keep the version");
        json_decref(doc);
        return r;
}

int identity_of_velero_namespace(const char *body, size_t len, const char *want, char **ret, struct err *err)
{
        json_t *doc = identity_parse(body, len, "BackupStorageLocations", err), *item;
        const char *best = NULL;
        size_t i;
        int r = 0;

        if (doc == NULL)
                return -EBADMSG;
        json_array_foreach (json_object_get(doc, "items"), i, item) {
                const char *ns = NULL;
                json_unpack(item, "{s:{s?s}}", "metadata", "namespace", &ns);
                if (ns == NULL)
                        continue;
                if (want != NULL ? strcmp(ns, want) == 0 : best == NULL || strcmp(ns, best) < 0)
                        best = ns;
        }
        if (best != NULL && (*ret = strdup(best)) == NULL)
                r = err_set(err, -ENOMEM, "keep Velero's namespace");
        json_decref(doc);
        return r;
}

char *identity_of_velero_version(const char *body, size_t len)
{
        json_t *doc = json_loadb(body, len, 0, NULL), *container;
        const char *image = NULL, *colon;
        char *ret = NULL;
        size_t i;

        json_array_foreach (json_object_get(json_object_get(json_object_get(json_object_get(doc, "spec"), "template"),
                                    "spec"), "containers"), i, container) {
                const char *name = "";
                image = NULL;
                json_unpack(container, "{s?s, s?s}", "name", &name, "image", &image);
                if (strcmp(name, "velero") == 0)
                        break;
                image = NULL;
        }
        /* A colon before the last slash is a registry's port, and a digest says nothing to a reader. */
        colon = image != NULL && strchr(image, '@') == NULL ? strrchr(image, ':') : NULL;
        if (colon != NULL && strchr(colon, '/') == NULL)
                ret = strdup(colon + 1);
        json_decref(doc);
        return ret;
}

/* ---------------------------------------------------------------- folders */

static struct member *identity_first(const struct member *c, const char *uid)
{
        struct member *other, *tmp;

        HASH_ITER (hh, c->fleet->members, other, tmp)
                if (other != c && other->alias_of[0] == '\0' && strcmp(other->uid, uid) == 0)
                        return other;
        return NULL;
}

/*
 * The clusters that folders of the fleet were given to: one record of all, because the clusters of a fleet come one by one
 * and each record is two waits for the disk.
 */
static void identity_key(const struct fleet *f, char *key, size_t size)
{
        snprintf(key, size, "clusters/%s", f->name);
}

/* -EBADMSG: whatever it is, it is no table. */
static int identity_decode(struct fleet *f, const struct buf *b, struct err *err)
{
        json_error_t why;
        json_t *table = json_loadb(b->data, b->len, 0, &why);

        if (json_is_object(table)) {
                f->identities = table;
                return 0;
        }
        if (table == NULL && json_error_code(&why) == json_error_out_of_memory)
                return err_set(err, -ENOMEM, "read the clusters of fleet %s", f->name);
        json_decref(table);
        return err_set(err, -EBADMSG, "the clusters of fleet %s: not a JSON object", f->name);
}

static int identity_set_aside(struct engine *e, const struct fleet *f, const struct store_key *key, struct err *why)
{
        char kept[NAME_MAX + 1];
        struct err err = ERR_INIT;

        if (!store_read_only(e->store)) {
                if (store_set_aside(e->store, key, kept, &err) < 0) {
                        err_copy(why, &err);
                        return err.code;
                }
                err_wrap(why, -EBADMSG, "kept as %s", kept);
        }
        engine_event(e, "RecordDamaged", f, "kind", "Fleet", "name", f->name, "message", why->msg, NULL);
        return 0;
}

int identity_read(struct engine *e, struct fleet *f, struct err *err)
{
        _cleanup_(buf_done) struct buf b = BUF_INIT(STORE_RECORD_MAX);
        struct store_key key = { .space = STORE_VALUES };
        struct err why = ERR_INIT;
        char name[FOLDER_NAME_MAX + 16];
        int r;

        identity_key(f, name, sizeof(name));
        key.name = name;
        r = store_get(e->store, &key, &b, &why);
        if (r == 0)
                r = identity_decode(f, &b, &why);
        if (r == -EBADMSG)
                r = identity_set_aside(e, f, &key, &why);
        /* An empty one would be stored over it. */
        if (r < 0 && r != -ENOENT && !store_read_only(e->store)) {
                err_id(&why, "FLT-0257");
                err_remedy(&why, "see that the state directory can be read and written, then start again");
                err_copy(err, &why);
                return r;
        }
        if (f->identities == NULL && (f->identities = json_object()) == NULL)
                return err_set(err, -ENOMEM, "read the clusters of fleet %s", f->name);
        return 0;
}

/* "" when the folder was nobody's yet. */
static const char *identity_recorded(const struct fleet *f, const char *folder)
{
        const char *uid = json_string_value(json_object_get(f->identities, folder));

        return uid != NULL ? uid : "";
}

static void identity_record(struct engine *e, struct fleet *f, const char *folder, const char *uid)
{
        if (strcmp(identity_recorded(f, folder), uid) == 0)
                return;
        /* Without memory it is found out anew by the next process. */
        if (json_object_set_new(f->identities, folder, json_string(uid)) == 0 && engine_acts(e))
                engine_note_fleet(e, f);
}

int identity_store(struct engine *e, struct fleet *f, struct err *err)
{
        _cleanup_(freep) char *text = json_dumps(f->identities, JSON_COMPACT);
        char key[FOLDER_NAME_MAX + 16];

        identity_key(f, key, sizeof(key));
        if (text == NULL)
                return err_set(err, -ENOMEM, "store %s", key);
        return store_put_value(e->store, key, text, err);
}

void identity_load(struct member *c)
{
        const char *uid = identity_recorded(c->fleet, c->name);

        if (strlen(uid) < sizeof(c->uid))
                snprintf(c->uid, sizeof(c->uid), "%s", uid);
}

int identity_free_name(struct engine *e, struct fleet *f, const char *want, const char *uid,
        char ret[FOLDER_NAME_MAX + 1], struct err *err)
{
        for (unsigned i = 1; i < 1000; i++) {
                const char *taken;

                if (i == 1)
                        snprintf(ret, FOLDER_NAME_MAX + 1, "%s", want);
                else
                        snprintf(ret, FOLDER_NAME_MAX + 1, "%.*s-%u", FOLDER_NAME_MAX - 5, want, i);
                if (fleet_member(f, ret) != NULL)
                        continue;
                taken = identity_recorded(f, ret);
                if (uid == NULL || taken[0] == '\0' || strcmp(taken, uid) == 0)
                        return 0;
        }
        return err_set(err, -EEXIST, "no folder name is left for cluster %s", want);
}

/* The folder was another cluster's: that one keeps the name. */
static int identity_rename(struct engine *e, struct member *c, const char *uid, struct err *err)
{
        char name[FOLDER_NAME_MAX + 1];
        char was[FOLDER_NAME_MAX + 1];
        int r = identity_free_name(e, c->fleet, c->configured[0] != '\0' ? c->configured : c->name, uid, name, err);

        if (r < 0)
                return r;
        snprintf(was, sizeof(was), "%s", c->name);
        model_touch_member(c, true);
        r = fleet_rename_member(c, name);
        if (r < 0)
                return err_set(err, r, "rename cluster %s to %s", was, name);
        model_touch_member(c, true);
        engine_event(e, "ClusterReplaced", c->fleet, "cluster", was, "now", name, "uid", uid, NULL);
        return 0;
}

int identity_set(struct engine *e, struct member *c, const char *uid, struct err *err)
{
        struct member *first = identity_first(c, uid);
        bool replaced = c->uid[0] != '\0' && strcmp(c->uid, uid) != 0;
        int r;

        if (strcmp(c->uid, uid) == 0 && first == NULL && c->alias_of[0] == '\0')
                return 0;
        engine_write(e);
        if (replaced) {
                engine_release_aliases(e, c);
                engine_disown_member(e, c);
        }
        if (first != NULL) {
                if (strcmp(c->alias_of, first->name) != 0) {
                        snprintf(c->alias_of, sizeof(c->alias_of), "%s", first->name);
                        snprintf(c->uid, sizeof(c->uid), "%s", uid);
                        model_touch_member(c, true);
                }
                return replaced;
        }
        if (c->alias_of[0] != '\0') {
                c->alias_of[0] = '\0';
                model_touch_member(c, true);
        }
        if (replaced) {
                r = identity_rename(e, c, uid, err);
                if (r < 0)
                        return r;
        }
        snprintf(c->uid, sizeof(c->uid), "%s", uid);
        model_touch_member(c, false);
        identity_record(e, c->fleet, c->name, uid);
        return replaced;
}
