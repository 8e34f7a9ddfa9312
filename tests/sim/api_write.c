/* SPDX-License-Identifier: Apache-2.0 */
/* POST, PUT and DELETE. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/api.h"
#include "tests/sim/object.h"
#include "tests/sim/selector.h"

#define ANNOTATIONS_MAX ((size_t)256 * 1024)

char *api_manager(const struct api_request *r)
{
        const char *given = exchange_param(r->x, "fieldManager");
        const char *agent = r->x->user_agent;

        if (given && *given)
                return mem_strdup(given);
        return agent && *agent ? mem_strndup(agent, strcspn(agent, "/ ")) : mem_strdup("unknown");
}

json_t *api_body(struct api_request *r)
{
        const char *how = exchange_param(r->x, "fieldValidation");
        size_t flags =
                JSON_DECODE_ANY | (how && strcmp(how, "Strict") == 0 ? JSON_REJECT_DUPLICATES : 0);
        json_error_t error;
        json_t *obj = json_loadb(r->x->body.s ? r->x->body.s : "", r->x->body.len, flags, &error);
        const char *key = obj ? NULL : strstr(error.text, "duplicate object key near '\"");

        if (obj && (json_is_object(obj) || json_is_array(obj)))
                return obj;
        json_decref(obj);
        if (key) {
                key = strchr(key, '"') + 1;
                status_reply(r->x, 400, NULL,
                        "%s in version \"%s\" cannot be handled as a %s: strict decoding error: "
                        "duplicate field \"%.*s\"",
                        r->type->kind, r->type->version, r->type->kind, (int)strcspn(key, "\""),
                        key);
        } else if (strcmp(r->x->method, "PATCH") == 0) {
                status_reply(r->x, 400, NULL, "error decoding patch: %s", error.text);
        } else {
                status_reply(r->x, 400, NULL,
                        "the object provided is unrecognized (must be of type %s): couldn't get "
                        "version/kind; json parse error: %s (%.30s ...)",
                        r->type->kind, error.text, r->x->body.s ? r->x->body.s : "");
        }
        return NULL;
}

static bool is_subdomain(const char *s)
{
        size_t n = strlen(s);

        if (!n || n > 253 || !isalnum((unsigned char)s[0]) || !isalnum((unsigned char)s[n - 1]))
                return false;
        for (; *s; s++)
                if (!islower((unsigned char)*s) && !isdigit((unsigned char)*s) && *s != '-' &&
                        *s != '.')
                        return false;
        return true;
}

/* Empty, or up to 63 alphanumeric characters with -, _ and . between them. */
static const char *label_value_error(const char *s)
{
        size_t n = strlen(s);

        if (n > 63)
                return "must be no more than 63 characters";
        for (size_t i = 0; i < n; i++)
                if (!isalnum((unsigned char)s[i]) && (i == 0 || i == n - 1 || !strchr("-_.", s[i])))
                        return "a valid label must be an empty string or consist of "
                               "alphanumeric characters, '-', '_' or '.', and must start "
                               "and end with an alphanumeric character (e.g. 'MyValue',  or "
                               "'my_value',  or '12345', regex used for validation is "
                               "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
        return NULL;
}

static int check_labels(struct api_request *r, const char *name, json_t *obj)
{
        const char *key;
        json_t *v;

        json_object_foreach (json_object_get(object_meta(obj), "labels"), key, v) {
                const char *s = json_string_value(v);
                const char *wrong = s ? label_value_error(s) : "labels are strings";
                _cleanup_(freep) char *detail = NULL;

                if (!wrong)
                        continue;
                detail = mem_printf("Invalid value: \"%s\": %s", s ? s : "", wrong);
                status_invalid(r->x, r->type, name, "FieldValueInvalid", "metadata.labels", detail);
                return -1;
        }
        return 0;
}

static int check_annotations(struct api_request *r, const char *name, json_t *obj)
{
        const char *key;
        size_t total = 0;
        json_t *v;

        json_object_foreach (json_object_get(object_meta(obj), "annotations"), key, v)
                total += strlen(key) + json_string_length(v);
        if (total <= ANNOTATIONS_MAX)
                return 0;
        status_invalid(r->x, r->type, name, "FieldValueTooLong", "metadata.annotations",
                "Too long: may not be more than 262144 bytes");
        return -1;
}

/* Roles and their bindings may be called system:… */
static bool name_is_free(const struct restype *type)
{
        return strcmp(type->group, "rbac.authorization.k8s.io") == 0;
}

