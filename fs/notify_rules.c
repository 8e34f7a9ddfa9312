/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/notify_rules.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static const struct notify_rule {
        enum change_kind kind;
        bool if_listing; /* only when the subject came or went */
        unsigned tell;
        const char *path; /* of the directory, with {fields} of the change */
        const char *name; /* TELL_NAME */
} notify_rules[] = {
        { CHANGE_EVENTS, .tell = TELL_LOGS, .path = "" },

        { CHANGE_FLEET, .if_listing = true, .tell = TELL_NAME, .path = "", .name = "{fleet}" },
        { CHANGE_FLEET, .tell = TELL_AGGREGATES, .path = "" },
        { CHANGE_FLEET, .tell = TELL_FILES, .path = "{fleet}" },
        { CHANGE_FLEET, .tell = TELL_FILES | TELL_CHILDREN, .path = "{fleet}/.trash" },

        { CHANGE_MEMBER, .tell = TELL_AGGREGATES, .path = "" },
        { CHANGE_MEMBER, .tell = TELL_FILES, .path = "{fleet}" },
        { CHANGE_MEMBER, .tell = TELL_NAME, .path = "{fleet}/clusters", .name = "{member}" },
        { CHANGE_MEMBER, .tell = TELL_FILES, .path = "{fleet}/clusters/{member}" },

        { CHANGE_VELERO, .tell = TELL_FILES, .path = "{fleet}/clusters/{member}" },
        { CHANGE_VELERO, .if_listing = true, .tell = TELL_NAME,
                .path = "{fleet}/clusters/{member}/{velero}", .name = "{name}" },
        { CHANGE_VELERO, .tell = TELL_FILES, .path = "{fleet}/clusters/{member}/{velero}/{name}" },

        { CHANGE_OBJECT, .tell = TELL_AGGREGATES, .path = "" },
        { CHANGE_OBJECT, .tell = TELL_FILES, .path = "{fleet}" },
        { CHANGE_OBJECT, .tell = TELL_NAME, .path = "{fleet}/{folder}", .name = "{name}" },
        { CHANGE_OBJECT, .tell = TELL_NAME, .path = "{fleet}/{folder}", .name = "{name}.yaml" },
        { CHANGE_OBJECT, .tell = TELL_NAME, .path = "{fleet}/{folder}", .name = "{name}.yml" },
        { CHANGE_OBJECT, .tell = TELL_NAME, .path = "{fleet}/{folder}", .name = "{name}.json" },
        { CHANGE_OBJECT, .tell = TELL_NAME, .path = "{fleet}/{folder}",
                .name = "{name}.error.txt" },
        { CHANGE_OBJECT, .tell = TELL_FILES, .path = "{fleet}/{folder}/{name}" },
        { CHANGE_OBJECT, .tell = TELL_CHILDREN, .path = "{fleet}/{folder}/{name}/targets" },
        { CHANGE_OBJECT, .tell = TELL_FILES, .path = "{fleet}/{folder}/{name}/runs" },

        { CHANGE_RUN, .tell = TELL_FILES, .path = "{fleet}/{folder}/{name}" },
        { CHANGE_RUN, .tell = TELL_FILES, .path = "{fleet}/{folder}/{name}/runs" },
        { CHANGE_RUN, .if_listing = true, .tell = TELL_NAME, .path = "{fleet}/{folder}/{name}/runs",
                .name = "{run}" },
        { CHANGE_RUN, .tell = TELL_FILES, .path = "{fleet}/{folder}/{name}/runs/{run}" },
        /* The object's own clusters/ are those of its newest run. */
        { CHANGE_RUN, .if_listing = true, .tell = TELL_CHILDREN | TELL_BELOW,
                .path = "{fleet}/{folder}/{name}/clusters" },

        { CHANGE_TASK, .tell = TELL_FILES, .path = "{fleet}/{folder}/{name}" },
        { CHANGE_TASK, .tell = TELL_NAME, .path = "{fleet}/{folder}/{name}/clusters",
                .name = "{member}" },
        { CHANGE_TASK, .tell = TELL_FILES, .path = "{fleet}/{folder}/{name}/clusters/{member}" },
        { CHANGE_TASK, .tell = TELL_FILES, .path = "{fleet}/{folder}/{name}/runs/{run}" },
        { CHANGE_TASK, .tell = TELL_NAME, .path = "{fleet}/{folder}/{name}/runs/{run}/clusters",
                .name = "{member}" },
        { CHANGE_TASK, .tell = TELL_FILES,
                .path = "{fleet}/{folder}/{name}/runs/{run}/clusters/{member}" },
};

/* ---------------------------------------------------------------- targets */

/* Appends the field of a pattern that begins at *p ("{fleet}") and moves *p behind it. */
static void notify_expand_field(const struct change *c, const char **p, char *out, size_t size)
{
        const struct {
                const char *field, *value;
        } fields[] = {
                { "{fleet}", c->fleet },
                { "{member}", c->member },
                { "{folder}", object_kind_folder(c->object_kind) },
                { "{velero}", velero_kind_folder(c->velero_kind) },
                { "{name}", c->name },
                { "{run}", c->run },
        };

        for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
                size_t n = strlen(fields[i].field);

                if (strncmp(*p, fields[i].field, n) != 0)
                        continue;
                (void)snprintf(out, size, "%s", fields[i].value != NULL ? fields[i].value : "");
                *p += n;
                return;
        }
        *p += 1;
}

