/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "ops/kurator_schema.h"
#include "ops/policy_private.h"

/* Which of the spellings a document has, and whether it is one to be applied at all. */

static int refuse_api_version(struct policy_reading *in, const struct yaml_node *node)
{
        static const char *const known[] = { "backup.kurator.dev/v1alpha1", "velero.io/v1", NULL };
        const char *near = spell_nearest(node->text, known);

        if (near)
                (void)yaml_refuse(node, in->err, ERR_ID_UNKNOWN_KIND,
                        "apiVersion: \"%s\" is none that fleetfs knows; did you mean \"%s\"?",
                        node->text, near);
        else
                (void)yaml_refuse(node, in->err, ERR_ID_UNKNOWN_KIND,
                        "apiVersion: \"%s\" is none that fleetfs knows", node->text);
        return err_remedy(
                in->err, "use %s or %s, or leave apiVersion and kind out", known[0], known[1]);
}

static int refuse_kind(
        struct policy_reading *in, const char *api_version, const struct yaml_node *node)
{
        const char *kinds[8];
        size_t n, k = 0;
        const struct policy_document_type *types = policy_document_types(&n);
        const char *near;

        for (size_t i = 0; i < n && k + 1 < ARRAY_SIZE(kinds); i++)
                if (strcmp(types[i].api_version, api_version) == 0)
                        kinds[k++] = types[i].kind;
        kinds[k] = NULL;
        near = spell_nearest(node->text, kinds);
        if (near)
                (void)yaml_refuse(node, in->err, ERR_ID_UNKNOWN_KIND,
                        "kind: \"%s\" is no policy of %s; did you mean \"%s\"?", node->text,
                        api_version, near);
        else
                (void)yaml_refuse(node, in->err, ERR_ID_UNKNOWN_KIND,
                        "kind: \"%s\" is no policy of %s", node->text, api_version);
        return err_remedy(in->err, "use %s, %s or %s", kinds[0], kinds[1], kinds[2]);
}

static int missing_head(struct policy_reading *in, const char *what)
{
        (void)yaml_refuse(in->root, in->err, ERR_ID_MISSING_FIELD, "%s missing", what);
        return err_remedy(in->err, "give apiVersion and kind, or neither and the spec alone");
}

/* Finds the row of apiVersion and kind, or takes the whole for Kurator's spec of the folder's kind.
 */
int policy_find_type(struct policy_reading *in, enum policy_kind kind)
{
        size_t n;
        const struct policy_document_type *types = policy_document_types(&n);
        const struct yaml_node *api = yaml_get(in->root, "apiVersion");
        const struct yaml_node *name = yaml_get(in->root, "kind");
        const char *api_text, *name_text;
        bool known = false;
        int r;

        if (yaml_is_null(api) && yaml_is_null(name)) {
                if (yaml_get(in->root, "spec"))
                        return missing_head(in, "apiVersion and kind are");
                in->type = &types[kind];
                in->spec = in->root;
                in->prefix = "";
                return 0;
        }
        if (yaml_is_null(api) || yaml_is_null(name))
                return missing_head(in, yaml_is_null(api) ? "apiVersion is" : "kind is");
        r = yaml_as_string(api, "apiVersion", &api_text, in->err);
        if (r == 0)
                r = yaml_as_string(name, "kind", &name_text, in->err);
        if (r < 0)
                return r;
        for (size_t i = 0; i < n; i++) {
                if (strcmp(types[i].api_version, api_text) != 0)
                        continue;
                known = true;
                if (strcmp(types[i].kind, name_text) == 0)
                        in->type = &types[i];
        }
        if (!known)
                return refuse_api_version(in, api);
        if (!in->type)
                return refuse_kind(in, api_text, name);
        if (in->type->folder != (int)kind) {
                (void)yaml_refuse(name, in->err, ERR_ID_WRONG_FOLDER,
                        "kind: a %s does not belong in %s/", name_text, policy_folders[kind]);
                return err_remedy(in->err, "copy it to %s/", policy_folders[in->type->folder]);
        }
        in->prefix = "spec.";
        return 0;
}

/*
 * A Velero server fills in defaults, excludes and the other of two exclusive fields. Sent again,
 * such a spec fails, or means something else.
 */
int policy_check_observed(struct policy_reading *in)
{
        const struct yaml_node *uid = yaml_find(in->root, "metadata.uid");
        const struct yaml_node *phase = yaml_find(in->root, "status.phase");
        const struct yaml_node *mark = yaml_is_null(phase) ? uid : phase;

        if (!in->type->velero || strcmp(in->type->kind, "Schedule") == 0 || yaml_is_null(mark))
                return 0;
        (void)yaml_refuse(mark, in->err, ERR_ID_OBSERVED_SPEC,
                "this %s comes from a cluster, where Velero has changed its spec", in->type->kind);
        return err_remedy(in->err,
                "write the spec you mean; leave status, metadata.uid and filled-in fields out");
}
