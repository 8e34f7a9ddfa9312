/* SPDX-License-Identifier: Apache-2.0 */
/* PATCH in its four flavours. */
#include <string.h>

#include "tests/sim/api.h"
#include "tests/sim/jsonpatch.h"
#include "tests/sim/managed.h"
#include "tests/sim/object.h"

static void patch_rejected(struct api_request *r)
{
        struct str out = { 0 };

        str_puts(&out,
                "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},"
                "\"status\":\"Failure\",\"message\":\"the server rejected our "
                "request due to an error in our request\",\"reason\":\"Invalid\",\"details\":{},"
                "\"code\":422}\n");
        exchange_reply(r->x, 422, "application/json", &out);
}

/* A merge or JSON patch of an object that exists. */
static void patch_existing(struct api_request *r, const json_t *patch, bool json_patch_flavour)
{
        struct doc *d = table_find(r->table, r->ns, r->name);
        _cleanup_(freep) char *manager = api_manager(r);
        struct str why = { 0 };
        json_t *prev, *obj;
        int bad = 0;

        if (!d || (*r->subresource && r->type->no_status)) {
                api_not_found(r);
                return;
        }
        prev = doc_parse(d);
        obj = json_deep_copy(prev);
        if (json_patch_flavour)
                bad = json_patch(&obj, patch, &why);
        else
                merge_patch(&obj, patch);
        if (bad) {
                patch_rejected(r);
        } else if (!json_is_object(obj) || !json_is_object(object_meta(obj))) {
                status_reply(r->x, 400, NULL, "the patched document is no object");
        } else if (api_conflict(r, d, obj) == 0) {
                api_commit(r, d, prev, obj, manager);
        }
        str_done(&why);
        json_decref(prev);
        json_decref(obj);
}

static void apply_conflict(struct api_request *r, const char *why, json_t *causes)
{
        json_t *status = json_pack("{s:s, s:s, s:{}, s:s, s:s, s:s, s:{s:o}, s:i}", "kind",
                "Status", "apiVersion", "v1", "metadata", "status", "Failure", "message", why,
                "reason", "Conflict", "details", "causes", causes, "code", 409);
        char *text = json_dumps(status, JSON_COMPACT);
        struct str out = { 0 };

        str_puts(&out, text);
        str_putc(&out, '\n');
        free(text);
        json_decref(status);
        exchange_reply(r->x, 409, "application/json", &out);
}

/* Server-side apply: creates what is not there. */
static void patch_apply(struct api_request *r, json_t *config)
{
        const char *manager = exchange_param(r->x, "fieldManager");
        struct doc *d = table_find(r->table, r->ns, r->name);
        json_t *live = d ? doc_parse(d) : NULL;
        json_t *causes = NULL, *merged;
        struct str why = { 0 };
        char now[RFC3339_LEN];

        if (!manager || !*manager) {
                status_invalid(r->x,
                        &(struct restype){ .group = "meta.k8s.io", .kind = "PatchOptions" }, "",
                        "FieldValueRequired", "fieldManager",
                        "Required value: is required for apply patch");
                json_decref(live);
                return;
        }
        if (json_object_get(object_meta(config), "managedFields")) {
                status_reply(r->x, 400, NULL, "metadata.managedFields must be nil");
                json_decref(live);
                return;
        }
        if (!object_meta(config))
                json_object_set_new(config, "metadata", json_object());
        if (api_apply_check(r, config) < 0) {
                json_decref(live);
                return;
        }
        json_object_del(object_meta(config), "resourceVersion");
        merged = managed_apply(live, config, manager, r->type->api_version,
                rfc3339(cluster_now(r->cluster), now), exchange_param_true(r->x, "force"), &why,
                &causes);
        if (!merged)
                apply_conflict(r, why.s, causes);
        else
                api_commit_applied(r, d, live, merged);
        str_done(&why);
        json_decref(merged);
        json_decref(live);
}

void api_patch(struct api_request *r)
{
        const char *type = r->x->content_type ? r->x->content_type : "";
        size_t n = strcspn(type, "; ");
        json_t *patch;

#define IS(literal) (n == sizeof literal - 1 && strncmp(type, literal, n) == 0)
        if (!IS("application/merge-patch+json") && !IS("application/json-patch+json") &&
                !IS("application/apply-patch+yaml") &&
                !(IS("application/strategic-merge-patch+json") && r->type->builtin)) {
                status_reply(r->x, 415, NULL,
                        "the body of the request was in an unknown format - accepted media "
                        "types include: "
                        "application/json-patch+json, application/merge-patch+json, "
                        "application/apply-patch+yaml");
                return;
        }
        patch = api_body(r);
        if (!patch)
                return;
        if (IS("application/json-patch+json") && !json_is_array(patch)) {
                status_reply(r->x, 400, NULL,
                        "error decoding patch: json: cannot unmarshal object into Go value of "
                        "type []handlers.jsonPatchOp");
                json_decref(patch);
                return;
        }
        if (IS("application/apply-patch+yaml"))
                patch_apply(r, patch);
        else
                patch_existing(r, patch, IS("application/json-patch+json"));
#undef IS
        json_decref(patch);
}
