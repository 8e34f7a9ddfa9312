/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/hostpath.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/record.h"

/* What is of interest in a pod. */
struct pod {
        const char *name;
        const char *ns;
        const char *mirror;  /* kubelet's own, from a file on the node */
        const char *left_out; /* comma list of volumes */
        const char *volumes; /* JSON */
};

#define ANNOTATION(key) "metadata.annotations[" key "]"
static const struct record_field pod_fields[] = {
        FIELD(struct pod, name, "metadata.name", RECORD_REQUIRED),
        FIELD(struct pod, ns, "metadata.namespace", RECORD_REQUIRED),
        FIELD(struct pod, mirror, ANNOTATION("kubernetes.io/config.mirror"), 0),
        FIELD(struct pod, left_out, ANNOTATION("backup.velero.io/backup-volumes-excludes"), 0),
        FIELD_JSON(struct pod, volumes, "spec.volumes", 0),
};
static struct record_type pod_type = RECORD_TYPE("Pod", struct pod, pod_fields);

struct volume {
        const char *name;
        const char *claim;
        const char *claim_ns;
        bool host_path;
};

static const struct record_field volume_fields[] = {
        FIELD(struct volume, name, "metadata.name", RECORD_REQUIRED),
        FIELD(struct volume, claim, "spec.claimRef.name", 0),
        FIELD(struct volume, claim_ns, "spec.claimRef.namespace", 0),
        FIELD_PRESENT(struct volume, host_path, "spec.hostPath", 0),
};
static struct record_type volume_type = RECORD_TYPE("PersistentVolume", struct volume, volume_fields);

/* ---------------------------------------------------------------- what the Backup covers */

static int take_list(struct strv *to, const json_t *list)
{
        size_t i;
        json_t *item;
        int r = 0;

        json_array_foreach (list, i, item)
                if (json_is_string(item) && r == 0)
                        r = strv_push(to, json_string_value(item));
        return r;
}

/* "a=b,c=d" when the selector has nothing else. */
static int take_selector(struct hostpath *h, const json_t *spec)
{
        const json_t *selector = json_object_get(spec, "labelSelector");
        json_t *labels = json_object_get(selector, "matchLabels"), *value;
        _cleanup_(buf_done) struct buf text = BUF_INIT(LIMIT_TEXT_BYTES);
        const char *key;

        if (json_object_size(selector) != 1 || json_object_size(labels) == 0)
                return 0;
        json_object_foreach (labels, key, value)
                if (json_is_string(value))
                        buf_printf(&text, "%s%s=%s", text.len > 0 ? "," : "", key, json_string_value(value));
        if (text.error < 0)
                return text.error;
        h->selector = strdup(text.data);
        return h->selector != NULL ? 0 : -ENOMEM;
}

static bool list_has_pods(const json_t *list)
{
        static const char *const names[] = { "*", "pods", "pod", "po" };
        size_t i;
        json_t *item;

        json_array_foreach (list, i, item)
                for (size_t k = 0; k < ARRAY_SIZE(names); k++)
                        if (json_is_string(item) && strcmp(json_string_value(item), names[k]) == 0)
                                return true;
        return false;
}

/* Of the lists of kinds that a spec may have; an absent one takes all. */
static bool covers_pods(const json_t *spec)
{
        static const char *const with[] = { "includedResources", "includedNamespaceScopedResources" };
        static const char *const without[] = { "excludedResources", "excludedNamespaceScopedResources" };

        for (size_t i = 0; i < ARRAY_SIZE(with); i++) {
                const json_t *list = json_object_get(spec, with[i]);

                if (json_array_size(list) > 0 && !list_has_pods(list))
                        return false;
                if (list_has_pods(json_object_get(spec, without[i])))
                        return false;
        }
        return true;
}

static bool is_name(const char *glob)
{
        return strpbrk(glob, "*?[]{}!\\") == NULL;
}

