/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Volumes of pods that are backed up by file: a PodVolumeBackup for each, or the reason why there
 * is none. The bytes themselves are not simulated, only their number.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/velero_impl.h"

#define VOLUME_BYTES 20971520

/* A pod of a backup, and where its outcome is told. */
struct pod {
        struct run *r;
        const json_t *backup; /* the Backup */
        json_t *obj;
        const char *ns, *name;
        json_t *results;
};

static void pod_note(struct pod *p, const char *half, char *sentence)
{
        _cleanup_(freep) char *text =
                mem_printf(" resource: /pods name: /%s message: /%s", p->name, sentence);
        json_t *at = json_object_get(p->results, half);

        if (!json_is_object(json_object_get(at, "namespaces")))
                json_object_set_new(at, "namespaces", json_object());
        at = json_object_get(at, "namespaces");
        if (!json_is_array(json_object_get(at, p->ns)))
                json_object_set_new(at, p->ns, json_array());
        json_array_append_new(json_object_get(at, p->ns), json_string(text));
        if (strcmp(half, "errors") == 0)
                p->r->errors++;
        else
                p->r->warnings++;
        free(sentence);
}

/* True where a comma list in an annotation of the pod has the volume. */
static bool annotated(const struct pod *p, const char *annotation, const char *volume)
{
        const char *list = object_annotation(p->obj, annotation);
        size_t n = strlen(volume);

        while (list && *list) {
                size_t len = strcspn(list, ",");

                if (len == n && memcmp(list, volume, n) == 0)
                        return true;
                list += len + (list[len] == ',');
        }
        return false;
}

/* Kinds of volumes whose data is somewhere else anyway. */
static bool holds_no_data(const json_t *volume)
{
        static const char *const kinds[] = { "secret", "configMap", "projected", "downwardAPI" };

        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
                if (json_object_get(volume, kinds[i]))
                        return true;
        return false;
}

static bool wanted(const struct pod *p, const json_t *volume)
{
        const char *name = json_string_value(json_object_get(volume, "name"));
        json_t *spec = json_object_get(p->backup, "spec");

        if (!name || holds_no_data(volume))
                return false;
        /* Of one that stands in the pod Velero says nothing, unless it was asked for. */
        if (json_is_true(json_object_get(spec, "defaultVolumesToFsBackup")))
                return !json_object_get(volume, "hostPath") &&
                       !annotated(p, "backup.velero.io/backup-volumes-excludes", name);
        return annotated(p, "backup.velero.io/backup-volumes", name);
}

/* On the node itself, or claimed from a persistent volume that is. */
static bool is_host_path(const struct pod *p, const json_t *volume)
{
        const char *claim = json_string_value(
                json_object_get(json_object_get(volume, "persistentVolumeClaim"), "claimName"));
        struct doc *pvc =
                claim ? table_find(cluster_table(p->r->v->c, RT_PVCS), p->ns, claim) : NULL;
        struct jspan pv = pvc ? jscan_unquote(jscan(doc_json(pvc), "spec", "volumeName", NULL))
                              : (struct jspan){ 0 };
        _cleanup_(freep) char *name = pv.p ? mem_strndup(pv.p, pv.n) : NULL;
        struct doc *d = name ? table_find(cluster_table(p->r->v->c, RT_PVS), "", name) : NULL;

        return json_object_get(volume, "hostPath") ||
               (d && jscan(doc_json(d), "spec", "hostPath", NULL).p);
}

static bool is_mounted(const struct pod *p, const char *volume)
{
        json_t *container, *mount;
        size_t i, j;

        json_array_foreach (
                json_object_get(json_object_get(p->obj, "spec"), "containers"), i, container)
                json_array_foreach (json_object_get(container, "volumeMounts"), j, mount)
                        if (strcmp(json_string_value(json_object_get(mount, "name")), volume) == 0)
                                return true;
        return false;
}

