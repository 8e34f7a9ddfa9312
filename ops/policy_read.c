/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/duration.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/strv.h"
#include "base/timefmt.h"
#include "ops/kurator_schema.h"
#include "ops/policy_private.h"
#include "velero/spec.h"

/* From a document that passed its schema to struct policy: what no table can say about it. */

#define ANNOTATION_ALLOW_PARTIAL "fleetfs.dev/allow-partially-failed"

/* --- parts --- */

/* A mapping of a namespace that the document itself leaves out would never apply: what was to go
 * elsewhere is restored over what is there. `node` holds the mapping, `path` is what it is called. */
static int check_mapping(struct policy_reading *in, const json_t *filter,
        const struct yaml_node *node, const char *path)
{
        const json_t *included = policy_field(filter, "includedNamespaces");
        const struct yaml_node *mapping = yaml_get(node, "namespaceMapping");
        char where[160];

        if (yaml_is_null(mapping) || policy_list_is_all(included))
                return 0;
        for (size_t i = 0; i < json_array_size(included); i++)
                if (strpbrk(json_string_value(json_array_get(included, i)), "*?["))
                        return 0;
        for (size_t k = 0; k < mapping->n; k++) {
                const struct yaml_node *from = mapping->pairs[k].key;
                bool found = false;

                for (size_t i = 0; i < json_array_size(included); i++)
                        found = found || strcmp(json_string_value(json_array_get(included, i)),
                                                 from->text) == 0;
                if (found)
                        continue;
                (void)snprintf(where, sizeof(where), "%s%snamespaceMapping", path, *path ? "." : "");
                (void)policy_refuse(in, from, ERR_ID_MAPPING, where,
                        "\"%s\" is not among includedNamespaces, so it is never mapped", from->text);
                return err_remedy(in->err,
                        "write the namespace that is restored, add it there, or remove the mapping");
        }
        return 0;
}

/* What a restore cannot do is told now, at its place, and not by each cluster. */
static int check_translation(struct policy_reading *in, const struct policy_sub *sub,
        const struct yaml_node *policy_node, const char *path)
{
        char where[160];
        const struct yaml_node *filter = yaml_get(policy_node, "resourceFilter");
        struct policy_filter_fault fault = { NULL, NULL };
        json_t *scratch = json_object();
        bool decided;
        int r = scratch ? policy_restore_kinds(policy_field(sub->spec, "resourceFilter"), scratch,
                                  &decided, &fault)
                        : -ENOMEM;

        json_decref(scratch);
        if (r == -ENOMEM)
                return policy_oom(in->err);
        if (r == 0)
                return 0;
        (void)snprintf(where, sizeof(where), "%s.resourceFilter.%s", path, fault.key);
        (void)policy_refuse(in, yaml_get_pair(filter, fault.key)->key, ERR_ID_NO_TRANSLATION, where,
                "%s", fault.why);
        return err_remedy(
                in->err, "use includedResources, excludedResources and includeClusterResources");
}

/* Kurator and Velero write an unset ttl as 0s, so it is taken; who wrote it himself meant less. */
static int warn_ttl(struct policy_reading *in, const json_t *spec)
{
        const char *ttl = json_string_value(policy_field(spec, "ttl"));
        int64_t ns;

        if (!ttl || duration_parse(ttl, &ns, NULL) < 0 || ns != 0)
                return 0;
        return policy_warn(in, "FLT-0290 a ttl of \"%s\" is Velero's default, 720h unless its server says else", ttl);
}

/* `path` is what the part's policy is called; "" for a Velero document's spec. */
static int read_sub(struct policy_reading *in, struct policy_sub *sub,
        const struct yaml_node *policy_node, const char *path)
{
        const json_t *filter =
                in->type->velero ? sub->spec : policy_field(sub->spec, "resourceFilter");
        int r = 0;

        if (in->policy->kind == POLICY_RESTORE && !in->type->velero)
                r = check_translation(in, sub, policy_node, path);
        if (r == 0 && in->policy->kind != POLICY_BACKUP)
                r = check_mapping(in, filter, policy_node, path);
        return r == 0 ? warn_ttl(in, sub->spec) : r;
}

