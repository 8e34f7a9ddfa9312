/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The requests that the server answers in place: DownloadRequest and ServerStatusRequest.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/download.h"
#include "tests/sim/velero_impl.h"

#define URL_SECONDS    600
#define STATUS_SECONDS 60

static const char *const plugins[][2] = {
        { "VolumeSnapshotter", "velero.io/aws" },
        { "BackupItemAction", "velero.io/crd-remap-version" },
        { "BackupItemAction", "velero.io/pod" },
        { "BackupItemAction", "velero.io/pv" },
        { "BackupItemAction", "velero.io/service-account" },
        { "BackupItemActionV2", "velero.io/csi-pvc-backupper" },
        { "BackupItemActionV2", "velero.io/csi-volumesnapshot-backupper" },
        { "RestoreItemAction", "velero.io/add-pvc-from-pod" },
        { "RestoreItemAction", "velero.io/change-image-name" },
        { "RestoreItemAction", "velero.io/change-storage-class" },
        { "RestoreItemAction", "velero.io/cluster-role-bindings" },
        { "RestoreItemAction", "velero.io/init-restore-hook" },
        { "RestoreItemAction", "velero.io/job" },
        { "RestoreItemAction", "velero.io/pod" },
        { "RestoreItemAction", "velero.io/pod-volume-restore" },
        { "RestoreItemAction", "velero.io/pvc" },
        { "RestoreItemAction", "velero.io/role-bindings" },
        { "RestoreItemAction", "velero.io/secret" },
        { "RestoreItemAction", "velero.io/service" },
        { "RestoreItemAction", "velero.io/service-account" },
        { "DeleteItemAction", "velero.io/dataupload-delete" },
        { "ItemBlockAction", "velero.io/pod" },
        { "ItemBlockAction", "velero.io/pvc" },
        { "ItemBlockAction", "velero.io/service-account" },
        { "ObjectStore", "velero.io/aws" },
};

static void answer_status(struct velero *v, const char *name)
{
        json_t *request = velero_edit(v, RT_STATUSREQUESTS, name), *status, *list;

        if (!request || *velero_phase(request)) {
                json_decref(request);
                return;
        }
        list = json_array();
        for (size_t i = 0; i < ARRAY_SIZE(plugins); i++)
                json_array_append_new(list,
                        json_pack("{s:s, s:s}", "kind", plugins[i][0], "name", plugins[i][1]));
        status = object_status(request);
        velero_set_phase(request, "Processed");
        json_object_set_new(status, "processedTimestamp", velero_now(v));
        json_object_set_new(status, "serverVersion", json_string(v->version));
        json_object_set_new(status, "plugins", list);
        velero_save(v, RT_STATUSREQUESTS, name, request);
}

/* The Backup that a target is, or was made from; NULL where there is none. */
static json_t *target_backup(struct velero *v, const char *kind, const char *name)
{
        json_t *restore, *backup = NULL;
        const char *of;

        if (!download_is_restore(kind))
                return velero_edit(v, RT_BACKUPS, name);
        restore = velero_edit(v, RT_RESTORES, name);
        of = json_string_value(json_object_get(json_object_get(restore, "spec"), "backupName"));
        if (of)
                backup = velero_edit(v, RT_BACKUPS, of);
        json_decref(restore);
        return backup;
}

/* The URL, or NULL where Velero finds no backup, restore or location and says nothing. */
static char *find_url(struct velero *v, const json_t *target)
{
        const char *kind = json_string_value(json_object_get(target, "kind"));
        const char *name = json_string_value(json_object_get(target, "name"));
        json_t *backup = kind && name ? target_backup(v, kind, name) : NULL;
        const char *where = json_string_value(
                json_object_get(json_object_get(backup, "spec"), "storageLocation"));
        json_t *location = where ? velero_edit(v, RT_LOCATIONS, where) : NULL;
        json_t *config = json_object_get(json_object_get(location, "spec"), "config");
        struct prefix *p = where ? velero_store_of(v, where) : NULL;
        char *url = NULL;

        if (p)
                url = download_url(v->c->sim, p, kind, name, time(NULL),
                        json_string_value(json_object_get(config, "publicUrl")));
        json_decref(location);
        json_decref(backup);
        return url;
}

static void answer_download(struct velero *v, const char *name)
{
        json_t *request = velero_edit(v, RT_DOWNLOADREQUESTS, name), *status;
        _cleanup_(freep) char *url = NULL;
        char until[RFC3339_LEN];

        if (!request || json_object_get(json_object_get(request, "status"), "expiration")) {
                json_decref(request);
                return;
        }
        url = find_url(v, json_object_get(json_object_get(request, "spec"), "target"));
        status = object_status(request);
        json_object_set_new(
                status, "expiration", json_string(rfc3339(cluster_now(v->c) + URL_SECONDS, until)));
        if (url) {
                json_object_set_new(status, "downloadURL", json_string(url));
                velero_set_phase(request, "Processed");
        }
        velero_save(v, RT_DOWNLOADREQUESTS, name, request);
}

void velero_requests_work(struct velero *v)
{
        for (char *key; (key = names_shift(&v->fresh_requests)); free(key)) {
                const char *name = strchr(key, '/') + 1;

                if (strncmp(key, "download", 8) == 0)
                        answer_download(v, name);
                else
                        answer_status(v, name);
        }
}

/* Removes the objects whose time (status.@field plus @seconds) has passed. */
static void expire(struct velero *v, unsigned type, const char *field, time_t seconds)
{
        struct table *t = cluster_table(v->c, type);
        struct names old = { 0 };

        for (size_t i = 0; i < t->n; i++) {
                struct jspan at = jscan_unquote(jscan(doc_json(t->v[i]), "status", field, NULL));
                _cleanup_(freep) char *text = at.p ? mem_strndup(at.p, at.n) : NULL;

                if (text && rfc3339_parse(text) + seconds < cluster_now(v->c))
                        names_add(&old, doc_name(t->v[i]));
        }
        for (char *name; (name = names_shift(&old)); free(name))
                velero_remove(v, type, name);
        names_done(&old);
}

void velero_requests_minute(struct velero *v)
{
        expire(v, RT_DOWNLOADREQUESTS, "expiration", 0);
        expire(v, RT_STATUSREQUESTS, "processedTimestamp", STATUS_SECONDS);
}