int hostpath_init(struct hostpath *h, const json_t *spec, const char *velero_namespace, struct err *err)
{
        int r;

        memset(h, 0, sizeof(*h));
        h->pods = covers_pods(spec);
        r = take_list(&h->included, json_object_get(spec, "includedNamespaces"));
        if (r == 0)
                r = take_list(&h->excluded, json_object_get(spec, "excludedNamespaces"));
        if (r == 0)
                r = strv_push(&h->excluded, "kube-system");
        if (r == 0)
                r = strv_push(&h->excluded, velero_namespace);
        if (r == 0)
                r = take_selector(h, spec);
        if (r == 0 && h->included.n == 1 && h->included.v[0][0] != '\0' && is_name(h->included.v[0])) {
                h->only = strdup(h->included.v[0]);
                r = h->only != NULL ? 0 : -ENOMEM;
        }
        return r < 0 ? err_set(err, r, "find out what the backup covers") : 0;
}

void hostpath_done(struct hostpath *h)
{
        strv_done(&h->included);
        strv_done(&h->excluded);
        strv_done(&h->named);
        free(h->only);
        free(h->selector);
        h->only = h->selector = NULL;
}

static bool any_matches(const struct strv *globs, const char *ns)
{
        for (size_t i = 0; i < globs->n; i++)
                if (fnmatch(globs->v[i], ns, 0) == 0)
                        return true;
        return false;
}

static bool covers(const struct hostpath *h, const char *ns)
{
        return h->pods && (h->included.n == 0 || any_matches(&h->included, ns)) && !any_matches(&h->excluded, ns);
}

/* ---------------------------------------------------------------- what there is */

static int add(struct hostpath *h, const char *kind, const char *ns, const char *name, const char *volume)
{
        if (h->n++ >= HOSTPATH_NAMED)
                return 0;
        return strv_printf(&h->named, volume != NULL ? "%s %s/%s (%s)" : "%s %s/%s", kind, ns, name, volume);
}

static bool listed(const char *list, const char *name)
{
        size_t n = strlen(name);

        for (const char *p = list; *p != '\0'; p += strcspn(p, ",")) {
                p += strspn(p, ", ");
                if (strncmp(p, name, n) == 0 && (p[n] == '\0' || p[n] == ',' || p[n] == ' '))
                        return true;
        }
        return false;
}

int hostpath_pod(struct hostpath *h, const char *bytes, size_t len)
{
        static const char needle[] = "\"hostPath\"";
        struct err err = ERR_INIT;
        _cleanup_(freep) void *record = NULL;
        const struct pod *pod;
        json_t *volumes, *v;
        size_t i;
        int r;

        /* Nearly all pods of a cluster have none, and need not be taken apart. */
        if (memmem(bytes, len, needle, sizeof(needle) - 1) == NULL)
                return 0;
        r = record_decode(&pod_type, bytes, len, &record, &err);
        if (r < 0)
                return r == -ENOMEM ? r : 0;
        pod = record;
        if (pod->mirror[0] != '\0' || !covers(h, pod->ns))
                return 0;
        volumes = json_loads(pod->volumes, JSON_REJECT_DUPLICATES, NULL);
        json_array_foreach (volumes, i, v) {
                const char *name = json_string_value(json_object_get(v, "name"));

                if (name != NULL && json_is_object(json_object_get(v, "hostPath")) && !listed(pod->left_out, name) && r == 0)
                        r = add(h, "pod", pod->ns, pod->name, name);
        }
        json_decref(volumes);
        return r;
}

int hostpath_volume(struct hostpath *h, const char *bytes, size_t len)
{
        struct err err = ERR_INIT;
        _cleanup_(freep) void *record = NULL;
        const struct volume *v;
        int r = record_decode(&volume_type, bytes, len, &record, &err);

        if (r < 0)
                return r == -ENOMEM ? r : 0;
        v = record;
        if (!v->host_path || v->claim[0] == '\0' || !covers(h, v->claim_ns))
                return 0;
        return add(h, "claim", v->claim_ns, v->claim, NULL);
}

void hostpath_text(const struct hostpath *h, struct buf *out)
{
        for (size_t i = 0; i < h->named.n; i++)
                buf_printf(out, "%s%s", i > 0 ? ", " : "", h->named.v[i]);
        if (h->n > h->named.n)
                buf_printf(out, " and %zu more", h->n - h->named.n);
}