int policy_alloc_subs(struct policy_reading *in, size_t n)
{
        struct policy *p = in->policy;

        p->subs = arena_alloc(p->arena, n * sizeof(*p->subs));
        if (!p->subs)
                return policy_oom(in->err);
        p->n_subs = n;
        for (size_t i = 0; i < n; i++)
                p->subs[i] =
                        (struct policy_sub){ .id = "", .name = "", .destination = p->destination };
        return 0;
}

/* S2's policies[]. */
static int read_policies(struct policy_reading *in, const struct yaml_node *list)
{
        struct policy *p = in->policy;
        const json_t *documents = json_object_get(p->spec, "policies");
        int r = policy_alloc_subs(in, list->n);

        p->named_subs = true;
        for (size_t i = 0; r == 0 && i < list->n; i++) {
                const struct yaml_node *item = list->items[i];
                const struct yaml_node *name = yaml_get(item, "name");
                const struct yaml_node *destination = yaml_get(item, "destination");
                const struct yaml_node *policy_node = yaml_get(item, "policy");
                struct policy_sub *sub = &p->subs[i];
                char path[64], id[24];

                (void)snprintf(path, sizeof(path), "policies[%zu].name", i);
                (void)snprintf(id, sizeof(id), "%zu", i);
                if (!yaml_is_null(name) && name->len > 0) {
                        if (!velero_is_label_value(name->text)) {
                                (void)policy_refuse(in, name, ERR_ID_BAD_NAME, path,
                                        "\"%s\" cannot be a name", name->text);
                                return err_remedy(in->err,
                                        "letters, digits, '-', '_' and '.', at most 63 characters");
                        }
                        sub->name = policy_keep(p, name->text);
                        sub->id = sub->name;
                } else {
                        sub->id = policy_keep(p, id);
                }
                if (!sub->id)
                        return policy_oom(in->err);
                for (size_t k = 0; k < i; k++)
                        if (strcmp(p->subs[k].id, sub->id) == 0) {
                                (void)policy_refuse(in, yaml_is_null(name) ? item : name,
                                        ERR_ID_DUPLICATE_NAME, path,
                                        "\"%s\" is the name of policies[%zu] already", sub->id, k);
                                return err_remedy(in->err, "give each its own name");
                        }
                (void)snprintf(path, sizeof(path), "policies[%zu].destination", i);
                if (!yaml_is_null(destination))
                        r = policy_read_destination(in, destination, path, &sub->destination);
                (void)snprintf(path, sizeof(path), "policies[%zu].policy", i);
                sub->spec = policy_field(json_array_get(documents, i), "policy");
                if (r == 0)
                        r = read_sub(in, sub, policy_node, path);
        }
        return r;
}

static int read_parts(struct policy_reading *in)
{
        struct policy *p = in->policy;
        const struct yaml_node *policies = yaml_get(in->spec, "policies");
        int r;

        if (!in->type->velero && !yaml_is_null(policies))
                return read_policies(in, policies);
        r = policy_alloc_subs(in, 1);
        if (r < 0)
                return r;
        if (!in->type->velero)
                p->subs[0].spec = policy_field(p->spec, "policy");
        else if (strcmp(in->type->kind, "Schedule") == 0)
                p->subs[0].spec = json_object_get(p->spec, "template");
        else
                p->subs[0].spec = p->spec;
        return in->type->velero ? read_sub(in, &p->subs[0], in->spec, "")
                                : read_sub(in, &p->subs[0], yaml_get(in->spec, "policy"), "policy");
}

/* --- the rest of each kind --- */

static const char *text_of(struct policy_reading *in, const struct yaml_node *node)
{
        return yaml_is_null(node) ? "" : policy_keep(in->policy, node->text);
}

