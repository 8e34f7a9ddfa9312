/* SPDX-License-Identifier: Apache-2.0 */
/*
 * DeleteBackupRequests with their guards, and the garbage collection that makes them.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/velero_impl.h"

static void request_refuse(struct velero *v, const char *name, json_t *request, const char *why)
{
        _cleanup_(freep) char *error = mem_printf("backup deletion failed: %s", why);

        velero_set_phase(request, "Processed");
        json_object_set_new(object_status(request), "errors", json_pack("[s]", error));
        velero_save(v, RT_DELETEREQUESTS, name, request);
}

/* Why a backup may not be deleted now; NULL: it may. */
static char *delete_guard(struct velero *v, const char *backup_name, const json_t *backup)
{
        const char *where = json_string_value(
                json_object_get(json_object_get(backup, "spec"), "storageLocation"));
        json_t *location;
        const char *mode;
        char *why = NULL;

        if (velero_backup_running(v, backup_name))
                return mem_strdup("backup is still in progress");
        if (!backup)
                return mem_strdup("backup not found");
        location = velero_edit(v, RT_LOCATIONS, where ? where : "");
        mode = json_string_value(json_object_get(json_object_get(location, "spec"), "accessMode"));
        if (!location)
                why = mem_printf("backup storage location %s not found", where ? where : "");
        else if (mode && strcmp(mode, "ReadOnly") == 0)
                why = mem_printf(
                        "cannot delete backup because backup storage location %s is currently "
                        "in read-only mode",
                        where);
        else if (strcmp(velero_phase(location), "Available") != 0)
                why = mem_printf(
                        "cannot delete backup because backup storage location %s is currently "
                        "in Unavailable state",
                        where);
        json_decref(location);
        return why;
}

static void delete_restores_of(struct velero *v, const char *backup_name)
{
        struct table *t = cluster_table(v->c, RT_RESTORES);
        struct names of_it = { 0 };

        for (size_t i = 0; i < t->n; i++)
                if (jscan_is(jscan(doc_json(t->v[i]), "spec", "backupName", NULL), backup_name))
                        names_add(&of_it, doc_name(t->v[i]));
        for (char *name; (name = names_shift(&of_it)); free(name)) {
                json_t *restore = velero_edit(v, RT_RESTORES, name);

                json_object_del(object_meta(restore), "finalizers");
                velero_save(v, RT_RESTORES, name, restore);
                velero_remove(v, RT_RESTORES, name);
        }
        names_done(&of_it);
}

/* All requests for a backup, but the one that is being worked on. */
static void delete_requests_of(struct velero *v, const char *backup_name, const char *but)
{
        struct table *t = cluster_table(v->c, RT_DELETEREQUESTS);
        struct names of_it = { 0 };

        for (size_t i = 0; i < t->n; i++)
                if (jscan_is(jscan(doc_json(t->v[i]), "spec", "backupName", NULL), backup_name) &&
                        (!but || strcmp(but, doc_name(t->v[i])) != 0))
                        names_add(&of_it, doc_name(t->v[i]));
        for (char *name; (name = names_shift(&of_it)); free(name))
                velero_remove(v, RT_DELETEREQUESTS, name);
        names_done(&of_it);
}

static void delete_backup(struct velero *v, const char *request_name, json_t *request,
        const char *backup_name, json_t *backup)
{
        const char *where = json_string_value(
                json_object_get(json_object_get(backup, "spec"), "storageLocation"));
        struct prefix *p = velero_store_of(v, where);
        _cleanup_(freep) char *label = velero_label_value(backup_name);

        velero_set_phase(request, "InProgress");
        object_set_label(request, "velero.io/backup-name", label);
        object_set_label(request, "velero.io/backup-uid",
                json_string_value(json_object_get(object_meta(backup), "uid")));
        velero_save(v, RT_DELETEREQUESTS, request_name, request);
        velero_set_phase(backup, "Deleting");
        velero_save(v, RT_BACKUPS, backup_name, json_incref(backup));
        if (p)
                prefix_remove_backup(p, backup_name);
        delete_restores_of(v, backup_name);
        velero_remove(v, RT_BACKUPS, backup_name);
        delete_requests_of(v, backup_name, NULL);
}