static int check_metadata(struct api_request *r, const char *name, json_t *obj)
{
        if (!name_is_free(r->type) && !is_subdomain(name)) {
                _cleanup_(freep) char *detail = mem_printf(
                        "Invalid value: \"%s\": a lowercase RFC 1123 subdomain must consist of "
                        "lower case alphanumeric "
                        "characters, '-' or '.', and must start and end with an alphanumeric "
                        "character (e.g. 'example.com', "
                        "regex used for validation is "
                        "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
                        name);

                status_invalid(r->x, r->type, name, "FieldValueInvalid", "metadata.name", detail);
                return -1;
        }
        return check_labels(r, name, obj) < 0 || check_annotations(r, name, obj) < 0 ? -1 : 0;
}

static void reply_wrong_kind(struct api_request *r, const char *kind, const char *name)
{
        struct restype given = *r->type;
        _cleanup_(freep) char *detail =
                mem_printf("Invalid value: \"%s\": must be %s", kind, r->type->kind);

        if (r->type->builtin) {
                status_reply(r->x, 400, NULL, "%s in version \"%s\" cannot be handled as a %s",
                        kind, r->type->version, r->type->kind);
                return;
        }
        given.kind = kind;
        status_invalid(r->x, &given, name, "FieldValueInvalid", "kind", detail);
}

/* apiVersion, kind, name and namespace of the body against those of the path. */
static int check_identity(struct api_request *r, json_t *obj)
{
        const char *av = json_string_value(json_object_get(obj, "apiVersion"));
        const char *kind = json_string_value(json_object_get(obj, "kind"));
        const char *ns = json_string_value(json_object_get(object_meta(obj), "namespace"));
        const char *name = json_string_value(json_object_get(object_meta(obj), "name"));

        if (!json_is_object(obj)) {
                status_reply(r->x, 400, NULL, "the body is no object");
        } else if (!r->type->builtin && !kind) {
                status_reply(r->x, 400, NULL, "Object 'Kind' is missing in the request's body");
        } else if (av && strcmp(av, r->type->api_version) != 0) {
                status_reply(r->x, 400, NULL,
                        "the API version in the data (%s) does not match the expected API "
                        "version (%s)",
                        av, r->type->api_version);
        } else if (kind && strcmp(kind, r->type->kind) != 0) {
                reply_wrong_kind(r, kind, name ? name : "");
        } else if (name && *r->name && strcmp(name, r->name) != 0) {
                status_reply(r->x, 400, NULL,
                        "the name of the object (%s) does not match the name on the URL (%s)", name,
                        r->name);
        } else if (ns && r->type->namespaced && strcmp(ns, r->ns) != 0) {
                status_reply(r->x, 400, NULL,
                        "the namespace of the provided object does not match the namespace sent "
                        "on the request");
        } else {
                return 0;
        }
        return -1;
}

/* The namespace of a new object has to be there, and to stay. */
static int check_namespace(struct api_request *r)
{
        struct status_about about = { .type = restype(RT_NAMESPACES), .name = r->ns };
        struct doc *ns;

        if (!*r->ns)
                return 0;
        ns = table_find(cluster_table(r->cluster, RT_NAMESPACES), "", r->ns);
        if (!ns) {
                status_reply(r->x, 404, &about, "namespaces \"%s\" not found", r->ns);
                return -1;
        }
        if (jscan(doc_json(ns), "metadata", "deletionTimestamp", NULL).p) {
                status_reply(r->x, 403, NULL,
                        "unable to create new content in namespace %s because it is being "
                        "terminated",
                        r->ns);
                return -1;
        }
        return 0;
}

/* metadata.name, or one made from generateName; free it. */
static char *new_name(json_t *obj)
{
        static const char letters[] = "bcdfghjklmnpqrstvwxz2456789";
        const char *name = json_string_value(json_object_get(object_meta(obj), "name"));
        const char *prefix = json_string_value(json_object_get(object_meta(obj), "generateName"));
        char suffix[6] = "";

        if ((name && *name) || !prefix)
                return mem_strdup(name ? name : "");
        for (int i = 0; i < 5; i++)
                suffix[i] = letters[(size_t)random() % (sizeof letters - 1)];
        return mem_printf("%.248s%s", prefix, suffix);
}

/* "0" and "" are no version. */
static bool has_version(const json_t *obj)
{
        const char *rv = json_string_value(json_object_get(object_meta(obj), "resourceVersion"));

        return rv && strtoull(rv, NULL, 10) != 0;
}