/* Of two spellings that are not both given. */
static const char *text_of_either(
        struct policy_reading *in, const struct yaml_node *one, const struct yaml_node *other)
{
        return text_of(in, yaml_is_null(one) ? other : one);
}

static const char *read_config(struct policy_reading *in, const struct yaml_node *location)
{
        const struct yaml_node *node = yaml_get(location, "config");
        _cleanup_(freep) char *text = NULL;
        json_t *config = NULL;

        if (yaml_is_null(node) || node->n == 0)
                return "";
        if (yaml_to_json(node, &config, in->err) == 0)
                text = json_dumps(config, JSON_COMPACT | JSON_SORT_KEYS);
        json_decref(config);
        return text != NULL ? policy_keep(in->policy, text) : NULL;
}

static int read_storage(struct policy_reading *in)
{
        const struct yaml_node *node = yaml_get(in->spec, "storage");
        const struct yaml_node *location = yaml_get(node, "location");
        struct policy_storage *s;

        if (yaml_is_null(node))
                return 0;
        s = arena_alloc(in->policy->arena, sizeof(*s));
        if (!s)
                return policy_oom(in->err);
        s->provider = text_of(in, yaml_get(location, "provider"));
        s->bucket = text_of(in, yaml_get(location, "bucket"));
        s->prefix = text_of_either(in, yaml_get(location, "prefix"), yaml_get(node, "prefix"));
        s->region = text_of(in, yaml_get(location, "region"));
        s->s3_url = text_of_either(in, yaml_get(location, "s3Url"), yaml_get(location, "endpoint"));
        s->secret = text_of_either(in, yaml_get(node, "credentials"), yaml_get(node, "secretName"));
        s->config = read_config(in, location);
        if (!s->provider || !s->bucket || !s->prefix || !s->region || !s->s3_url || !s->secret ||
                !s->config)
                return policy_oom(in->err);
        s->line = location->line;
        s->column = location->column;
        in->policy->storage = s;
        return 0;
}

static int read_schedule(struct policy_reading *in)
{
        const struct yaml_node *node = yaml_get(in->spec, "schedule");
        bool owned = false;
        int r;

        /* Kurator takes an empty one for no schedule: a template's unset variable would start a
         * backup at once. `null` is said on purpose. */
        if (node && node->kind == YAML_SCALAR && node->len == 0) {
                (void)policy_refuse(in, node, ERR_ID_BAD_SCHEDULE, "schedule", "it is empty");
                return err_remedy(in->err,
                        "leave the field out for a backup made once, or write one, as in 0 3 * * *");
        }
        if (yaml_is_null(node))
                return 0;
        r = policy_check_schedule(in, node);
        if (r < 0)
                return r;
        in->policy->schedule = policy_keep(in->policy, node->text);
        if (!in->policy->schedule)
                return policy_oom(in->err);
        if (!in->type->velero)
                return 0;
        r = yaml_get_bool(in->spec, "spec", "paused", &in->policy->paused, in->err);
        if (r == 0)
                r = yaml_get_bool(in->spec, "spec", "useOwnerReferencesInBackup", &owned, in->err);
        if (r == 0 && owned)
                r = policy_warn(in,
                        "FLT-0288 useOwnerReferencesInBackup: the backups' objects vanish "
                        "with the schedule until Velero's sync brings them back");
        return r;
}

/* "name", "name@latest" or "name@<run>". False when it is none of these. */
bool policy_split_reference(
        struct policy *policy, const char *text, size_t max, struct policy_reference *ret)
{
        const char *at = strchr(text, '@');
        const char *run = at ? at + 1 : "";
        char *name = arena_copy(policy->arena, text, at ? (size_t)(at - text) : strlen(text));
        int64_t when;

        *ret = (struct policy_reference){
                .name = name, .run = policy_keep(policy, run), .schedule = ""
        };
        if (!name || !ret->run || !velero_is_dns_subdomain(name, max))
                return false;
        return !at || strcmp(run, "latest") == 0 || stamp_parse_run(run, &when, NULL) == 0;
}