static void request_work(struct velero *v, const char *name)
{
        json_t *request = velero_edit(v, RT_DELETEREQUESTS, name), *backup;
        _cleanup_(freep) char *backup_name = mem_strdup(
                json_string_value(json_object_get(json_object_get(request, "spec"), "backupName")));
        _cleanup_(freep) char *why = NULL;

        if (!request || strcmp(velero_phase(request), "Processed") == 0 ||
                strcmp(velero_phase(request), "InProgress") == 0) {
                json_decref(request);
                return;
        }
        if (!backup_name || !*backup_name) {
                request_refuse(v, name, request, "spec.backupName is required");
                return;
        }
        delete_requests_of(v, backup_name, name);
        backup = velero_edit(v, RT_BACKUPS, backup_name);
        why = delete_guard(v, backup_name, backup);
        if (why)
                request_refuse(v, name, request, why);
        else
                delete_backup(v, name, request, backup_name, backup);
        json_decref(backup);
}

void velero_deletes_work(struct velero *v)
{
        for (char *name; (name = names_shift(&v->fresh_deletes)); free(name))
                request_work(v, name);
}

/* Why an expired backup stays for now, as the label velero.io/gc-failure says it. */
static const char *gc_obstacle(struct velero *v, const json_t *backup)
{
        const char *where = json_string_value(
                json_object_get(json_object_get(backup, "spec"), "storageLocation"));
        json_t *location = velero_edit(v, RT_LOCATIONS, where ? where : "");
        const char *mode =
                json_string_value(json_object_get(json_object_get(location, "spec"), "accessMode"));
        const char *why = NULL;

        if (!location)
                why = "BSLNotFound";
        else if (mode && strcmp(mode, "ReadOnly") == 0)
                why = "BSLReadOnly";
        else if (strcmp(velero_phase(location), "Available") != 0)
                why = "BSLUnavailable";
        json_decref(location);
        return why;
}

static void gc_backup(struct velero *v, const char *name)
{
        json_t *backup = velero_edit(v, RT_BACKUPS, name);
        const char *why = gc_obstacle(v, backup);
        _cleanup_(freep) char *request =
                mem_printf("%s-%05lx", name, (unsigned long)random() & 0xfffff);
        _cleanup_(freep) char *label = velero_label_value(name);

        if (why) {
                object_set_label(backup, "velero.io/gc-failure", why);
                velero_save(v, RT_BACKUPS, name, backup);
                return;
        }
        velero_add(v, RT_DELETEREQUESTS, request,
                json_pack("{s:{s:{s:s, s:s}}, s:{s:s}}", "metadata", "labels",
                        "velero.io/backup-name", label, "velero.io/backup-uid",
                        json_string_value(json_object_get(object_meta(backup), "uid")), "spec",
                        "backupName", name));
        json_decref(backup);
}

void velero_gc(struct velero *v)
{
        struct table *t = cluster_table(v->c, RT_BACKUPS);
        struct names expired = { 0 };

        for (size_t i = 0; i < t->n; i++) {
                struct jspan until =
                        jscan_unquote(jscan(doc_json(t->v[i]), "status", "expiration", NULL));
                _cleanup_(freep) char *text = until.p ? mem_strndup(until.p, until.n) : NULL;

                if (text && rfc3339_parse(text) < cluster_now(v->c) &&
                        !velero_backup_running(v, doc_name(t->v[i])))
                        names_add(&expired, doc_name(t->v[i]));
        }
        for (char *name; (name = names_shift(&expired)); free(name))
                gc_backup(v, name);
        names_done(&expired);
}