static void pod_volume_backup(struct pod *p, const char *volume)
{
        struct velero *v = p->r->v;
        _cleanup_(freep) char *label = velero_label_value(p->r->name);
        _cleanup_(freep) char *name =
                mem_printf("%s-%05lx", p->r->name, (unsigned long)random() & 0xfffff);
        _cleanup_(freep) char *snapshot =
                mem_printf("%016lx%016lx", (unsigned long)random(), (unsigned long)random());
        const char *node =
                json_string_value(json_object_get(json_object_get(p->obj, "spec"), "nodeName"));

        velero_add(v, RT_PODVOLUMEBACKUPS, name,
                json_pack("{s:{s:{s:s}}, s:{s:O, s:s, s:{s:s, s:s, s:s}, s:s, s:s, s:s}, "
                          "s:{s:s, s:s, s:o, s:o, s:s, s:{s:i, s:i}}}",
                        "metadata", "labels", "velero.io/backup-name", label, "spec",
                        "backupStorageLocation",
                        json_object_get(json_object_get(p->backup, "spec"), "storageLocation"),
                        "node", node ? node : "", "pod", "kind", "Pod", "name", p->name,
                        "namespace", p->ns, "repoIdentifier", "", "uploaderType", "kopia", "volume",
                        volume, "status", "phase", "Completed", "snapshotID", snapshot,
                        "startTimestamp", velero_now(v), "completionTimestamp", velero_now(v),
                        "path", "/host_pods", "progress", "totalBytes", VOLUME_BYTES, "bytesDone",
                        VOLUME_BYTES));
}

static void pod_volume(struct pod *p, const json_t *volume)
{
        const char *name = json_string_value(json_object_get(volume, "name"));

        if (is_host_path(p, volume))
                pod_note(p, "warnings",
                        mem_printf("Volume %s in pod %s/%s is a hostPath volume which is not "
                                   "supported for pod volume backup, skipping",
                                name, p->ns, p->name));
        else if (!is_mounted(p, name))
                pod_note(p, "warnings",
                        mem_printf("volume %s is declared in pod %s/%s but not mounted by any "
                                   "container, skipping",
                                name, p->ns, p->name));
        else
                pod_volume_backup(p, name);
}

static void pod_volumes(struct pod *p)
{
        struct velero *v = p->r->v;
        json_t *spec = json_object_get(p->obj, "spec"), *volume;
        const char *node = json_string_value(json_object_get(spec, "nodeName"));
        const char *phase =
                json_string_value(json_object_get(json_object_get(p->obj, "status"), "phase"));
        bool agent = table_find(cluster_table(v->c, RT_DAEMONSETS), v->ns, "node-agent") != NULL;
        size_t i, n = 0;

        json_array_foreach (json_object_get(spec, "volumes"), i, volume)
                n += wanted(p, volume);
        if (!n)
                return;
        if (!phase || strcmp(phase, "Running") != 0) {
                pod_note(p, "warnings",
                        mem_printf("Skip pod volume of a pod that is not running, phase %s",
                                phase ? phase : ""));
                return;
        }
        if (!agent) {
                pod_note(p, "errors",
                        mem_printf("Error backing up item error: /daemonset pod not found in "
                                   "running state in node %s",
                                node ? node : ""));
                return;
        }
        json_array_foreach (json_object_get(spec, "volumes"), i, volume)
                if (wanted(p, volume))
                        pod_volume(p, volume);
}

void velero_volumes_backup(struct run *r, const json_t *backup)
{
        for (size_t i = 0; i < r->items->n; i++) {
                const struct item *item = &r->items->v[i];
                _cleanup_(freep) char *ns = NULL;
                struct pod p;

                if (item->type->id != RT_PODS)
                        continue;
                ns = doc_namespace(item->doc);
                p = (struct pod){ r, backup, doc_parse(item->doc), ns, doc_name(item->doc),
                        r->results };
                pod_volumes(&p);
                json_decref(p.obj);
        }
}