static int read_reference(struct policy_reading *in)
{
        struct policy *p = in->policy;
        const struct yaml_node *name = yaml_get(in->spec, "backupName");
        const struct yaml_node *schedule = yaml_get(in->spec, "scheduleName");

        if (in->type->velero && !yaml_is_null(schedule) && schedule->len > 0) {
                p->backup = (struct policy_reference){
                        .name = "", .run = "", .schedule = policy_keep(p, schedule->text)
                };
                return p->backup.schedule ? 0 : policy_oom(in->err);
        }
        if (!yaml_is_null(name)) {
                if (policy_split_reference(p, name->text, LIMIT_NAME_DNS1123_SUBDOMAIN, &p->backup))
                        return 0;
                (void)policy_refuse(in, name, ERR_ID_REFERENCE, "backupName",
                        "\"%s\" is not the name of a backup", name->text);
                return err_remedy(in->err,
                        "a policy, policy@latest, policy@20260901-020003Z or a Velero backup");
        }
        if (*p->backup.name)
                return 0;
        (void)yaml_refuse(
                in->spec, in->err, ERR_ID_MISSING_FIELD, "%sbackupName is missing", in->prefix);
        return err_remedy(in->err, "add it, or name the file <backup>@latest.yaml");
}

static int read_source(struct policy_reading *in, const struct yaml_node *node)
{
        struct policy_destination source;
        const char *last = "";
        size_t n;
        int r = policy_read_destination(in, node, "sourceCluster", &source);

        if (r < 0)
                return r;
        n = policy_count_selected(in, &source, &last);
        if (n != 1) {
                (void)policy_refuse(in, node, ERR_ID_SOURCE, "sourceCluster",
                        "it means %zu clusters, and a migration has one source", n);
                return err_remedy(in->err, "name one cluster in sourceCluster.clusters");
        }
        in->policy->source = policy_keep(in->policy, last);
        return in->policy->source ? 0 : policy_oom(in->err);
}

static int read_migration(struct policy_reading *in)
{
        static const char *const keys[] = { "sourceCluster", "targetCluster" };
        struct policy *p = in->policy;
        const struct yaml_node *target = yaml_get(in->spec, "targetCluster");
        int r;

        for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
                const struct yaml_pair *pair = yaml_get_pair(in->spec, keys[i]);
                bool given = pair && !yaml_is_null(pair->value);

                if (given && in->env->links) {
                        (void)policy_refuse(in, pair->key, ERR_ID_LINKS, keys[i],
                                "this folder's links say source and targets");
                        return err_remedy(in->err, "remove it");
                }
                if (!given && !in->env->links) {
                        (void)yaml_refuse(in->spec, in->err, ERR_ID_MISSING_FIELD,
                                "%s%s is missing", in->prefix, keys[i]);
                        return err_remedy(in->err, "add %s: {clusters: [{name: ...}]}", keys[i]);
                }
        }
        if (in->env->links)
                return 0;
        r = read_source(in, yaml_get(in->spec, "sourceCluster"));
        if (r == 0)
                r = policy_read_destination(in, target, "targetCluster", &p->destination);
        if (r < 0)
                return r;
        for (size_t i = 0; i < p->destination.n_clusters; i++)
                if (strcmp(p->destination.clusters[i], p->source) == 0) {
                        const struct yaml_node *list = yaml_get(target, "clusters");

                        (void)policy_refuse(in, yaml_get(list->items[i], "name"),
                                ERR_ID_SOURCE_TARGET, "targetCluster.clusters",
                                "\"%s\" is the source", p->source);
                        return err_remedy(in->err, "remove it from the targets");
                }
        p->destination.except = p->source;
        return 0;
}