static void create_object(struct api_request *r, json_t *obj)
{
        _cleanup_(freep) char *name = new_name(obj);
        _cleanup_(freep) char *manager = api_manager(r);
        struct status_about about = { .type = r->type, .name = name };

        if (!*name) {
                status_invalid(r->x, r->type, "", "FieldValueRequired", "metadata.name",
                        "Required value: name or generateName is required");
                return;
        }
        r->name = name;
        if (check_metadata(r, name, obj) < 0 || check_namespace(r) < 0)
                return;
        if (table_find(r->table, r->ns, name)) {
                status_reply_reason(r->x, 409, "AlreadyExists", &about, "%s \"%s\" already exists",
                        r->type->crd_name, name);
                return;
        }
        if (has_version(obj)) {
                status_reply(r->x, 400, NULL,
                        "resourceVersion should not be set on objects to be created");
                return;
        }
        if (api_validate(r, obj) < 0)
                return;
        if (r->type->builtin && r->type->id != RT_NAMESPACES)
                json_object_del(obj, "status");
        if (exchange_param(r->x, "dryRun")) {
                struct str text = { 0 };

                object_serialize(r->type, obj, &text);
                api_reply_json(r->x, 201, &text);
                return;
        }
        api_reply_doc(r->x, 201, object_create(r->table, r->ns, name, obj, manager));
}

void api_create(struct api_request *r)
{
        json_t *obj;

        if (r->x->content_type &&
                strncmp(r->x->content_type, "application/vnd.kubernetes.protobuf", 35) == 0) {
                status_reply(r->x, 415, NULL,
                        "the body of the request was in an unknown format - accepted media "
                        "types include: application/json");
                return;
        }
        if (*r->name) {
                status_reply(r->x, 405, NULL,
                        "the server does not allow this method on the requested resource");
                return;
        }
        if (r->type->namespaced && !*r->ns) {
                status_reply(r->x, 405, NULL,
                        "the server does not allow this method on the requested resource");
                return;
        }
        obj = api_body(r);
        if (!obj)
                return;
        if (check_identity(r, obj) == 0)
                create_object(r, obj);
        json_decref(obj);
}

int api_apply_check(struct api_request *r, json_t *config)
{
        if (check_identity(r, config) < 0 || check_metadata(r, r->name, config) < 0)
                return -1;
        if (table_find(r->table, r->ns, r->name))
                return 0;
        return check_namespace(r);
}

void api_commit_applied(struct api_request *r, struct doc *d, const json_t *live, json_t *merged)
{
        json_t *entries;

        if (api_validate(r, merged) < 0)
                return;
        if (exchange_param(r->x, "dryRun")) {
                struct str text = { 0 };

                object_serialize(r->type, merged, &text);
                api_reply_json(r->x, d ? 200 : 201, &text);
                return;
        }
        if (d) {
                api_reply_doc(r->x, 200, object_applied(r->table, d, live, merged));
                return;
        }
        entries = json_incref(json_object_get(object_meta(merged), "managedFields"));
        api_reply_doc(r->x, 201, object_create_applied(r->table, r->ns, r->name, merged, entries));
        json_decref(entries);
}

int api_conflict(struct api_request *r, const struct doc *d, const json_t *obj)
{
        const char *rv = json_string_value(json_object_get(object_meta(obj), "resourceVersion"));
        struct status_about about = { .type = r->type, .name = r->name };

        if (!rv || strtoull(rv, NULL, 10) == d->rv)
                return 0;
        status_reply(r->x, 409, &about,
                "Operation cannot be fulfilled on %s \"%s\": the object has been modified; "
                "please apply your changes to the "
                "latest version and try again",
                r->type->crd_name, r->name);
        return -1;
}

void api_commit(
        struct api_request *r, struct doc *d, const json_t *prev, json_t *obj, const char *manager)
{
        bool to_status = strcmp(r->subresource, "status") == 0;

        /* With a status subresource each of the two paths writes its own half only. */
        if (!r->type->no_status && r->type->id != RT_NAMESPACES) {
                json_t *kept = to_status ? json_deep_copy(prev) : obj;
                json_t *status = json_object_get(to_status ? obj : prev, "status");

                if (status)
                        json_object_set(kept, "status", status);
                else
                        json_object_del(kept, "status");
                if (to_status) {
                        json_object_clear(obj);
                        json_object_update(obj, kept);
                        json_decref(kept);
                }
        }
        if (check_metadata(r, r->name, obj) < 0 || api_validate(r, obj) < 0)
                return;
        if (exchange_param(r->x, "dryRun")) {
                struct str text = { 0 };

                object_serialize(r->type, obj, &text);
                api_reply_json(r->x, 200, &text);
                return;
        }
        doc_ref(d);
        {
                struct doc *now = object_update(r->table, d, prev, obj, manager);

                api_reply_doc(r->x, 200, now ? now : d);
        }
        doc_unref(d);
}

