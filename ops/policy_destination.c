/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "ops/kurator_schema.h"
#include "ops/policy_private.h"

/* Destinations: clusters by name, by label, or all of the fleet. */

static int check_cluster(struct policy_reading *in, const struct yaml_node *node, const char *path)
{
        const char *near;

        if (in->env->accepted)
                return 0;
        for (size_t i = 0; in->clusters[i]; i++)
                if (strcmp(in->clusters[i], node->text) == 0)
                        return 0;
        near = spell_nearest(node->text, in->clusters);
        if (near)
                (void)policy_refuse(in, node, ERR_ID_UNKNOWN_CLUSTER, path,
                        "fleet \"%s\" has no cluster \"%s\"; did you mean \"%s\"?", in->env->fleet,
                        node->text, near);
        else
                (void)policy_refuse(in, node, ERR_ID_UNKNOWN_CLUSTER, path,
                        "fleet \"%s\" has no cluster \"%s\"", in->env->fleet, node->text);
        return err_remedy(in->err, "see clusters/ for the names");
}

static int read_clusters(struct policy_reading *in, const struct yaml_node *list, const char *path,
        struct policy_destination *ret)
{
        ret->clusters = arena_alloc(in->policy->arena, list->n * sizeof(*ret->clusters));
        if (!ret->clusters)
                return policy_oom(in->err);
        YAML_ITEMS (list, i, item) {
                const struct yaml_node *name = yaml_get(item, "name");
                char where[160];
                int r;

                (void)snprintf(where, sizeof(where), "%s.clusters[%zu].name", path, i);
                r = check_cluster(in, name, where);
                if (r < 0)
                        return r;
                for (size_t k = 0; k < ret->n_clusters; k++)
                        if (strcmp(ret->clusters[k], name->text) == 0) {
                                (void)policy_refuse(in, name, ERR_ID_DUPLICATE_NAME, where,
                                        "cluster \"%s\" is named twice", name->text);
                                return err_remedy(in->err, "remove one of them");
                        }
                ret->clusters[ret->n_clusters] = policy_keep(in->policy, name->text);
                if (!ret->clusters[ret->n_clusters++])
                        return policy_oom(in->err);
        }
        return 0;
}

static int read_requirement(struct policy_reading *in, struct policy_requirement *ret,
        const char *key, enum policy_operator op, const struct yaml_node *values)
{
        size_t n = !values ? 0 : values->kind == YAML_SCALAR ? 1 : values->n;

        *ret = (struct policy_requirement){ .key = policy_keep(in->policy, key), .op = op };
        ret->values = arena_alloc(in->policy->arena, n * sizeof(*ret->values));
        if (!ret->key || !ret->values)
                return policy_oom(in->err);
        for (; ret->n_values < n; ret->n_values++) {
                const struct yaml_node *value =
                        values->kind == YAML_SCALAR ? values : values->items[ret->n_values];

                ret->values[ret->n_values] = policy_keep(in->policy, value->text);
                if (!ret->values[ret->n_values])
                        return policy_oom(in->err);
        }
        return 0;
}

static int read_selector(
        struct policy_reading *in, const struct yaml_node *selector, struct policy_destination *ret)
{
        static const struct {
                const char *text;
                enum policy_operator op;
        } operators[] = {
                { "In", POLICY_IN },
                { "NotIn", POLICY_NOT_IN },
                { "Exists", POLICY_EXISTS },
                { "DoesNotExist", POLICY_DOES_NOT_EXIST },
        };
        const struct yaml_node *labels = yaml_get(selector, "matchLabels");
        const struct yaml_node *expressions = yaml_get(selector, "matchExpressions");
        size_t n = (yaml_is_null(labels) ? 0 : labels->n) +
                   (yaml_is_null(expressions) ? 0 : expressions->n);
        int r = 0;

