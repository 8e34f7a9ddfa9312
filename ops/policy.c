/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/policy.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/yaml.h"
#include "ops/kurator_schema.h"
#include "ops/policy_private.h"
#include "velero/spec.h"

const char *const policy_folders[] = {
        [POLICY_BACKUP] = "backups",
        [POLICY_RESTORE] = "restores",
        [POLICY_MIGRATION] = "migrations",
};

/* "backup", "restore", "migration": the value of label fleetfs.dev/kind. */
static const char *policy_kind_text(enum policy_kind kind)
{
        static const char *const texts[] = {
                [POLICY_BACKUP] = "backup",
                [POLICY_RESTORE] = "restore",
                [POLICY_MIGRATION] = "migration",
        };

        return texts[kind];
}

int policy_oom(struct err *err)
{
        return err_set(err, -ENOMEM, "out of memory");
}

const char *policy_keep(struct policy *policy, const char *text)
{
        return arena_copy(policy->arena, text, strlen(text));
}

/* An error at a node, its field named as the user knows it. Follow with err_remedy(). */
int policy_refuse(struct policy_reading *in, const struct yaml_node *node, const char *id,
        const char *path, const char *fmt, ...)
{
        char text[320];
        va_list ap;

        va_start(ap, fmt);
        (void)vsnprintf(text, sizeof(text), fmt, ap);
        va_end(ap);
        return yaml_refuse(node, in->err, id, "%s%s: %s", in->prefix, path, text);
}

/* A caveat that is no error. */
int policy_warn(struct policy_reading *in, const char *fmt, ...)
{
        struct policy *p = in->policy;
        const char **list = arena_alloc(p->arena, (p->n_warnings + 1) * sizeof(*list));
        char text[400];
        va_list ap;

        va_start(ap, fmt);
        (void)vsnprintf(text, sizeof(text), fmt, ap);
        va_end(ap);
        if (!list)
                return policy_oom(in->err);
        for (size_t i = 0; i < p->n_warnings; i++)
                list[i] = p->warnings[i];
        list[p->n_warnings] = policy_keep(p, text);
        if (!list[p->n_warnings])
                return policy_oom(in->err);
        p->warnings = list;
        p->n_warnings++;
        return 0;
}

static int check_stem(struct policy *p, struct err *err)
{
        const char *at = p->kind == POLICY_RESTORE ? strchr(p->name, '@') : NULL;
        struct policy_reference reference;

        if (at && policy_split_reference(p, p->name, LIMIT_POLICY_NAME, &reference)) {
                p->backup = reference;
                return 0;
        }
        if (!at && velero_is_dns_subdomain(p->name, LIMIT_POLICY_NAME))
                return 0;
        (void)err_set(err, -EINVAL, "\"%s\" cannot be the name of a %s", p->name,
                policy_kind_text(p->kind));
        (void)err_id(err, ERR_ID_BAD_NAME);
        if (at)
                return err_remedy(err, "name it <backup>@latest or <backup>@20260901-020003Z");
        return err_remedy(err,
                "lower case letters, digits, '-' and '.', a letter or digit at both ends, "
                "at most 63 characters");
}

/* A cut document can still be a valid one that means more: without its filter, say. */
static int check_end(const char *bytes, size_t len, struct err *err)
{
        size_t first = 0;
        int line = 1, column = 1;

        while (first < len && strchr(" \t\r\n", bytes[first]))
                first++;
        /* JSON has an end of its own. */
        if (first == len || bytes[first] == '{' || bytes[len - 1] == '\n')
                return 0;
        for (size_t i = 0; i < len; i++) {
                if (bytes[i] == '\n') {
                        line++;
                        column = 1;
                } else if ((bytes[i] & 0xc0) != 0x80) {
                        column++;
                }
        }
        (void)err_set(err, -EINVAL, "the document does not end in a newline and may be cut off");
        (void)err_id(err, ERR_ID_CUT_OFF);
        (void)err_place(err, line, column);
        return err_remedy(err, "write it again, with a newline at its end");
}

/* No bytes: a restore of all of what its name says, or a migration of everything. */
static int read_nothing(struct policy *p, struct err *err)
{
        struct policy_reading in = { .policy = p, .err = err };

        p->style = POLICY_BARE;
        p->empty = true;
        p->spec = json_object();
        return p->spec ? policy_alloc_subs(&in, 1) : policy_oom(err);
}

static int read_bytes(struct policy *p, const char *bytes, size_t len, const struct policy_env *env,
        struct err *err)
{
        const struct yaml_options options = { .max_bytes = LIMIT_POLICY_BYTES };
        _cleanup_(yaml_docs_freep) struct yaml_docs *docs = NULL;
        struct policy_reading in = {
                .policy = p, .bytes = bytes, .len = len, .env = env, .err = err
        };
        int r = yaml_parse(bytes, len, &options, &docs, err);