static size_t notify_expand(const struct change *c, const char *pattern, char *out, size_t size)
{
        size_t len = 0;

        out[0] = '\0';
        for (const char *p = pattern; *p != '\0' && len + 1 < size;) {
                if (*p == '{') {
                        notify_expand_field(c, &p, out + len, size - len);
                        len += strlen(out + len);
                } else {
                        out[len++] = *p++;
                        out[len] = '\0';
                }
        }
        return len;
}

static int notify_add_target(
        struct notify_target **set, const struct notify_rule *rule, const struct change *c)
{
        char key[NOTIFY_PATH_MAX];
        size_t path_len = notify_expand(c, rule->path, key, sizeof(key) - NAME_MAX - 2),
               len = path_len + 1;
        struct notify_target *t;

        if (rule->name != NULL)
                len += notify_expand(c, rule->name, key + len, sizeof(key) - len);
        else
                key[len] = '\0';
        len++;
        HASH_FIND(hh, *set, key, len, t);
        if (t == NULL) {
                t = calloc(1, sizeof(*t) + len);
                if (t == NULL)
                        return -ENOMEM;
                memcpy(t->key, key, len);
                t->len = len;
                t->name = rule->name != NULL ? t->key + path_len + 1 : NULL;
                HASH_ADD_KEYPTR(hh, *set, t->key, t->len, t);
        }
        t->tell |= rule->tell;
        return 0;
}

int notify_targets(struct notify_target **set, const struct change *changes, size_t n)
{
        for (size_t i = 0; i < n; i++)
                for (size_t k = 0; k < ARRAY_SIZE(notify_rules); k++) {
                        const struct notify_rule *rule = &notify_rules[k];

                        if (rule->kind != changes[i].kind ||
                                (rule->if_listing && !changes[i].listing))
                                continue;
                        if (notify_add_target(set, rule, &changes[i]) < 0)
                                return -ENOMEM;
                }
        return 0;
}

void notify_targets_done(struct notify_target **set)
{
        struct notify_target *t, *tmp;

        HASH_ITER (hh, *set, t, tmp) {
                HASH_DELETE(hh, *set, t);
                free(t);
        }
}

/* ---------------------------------------------------------------- judging */

/* One step of a rule's path against one of the tables', where "*" stands for a list's names. */
static bool notify_step_matches(const char *pattern, const char *step)
{
        if (strcmp(pattern, "{folder}") == 0)
                return object_kind_from_folder(step) >= 0;
        if (strcmp(pattern, "{velero}") == 0) {
                for (int k = 0; k < VELERO_KINDS; k++) {
                        const char *folder = velero_kind_folder((enum velero_kind)k);

                        if (folder != NULL && strcmp(folder, step) == 0)
                                return true;
                }
                return false;
        }
        return strcmp(pattern[0] == '{' ? "*" : pattern, step) == 0;
}

static bool notify_path_matches(const char *pattern, const char *path)
{
        char a[64], b[NAME_MAX + 1];

        while (*pattern != '\0' && *path != '\0') {
                int n = (int)strcspn(pattern, "/"), m = (int)strcspn(path, "/");

                (void)snprintf(a, sizeof(a), "%.*s", n, pattern);
                (void)snprintf(b, sizeof(b), "%.*s", m, path);
                if (!notify_step_matches(a, b))
                        return false;
                pattern += n + (pattern[n] == '/');
                path += m + (path[m] == '/');
        }
        return *pattern == '\0' && *path == '\0';
}

/* What a directory's rows need to be told of. */
static unsigned notify_needs(const struct node_table *table)
{
        unsigned needs = 0;

        for (size_t i = 0; i < table->n; i++) {
                const struct node_row *row = &table->rows[i];

                if (row->flags & NODE_WATCHED)
                        needs |= TELL_FILES;
                if (row->flags & NODE_AGGREGATE)
                        needs |= TELL_AGGREGATES;
                if (row->kind == NODE_LOG)
                        needs |= TELL_LOGS;
                if (row->kind == NODE_LIST && !(row->flags & NODE_CONST))
                        needs |= TELL_CHILDREN;
        }
        return needs;
}

static unsigned notify_told(const char *path)
{
        unsigned told = 0;

        for (size_t k = 0; k < ARRAY_SIZE(notify_rules); k++)
                if (notify_path_matches(notify_rules[k].path, path))
                        told |= notify_rules[k].tell;
        if (told & TELL_FILES)
                told |= TELL_AGGREGATES | TELL_LOGS;
        /* Names that come and go one by one. */
        if (told & TELL_NAME)
                told |= TELL_CHILDREN;
        return told;
}

static int notify_table_check(
        const struct node_table *table, const char *path, int depth, struct err *err)
{
        if (notify_needs(table) & ~notify_told(path)) {
                err_set(err, -EINVAL,
                        "/%s: it has rows that change, and no rule of notify_rules.c looks at them",
                        path);
                return -EINVAL;
        }
        for (size_t i = 0; i < table->n; i++) {
                const struct node_row *row = &table->rows[i];
                const struct node_row *shape = row->kind == NODE_LIST ? row->child : row;
                char below[512];
                int r;

                if (shape->kind != NODE_DIR || depth == NODE_DEPTH_MAX)
                        continue;
                r = snprintf(below, sizeof(below), "%s%s%s", path, path[0] != '\0' ? "/" : "",
                        row->name != NULL ? row->name : "*");
                if (r >= (int)sizeof(below))
                        return err_set(err, -ENAMETOOLONG, "/%s: the path of a row below is too long", path);
                r = notify_table_check(shape->table, below, depth + 1, err);
                if (r < 0)
                        return r;
        }
        return 0;
}

int notify_rules_check(const struct node_table *root, struct err *err)
{
        return notify_table_check(root, "", 0, err);
}