static int read_metadata(struct policy_reading *in)
{
        struct policy *p = in->policy;
        const struct yaml_node *metadata = yaml_get(in->root, "metadata");
        const struct yaml_node *name = yaml_get(metadata, "name");
        const struct yaml_node *allow =
                yaml_get(yaml_get(metadata, "annotations"), ANNOTATION_ALLOW_PARTIAL);
        json_t *document = NULL;
        int r;

        if (in->spec == in->root || yaml_is_null(metadata))
                return 0;
        if (!yaml_is_null(allow) && strcmp(allow->text, "true") == 0)
                p->allow_partially_failed = true;
        r = yaml_to_json(metadata, &document, in->err);
        if (r < 0)
                return r;
        p->metadata = json_object();
        r = p->metadata ? policy_copy_field(p->metadata, document, "labels") : -ENOMEM;
        if (r == 0)
                r = policy_copy_field(p->metadata, document, "annotations");
        json_decref(document);
        if (r < 0)
                return policy_oom(in->err);
        if (json_object_size(p->metadata) == 0) {
                json_decref(p->metadata);
                p->metadata = NULL;
        }
        if (!yaml_is_null(name) && name->len > 0 && strcmp(name->text, p->name) != 0)
                return policy_warn(in,
                        "FLT-0283 metadata.name \"%s\" is not used: the file's name is \"%s\"",
                        name->text, p->name);
        return 0;
}

/* Velero leaves things out without a word; a whole backup that is not whole is told. */
static int warn_velero(struct policy_reading *in)
{
        static const char *const filters[] = { "includedNamespaces", "excludedNamespaces",
                "includedResources", "excludedResources", "includeClusterResources",
                "includedClusterScopedResources", "excludedClusterScopedResources",
                "includedNamespaceScopedResources", "excludedNamespaceScopedResources" };
        const json_t *spec = in->policy->subs[0].spec;
        _cleanup_(strv_done) struct strv deprecated = { 0 };
        bool filtered = false;
        int r = schema_deprecated(in->type->spec, in->spec, "spec", &deprecated);

        for (size_t i = 0; r == 0 && i < deprecated.n; i++)
                r = policy_warn(in, "FLT-0285 %s", deprecated.v[i]);
        for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
                const json_t *value = policy_field(spec, filters[i]);

                filtered = filtered || (value && !(i == 0 && policy_list_is_all(value)));
        }
        if (r == 0 && in->policy->kind == POLICY_BACKUP && !filtered)
                r = policy_warn(in,
                        "FLT-0284 without filters Velero leaves out cluster-scoped objects that "
                        "nothing refers to; includedClusterScopedResources: [\"*\"] takes them");
        return r == -ENOMEM ? policy_oom(in->err) : r;
}

int policy_read_document(struct policy_reading *in)
{
        struct policy *p = in->policy;
        const char *what = in->spec == in->root ? "" : "spec";
        bool velero = in->type->velero;
        int r = yaml_to_json(in->spec, &p->spec, in->err);

        p->style = velero ? POLICY_VELERO : in->spec == in->root ? POLICY_BARE : POLICY_KURATOR;
        if (r == 0)
                r = read_metadata(in);
        if (r == 0 && !velero)
                r = read_storage(in);
        if (r == 0 && p->kind == POLICY_MIGRATION)
                r = read_migration(in);
        else if (r == 0 && !velero)
                r = policy_read_destination(
                        in, yaml_get(in->spec, "destination"), "destination", &p->destination);
        if (r == 0 && p->kind == POLICY_BACKUP)
                r = read_schedule(in);
        if (r == 0 && p->kind == POLICY_RESTORE)
                r = read_reference(in);
        if (r == 0 && !velero)
                r = yaml_get_bool(in->spec, what, "allowPartiallyFailed",
                        &p->allow_partially_failed, in->err);
        if (r == 0 && !velero)
                r = yaml_get_bool(in->spec, what, "copyCredentials", &p->copy_credentials, in->err);
        if (r == 0)
                r = read_parts(in);
        if (r == 0 && velero)
                r = warn_velero(in);
        return r;
}