void api_update(struct api_request *r)
{
        struct doc *d = table_find(r->table, r->ns, r->name);
        _cleanup_(freep) char *manager = api_manager(r);
        json_t *obj, *prev;

        if (!d || (*r->subresource && r->type->no_status)) {
                api_not_found(r);
                return;
        }
        obj = api_body(r);
        if (!obj)
                return;
        prev = doc_parse(d);
        if (check_identity(r, obj) == 0 && api_conflict(r, d, obj) == 0)
                api_commit(r, d, prev, obj, manager);
        json_decref(prev);
        json_decref(obj);
}

/* A precondition that does not hold is a conflict, told with the kind where others tell the
 * resource. */
static void reply_precondition(struct api_request *r, const char *sentence)
{
        struct restype told = *r->type;
        struct status_about about = { .type = &told, .name = r->name };

        told.plural = told.kind;
        status_reply(r->x, 409, &about, "Operation cannot be fulfilled on %s%s%s \"%s\": %s",
                r->type->kind, *r->type->group ? "." : "", r->type->group, r->name, sentence);
}

/* preconditions.uid and .resourceVersion of DeleteOptions. */
static bool delete_allowed(struct api_request *r, const struct doc *d)
{
        json_t *options = r->x->body.len ? json_loadb(r->x->body.s, r->x->body.len, 0, NULL) : NULL;
        json_t *pre = json_object_get(options, "preconditions");
        const char *uid = json_string_value(json_object_get(pre, "uid"));
        const char *rv = json_string_value(json_object_get(pre, "resourceVersion"));
        struct jspan own = jscan_unquote(jscan(doc_json(d), "metadata", "uid", NULL));
        _cleanup_(freep) char *sentence = NULL;

        if (uid && (strlen(uid) != own.n || memcmp(uid, own.p, own.n) != 0))
                sentence = mem_printf(
                        "the UID in the precondition (%s) does not match the UID in record "
                        "(%.*s). The object might have been "
                        "deleted and then recreated",
                        uid, (int)own.n, own.p);
        else if (rv && strtoull(rv, NULL, 10) != d->rv)
                sentence = mem_printf(
                        "the ResourceVersion in the precondition (%s) does not match the "
                        "ResourceVersion in record (%llu). The "
                        "object might have been modified",
                        rv, (unsigned long long)d->rv);
        if (sentence)
                reply_precondition(r, sentence);
        json_decref(options);
        return !sentence;
}

void api_delete(struct api_request *r)
{
        struct doc *d = table_find(r->table, r->ns, r->name);

        if (!d) {
                api_not_found(r);
                return;
        }
        if (!delete_allowed(r, d))
                return;
        doc_ref(d);
        if (exchange_param(r->x, "dryRun") || object_delete(r->table, d)) {
                struct jspan uid = jscan_unquote(jscan(doc_json(d), "metadata", "uid", NULL));
                _cleanup_(freep) char *copy = uid.p ? mem_strndup(uid.p, uid.n) : NULL;
                struct status_about about = { .type = r->type, .name = r->name, .uid = copy };

                status_deleted(r->x, &about);
        } else {
                api_reply_doc(r->x, 200, table_find(r->table, r->ns, r->name));
        }
        doc_unref(d);
}

static bool collection_has(const struct api_request *r, const struct doc *d)
{
        return !*r->ns || (d->ns_len == strlen(r->ns) && memcmp(doc_key(d), r->ns, d->ns_len) == 0);
}

void api_delete_collection(struct api_request *r)
{
        struct selector labels = { 0 };
        struct str why = { 0 }, out = { 0 };
        const char *sep = "";

        if (selector_parse(&labels, exchange_param(r->x, "labelSelector"), &why) < 0) {
                status_reply(r->x, 400, NULL, "%s", why.s);
        } else {
                str_printf(&out, "{\"apiVersion\":\"%s\",\"items\":[", r->type->api_version);
                for (size_t i = r->table->n; i-- > 0;) {
                        struct doc *d = r->table->v[i];

                        if (!collection_has(r, d) || !selector_match_labels(&labels, doc_json(d)))
                                continue;
                        str_printf(&out, "%s%s", sep, doc_json(d));
                        sep = ",";
                        object_delete(r->table, d);
                }
                str_printf(&out,
                        "],\"kind\":\"%sList\",\"metadata\":{\"resourceVersion\":\"%llu\"}}\n",
                        r->type->kind, (unsigned long long)r->cluster->rv);
                api_reply_json(r->x, 200, &out);
        }
        str_done(&why);
        selector_done(&labels);
}