        ret->requirements = arena_alloc(in->policy->arena, n * sizeof(*ret->requirements));
        if (!ret->requirements)
                return policy_oom(in->err);
        YAML_PAIRS (labels, i, pair) {
                r = read_requirement(in, &ret->requirements[ret->n_requirements++], pair->key->text,
                        POLICY_IN, pair->value);
                if (r < 0)
                        return r;
        }
        YAML_ITEMS (expressions, i, item) {
                const char *op = yaml_get(item, "operator")->text;
                const struct yaml_node *values = yaml_get(item, "values");
                size_t k = 0;

                while (k + 1 < ARRAY_SIZE(operators) && strcmp(operators[k].text, op) != 0)
                        k++;
                r = read_requirement(in, &ret->requirements[ret->n_requirements++],
                        yaml_get(item, "key")->text, operators[k].op,
                        yaml_is_null(values) ? NULL : values);
                if (r < 0)
                        return r;
        }
        return 0;
}

bool policy_selects(const struct policy_destination *destination, const char *cluster,
        policy_label_fn *label, void *userdata)
{
        if (strcmp(destination->except, cluster) == 0)
                return false;
        for (size_t i = 0; i < destination->n_clusters; i++)
                if (strcmp(destination->clusters[i], cluster) == 0)
                        return true;
        if (destination->n_clusters > 0)
                return false;
        for (size_t i = 0; i < destination->n_requirements; i++) {
                const struct policy_requirement *q = &destination->requirements[i];
                const char *value = label ? label(userdata, cluster, q->key) : NULL;
                bool among = false;

                for (size_t k = 0; value && k < q->n_values; k++)
                        among = among || strcmp(q->values[k], value) == 0;
                if ((q->op == POLICY_IN && !among) || (q->op == POLICY_NOT_IN && among) ||
                        (q->op == POLICY_EXISTS && !value) ||
                        (q->op == POLICY_DOES_NOT_EXIST && value))
                        return false;
        }
        return true;
}

/* How many clusters a destination takes now, and the last of them. */
size_t policy_count_selected(struct policy_reading *in,
        const struct policy_destination *destination, const char **ret_last)
{
        size_t n = 0;

        for (size_t i = 0; in->clusters[i]; i++)
                if (policy_selects(
                            destination, in->clusters[i], in->env->label, in->env->userdata)) {
                        *ret_last = in->clusters[i];
                        n++;
                }
        return n;
}

int policy_read_destination(struct policy_reading *in, const struct yaml_node *node,
        const char *path, struct policy_destination *ret)
{
        const struct yaml_node *fleet = yaml_get(node, "fleet");
        const struct yaml_node *clusters = yaml_get(node, "clusters");
        const struct yaml_node *selector = yaml_get(node, "clusterSelector");
        const char *last;
        char where[128];
        int r = 0;

        *ret = (struct policy_destination){ .except = "" };
        if (yaml_is_null(node))
                return 0;
        ret->given = true;
        (void)snprintf(where, sizeof(where), "%s.fleet", path);
        if (!yaml_is_null(fleet) && fleet->len > 0 && strcmp(fleet->text, in->env->fleet) != 0) {
                (void)policy_refuse(in, fleet, ERR_ID_WRONG_FLEET, where,
                        "this is the folder of fleet \"%s\", not of \"%s\"", in->env->fleet,
                        fleet->text);
                return err_remedy(in->err, "leave it out, or copy the file to %s/%s/", fleet->text,
                        policy_folders[in->policy->kind]);
        }
        if (!yaml_is_null(clusters))
                r = read_clusters(in, clusters, path, ret);
        if (r == 0 && !yaml_is_null(selector))
                r = read_selector(in, selector, ret);
        if (r == 0 && in->env->label && ret->n_requirements > 0 &&
                policy_count_selected(in, ret, &last) == 0)
                r = policy_warn(in,
                        "FLT-0282 %s%s.clusterSelector matches no cluster of fleet %s now",
                        in->prefix, path, in->env->fleet);
        return r;
}