        if (r < 0)
                return r;
        in.clusters = arena_alloc(p->arena, (env->n_clusters + 1) * sizeof(*in.clusters));
        if (!in.clusters)
                return policy_oom(err);
        for (size_t i = 0; i < env->n_clusters; i++)
                in.clusters[i] = env->clusters[i];
        in.root = docs->roots[0];
        r = yaml_want_mapping(in.root, "the document", err);
        if (r == 0)
                r = policy_find_type(&in, p->kind);
        if (r == 0 && in.spec)
                r = schema_check(in.type->spec, in.spec, "", err);
        else if (r == 0)
                r = schema_check(in.type->document, in.root, "", err);
        if (r < 0)
                return r;
        if (!in.spec)
                in.spec = yaml_get(in.root, "spec");
        r = policy_check_observed(&in);
        if (r == 0)
                r = policy_read_document(&in);
        return r;
}

int policy_parse(enum policy_kind kind, const char *stem, const char *bytes, size_t len,
        const struct policy_env *env, struct policy **ret, struct err *err)
{
        _cleanup_(arena_freep) struct arena *arena = NULL;
        _cleanup_(policy_freep) struct policy *p = NULL;
        int r = arena_new(&arena);

        if (r == 0)
                p = arena_alloc(arena, sizeof(*p));
        if (!p)
                return policy_oom(err);
        *p = (struct policy){
                .kind = kind,
                .schedule = "",
                .source = "",
                .destination.except = "",
                .backup = { .name = "", .run = "", .schedule = "" },
                .arena = TAKE(arena),
        };
        p->name = policy_keep(p, stem);
        if (!p->name)
                return policy_oom(err);
        r = check_stem(p, err);
        if (r == 0 && len == 0 && (*p->backup.name || (kind == POLICY_MIGRATION && env->links)))
                r = read_nothing(p, err);
        else if (r == 0) {
                if (env->final_newline && kind != POLICY_BACKUP && len <= LIMIT_POLICY_BYTES)
                        r = check_end(bytes, len, err);
                if (r == 0)
                        r = read_bytes(p, bytes, len, env, err);
        }
        if (r < 0)
                return r;
        *ret = TAKE(p);
        return 0;
}

int policy_set_links(struct policy *policy, const struct policy_env *env, const char *source,
        const char *const *targets, size_t n_targets, struct err *err)
{
        struct policy_destination to = { .given = true };
        const char *kept = policy_keep(policy, source);

        to.clusters = arena_alloc(policy->arena, n_targets * sizeof(*to.clusters));
        if (!to.clusters || !kept)
                return policy_oom(err);
        for (size_t i = 0; i <= n_targets; i++) {
                const char *name = i < n_targets ? targets[i] : source;
                bool known = false;

                for (size_t k = 0; k < env->n_clusters; k++)
                        known = known || strcmp(env->clusters[k], name) == 0;
                if (!known) {
                        (void)err_set(err, -EINVAL, "fleet \"%s\" has no cluster \"%s\"",
                                env->fleet, name);
                        (void)err_id(err, ERR_ID_UNKNOWN_CLUSTER);
                        return err_remedy(err, "see clusters/ for the names");
                }
                if (i < n_targets && strcmp(name, source) == 0) {
                        (void)err_set(err, -EINVAL, "\"%s\" is the source and a target", name);
                        (void)err_id(err, ERR_ID_SOURCE_TARGET);
                        return err_remedy(err, "remove it from targets/");
                }
                if (i < n_targets) {
                        to.clusters[i] = policy_keep(policy, name);
                        if (!to.clusters[i])
                                return policy_oom(err);
                }
        }
        to.n_clusters = n_targets;
        to.except = kept;
        policy->source = kept;
        policy->destination = to;
        policy->subs[0].destination = to;
        return 0;
}

void policy_free(struct policy *policy)
{
        if (!policy)
                return;
        json_decref(policy->spec);
        json_decref(policy->metadata);
        /* The policy itself lies in its arena. */
        arena_free(policy->arena);
}

int policy_find_sub(const struct policy *policy, const char *id)
{
        for (size_t i = 0; i < policy->n_subs; i++)
                if (strcmp(policy->subs[i].id, id) == 0)
                        return (int)i;
        return -ENOENT;
}

int policy_restore_sub(const struct policy *restore, const char *backup_sub_name)
{
        return restore->named_subs ? policy_find_sub(restore, backup_sub_name) : 0;
}

const json_t *policy_metadata(const struct policy *policy)
{
        return policy->metadata;
}
