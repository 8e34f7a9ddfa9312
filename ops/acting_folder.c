/* SPDX-License-Identifier: Apache-2.0 */
/*
 * acting, migration folders: mkdir, the links `source` and targets/…, rmdir. The policy.yaml in
 * them is a file like others (acting.c), but that it only commits: `start` in ctl starts all of it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/timefmt.h"
#include "base/utf8.h"
#include "ops/acting_private.h"
#include "ops/engine_private.h"
#include "ops/object.h"
#include "ops/op.h"
#include "ops/policy.h"
#include "ops/rollup.h"
#include "ops/trash.h"

/* ---------------------------------------------------------------- the folder */

/* A DNS-1123 subdomain of at most LIMIT_POLICY_NAME characters. */
static bool folder_name_ok(const char *name)
{
        size_t n = strlen(name);
        bool inside = false; /* after a letter or digit of the present label */

        if (n == 0 || n > LIMIT_POLICY_NAME || name[n - 1] == '-')
                return false;
        for (const char *p = name; *p != '\0'; p++) {
                if ((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9'))
                        inside = true;
                else if (*p == '-' && inside && p[1] != '.')
                        continue;
                else if (*p == '.' && inside)
                        inside = false;
                else
                        return false;
        }
        return inside;
}

/* A removed migration whose runs still show: the folder begins anew, they stay its history. */
static int folder_renew(
        struct engine *e, const struct acting_file *f, struct object *o, struct err *err)
{
        struct object next = *o;
        int r;

        acting_clear_draft(&next);
        acting_clear_removal(&next);
        next.is_folder = true;
        next.removed = next.started = false;
        next.in_force = (struct document){ .bytes = NULL };
        next.source = (struct member_link){ .name = NULL };
        next.targets = NULL;
        next.n_targets = 0;
        r = acting_apply(e, f, &o, &next, true, err);
        if (r < 0)
                return r;
        o->started = false;
        document_done(&o->in_force);
        policy_free(o->policy);
        o->policy = NULL;
        member_link_done(&o->source);
        while (o->n_targets > 0)
                member_link_done(&o->targets[--o->n_targets]);
        free(o->targets);
        o->targets = NULL;
        return 0;
}

int acting_mkdir(struct engine *e, const char *fleet, const char *name, struct err *err)
{
        const struct acting_file f = { .fleet = fleet, .kind = OBJECT_MIGRATION, .name = name };
        struct object *o = acting_object(e, &f), next;
        int r = acting_writable(e, err);

        if (r < 0)
                return r;
        if (!folder_name_ok(name)) {
                err_set(err, -EINVAL, "\"%s\" is no name of a migration", name);
                err_id(err, "FLT-0230");
                err_remedy(err, "lower case letters, digits, '-' and '.', at most %d characters",
                        LIMIT_POLICY_NAME);
                return -EINVAL;
        }
        if (o != NULL && (!o->removed || !o->own)) {
                err_set(err, -EEXIST, "migration %s exists", name);
                err_id(err, "FLT-0249");
                err_remedy(err, "choose another name");
                return -EEXIST;
        }
        if (o != NULL)
                return folder_renew(e, &f, o, err);
        r = acting_fresh(e, &f, &next, err);
        if (r < 0)
                return r;
        next.is_folder = true;
        return acting_apply(e, &f, &o, &next, true, err);
}

int acting_rmdir(struct engine *e, const char *fleet, const char *name, struct err *err)
{
        const struct acting_file f = { .fleet = fleet, .kind = OBJECT_MIGRATION, .name = name };
        struct object *o = acting_object(e, &f), next;
        int r = acting_writable(e, err);

        if (r < 0)
                return r;
        if (o == NULL)
                return err_set(err, -ENOENT, "migration %s is not there", name);
        if (!o->own) {
                err_set(err, -EPERM, "%s was made by store %s", o->name, o->owner);
                err_id(err, "FLT-0252");
                return -EPERM;
        }
        if (!o->is_folder) {
                err_set(err, -ENOTEMPTY, "migration %s was made from a document", name);
                err_remedy(err, "remove %s.%s", name, o->in_force.ext);
                return -ENOTEMPTY;
        }
        r = op_type_of(OBJECT_MIGRATION)->may_remove(e, o, err);
        if (r < 0)
                return r;
        engine_publish(e);
        r = trash_keep(e, o, err);
        if (r < 0)
                return r;
        next = *o;
        acting_clear_draft(&next);
        next.is_folder = false;
        next.file_gone = next.removed = true;
        if (o->n_runs == 0) {
                /* Nothing of it is on any cluster: it leaves no trace. */
                r = object_delete(e, o, err);
                if (r < 0) {
                        acting_keep_as_is(e, o, &next);
                        return r;
                }
                engine_write(e);
                engine_event(e, "MigrationRemoved", o->fleet, "name", name, NULL);
                engine_forget(e, o);
                model_touch_object(o, true);
                fleet_remove_object(o);
                return 0;
        }
        r = acting_apply(e, &f, &o, &next, true, err);
        if (r < 0)
                return r;
        engine_event(e, "MigrationRemoved", o->fleet, "name", name, NULL);
        op_type_of(OBJECT_MIGRATION)->retire(e, o);
        engine_dirty(e, o);
        engine_object_shrunk(e, o);
        return 0;
}

/* ---------------------------------------------------------------- where a link leads */

static int link_refuse(struct err *err, const char *text, const char *what)
{
        err_set(err, -EINVAL, "\"%s\" %s", text, what);
        err_remedy(err,
                "link to a cluster: ../../clusters/NAME for source, ../../../clusters/NAME in targets/");
        return -EINVAL;
}

/* Takes one more part of a path onto a stack of at most 8 parts; -1 above the root or too deep. */
static int path_step(const char **parts, size_t *lens, int n, const char *p, size_t len)
{
        if (len == 0 || (len == 1 && p[0] == '.'))
                return n;
        if (len == 2 && p[0] == '.' && p[1] == '.')
                return n - 1;
        if (n == 8)
                return -1;
        parts[n] = p;
        lens[n] = len;
        return n + 1;
}

static bool path_part_is(const char *p, size_t len, const char *text)
{
        return strlen(text) == len && memcmp(p, text, len) == 0;
}

int acting_resolve_link(const char *text, const char *fleet, const char *migration, bool target,
        const char *mountpoint, char member[static FOLDER_NAME_MAX + 1], struct err *err)
{
        const char *parts[8], *p = text;
        size_t lens[8], below = strlen(mountpoint);
        int n = 0;

        if (utf8_valid_prefix(text, strlen(text)) != strlen(text))
                return link_refuse(err, "the link", "is not UTF-8");
        while (below > 1 && mountpoint[below - 1] == '/')
                below--;
        if (text[0] == '/') {
                if (strncmp(text, mountpoint, below) != 0 || text[below] != '/')
                        return link_refuse(err, text, "leads out of the mount");
                p = text + below;
        } else {
                n = path_step(parts, lens, n, fleet, strlen(fleet));
                n = path_step(parts, lens, n, "migrations", strlen("migrations"));
                n = path_step(parts, lens, n, migration, strlen(migration));
                if (target)
                        n = path_step(parts, lens, n, "targets", strlen("targets"));
        }
        for (;;) {
                size_t len = strcspn(p, "/");

                n = path_step(parts, lens, n, p, len);
                if (n < 0)
                        return link_refuse(err, text, "leads out of the mount");
                if (p[len] == '\0')
                        break;
                p += len + 1;
        }
        if (n >= 1 && !path_part_is(parts[0], lens[0], fleet))
                return link_refuse(err, text, "leads out of the fleet");
        if (n != 3 || !path_part_is(parts[1], lens[1], "clusters") || lens[2] > FOLDER_NAME_MAX)
                return link_refuse(err, text, "does not lead to a cluster");
        memcpy(member, parts[2], lens[2]);
        member[lens[2]] = '\0';
        return 0;
}

/* ---------------------------------------------------------------- links */

static struct member_link *find_target(const struct object *o, const char *name)
{
        for (size_t i = 0; i < o->n_targets; i++)
                if (strcmp(o->targets[i].name, name) == 0)
                        return &o->targets[i];
        return NULL;
}

/*
 * Replaces the link of that name, or adds it; with no text removes it. First a copy of the object
 * with a copy of the list is stored, then the object's own list is changed.
 */
int acting_set_link(
        struct engine *e, struct object *o, bool target, struct member_link *link, struct err *err)
{
        struct object next = *o;
        struct member_link *old = target ? find_target(o, link->name) : &o->source;
        _cleanup_(freep) struct member_link *list = calloc(o->n_targets + 1, sizeof(*list));
        size_t n = 0;
        int r;

        if (list == NULL)
                return err_set(err, -ENOMEM, "keep the link");
        for (size_t i = 0; i < o->n_targets; i++) {
                if (!target || &o->targets[i] != old)
                        list[n++] = o->targets[i];
                else if (link->target != NULL)
                        list[n++] = *link;
        }
        if (target && old == NULL && link->target != NULL)
                list[n++] = *link;
        next.targets = list;
        next.n_targets = n;
        if (!target)
                next.source = link->target != NULL ? *link : (struct member_link){ .name = NULL };
        engine_publish(e);
        r = object_save(e, &next, err);
        if (r < 0) {
                acting_keep_as_is(e, o, &next);
                return r;
        }

        engine_write(e);
        if (old != NULL)
                member_link_done(old);
        free(o->targets);
        o->targets = TAKE(list);
        o->n_targets = n;
        o->source = next.source;
        if (link->target == NULL)
                member_link_done(link);
        *link = (struct member_link){ .name = NULL };
        rollup_object(e, o);
        model_touch_object(o, true);
        return 0;
}

static int link_object(
        struct engine *e, const struct acting_link *l, struct object **ret, struct err *err)
{
        const struct acting_file f = {
                .fleet = l->fleet, .kind = OBJECT_MIGRATION, .name = l->migration
        };
        struct object *o = acting_object(e, &f);
        int r = acting_writable(e, err);

        if (r < 0)
                return r;
        if (o == NULL)
                return err_set(err, -ENOENT, "migration %s is gone", l->migration);
        if (!o->own || !o->is_folder)
                return err_set(
                        err, -EPERM, "the links of migration %s cannot be changed", l->migration);
        if (o->started) {
                err_set(err, -EBUSY, "migration %s has started: its links are frozen", o->name);
                err_id(err, "FLT-0426");
                err_remedy(err, "make another migration");
                return -EBUSY;
        }
        *ret = o;
        return 0;
}

static int link_check(const struct object *o, const struct acting_link *l, const struct member *c,
        const char *from, struct err *err)
{
        bool both = l->target && o->source.member != NULL && strcmp(o->source.member, c->name) == 0;

        for (size_t i = 0; i < o->n_targets; i++) {
                const struct member_link *t = &o->targets[i];

                if (strcmp(t->member, c->name) != 0)
                        continue;
                both = both || !l->target;
                if (l->target && strcmp(t->name, l->name) != 0 &&
                        (from == NULL || strcmp(t->name, from) != 0)) {
                        err_set(err, -EEXIST, "cluster %s is a target already, as targets/%s",
                                c->name, t->name);
                        err_id(err, "FLT-0238");
                        return -EEXIST;
                }
        }
        if (!both)
                return 0;
        err_set(err, -EINVAL, "cluster %s cannot be source and target", c->name);
        err_id(err, "FLT-0245");
        err_remedy(err, "remove one of the links");
        return -EINVAL;
}

int acting_link(struct engine *e, const struct acting_link *l, const char *text,
        const char *mountpoint, bool replace, const char *from, struct err *err)
{
        struct member_link link = { .name = NULL };
        char member[FOLDER_NAME_MAX + 1];
        struct member *c;
        struct object *o;
        int r = link_object(e, l, &o, err);

        if (r < 0)
                return r;
        if (!replace && (l->target ? find_target(o, l->name) != NULL : o->source.name != NULL))
                return err_set(err, -EEXIST, "%s exists", l->name);
        r = acting_resolve_link(text, l->fleet, l->migration, l->target, mountpoint, member, err);
        if (r < 0)
                return r;
        c = fleet_member(o->fleet, member);
        if (c != NULL && c->alias_of[0] != '\0')
                c = fleet_member(o->fleet, c->alias_of);
        if (c == NULL) {
                err_set(err, -EINVAL, "fleet %s has no cluster \"%s\"", l->fleet, member);
                err_id(err, "FLT-0234");
                err_remedy(err, "see clusters/ for the names");
                return -EINVAL;
        }
        r = link_check(o, l, c, from, err);
        if (r < 0)
                return r;
        link.name = strdup(l->name);
        link.target = strdup(text);
        link.member = strdup(c->name);
        if (link.name == NULL || link.target == NULL || link.member == NULL)
                r = err_set(err, -ENOMEM, "keep the link");
        else
                r = acting_set_link(e, o, l->target, &link, err);
        member_link_done(&link);
        if (r == 0 && from != NULL && strcmp(from, l->name) != 0) {
                struct acting_link old = *l;

                old.name = from;
                (void)acting_unlink_link(e, &old, 0, NULL);
        }
        return r;
}

int acting_unlink_link(struct engine *e, const struct acting_link *l, uint32_t uid, struct err *err)
{
        struct member_link gone = { .name = NULL };
        const struct member_link *old;
        struct object *o;
        int r = link_object(e, l, &o, err);

        if (r < 0)
                return r;
        old = l->target ? find_target(o, l->name) : &o->source;
        if (old == NULL || old->name == NULL)
                return err_set(err, -ENOENT, "%s is not there", l->name);
        gone.name = strdup(l->name);
        if (gone.name == NULL)
                return err_set(err, -ENOMEM, "remove the link");
        acting_remember_link(e, o, old, l->target, uid);
        r = acting_set_link(e, o, l->target, &gone, err);
        member_link_done(&gone);
        return r;
}
