/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Backup sync: what is in a location's store appears as Backups, what is not disappears.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/velero_impl.h"

/* Phases that are not imported: the other cluster is not done with them. */
static bool unfinished(const char *phase)
{
        return strncmp(phase, "WaitingForPluginOperations", 26) == 0 ||
               strncmp(phase, "Finalizing", 10) == 0;
}

static void sync_import(struct velero *v, const char *location, const struct stored_backup *s)
{
        json_t *backup = doc_parse(s->cr), *meta = object_meta(backup);
        _cleanup_(freep) char *label = velero_label_value(location);
        _cleanup_(freep) char *name = mem_strdup(s->name);

        if (unfinished(velero_phase(backup))) {
                json_decref(backup);
                return;
        }
        json_object_del(meta, "resourceVersion");
        json_object_del(meta, "uid");
        json_object_del(meta, "managedFields");
        json_object_del(meta, "ownerReferences");
        json_object_set_new(meta, "namespace", json_string(v->ns));
        json_object_set_new(
                json_object_get(backup, "spec"), "storageLocation", json_string(location));
        object_set_label(backup, "velero.io/storage-location", label);
        velero_add(v, RT_BACKUPS, name, backup);
}

/* Backups of this location that are done and not in its store. */
static void sync_orphans(struct velero *v, const char *location, const struct prefix *p)
{
        struct table *t = cluster_table(v->c, RT_BACKUPS);
        _cleanup_(freep) char *label = velero_label_value(location);
        struct names gone = { 0 };

        for (size_t i = 0; i < t->n; i++) {
                const char *json = doc_json(t->v[i]);
                struct jspan phase = jscan(json, "status", "phase", NULL);

                if (jscan_is(jscan(json, "metadata", "labels", "velero.io/storage-location", NULL),
                            label) &&
                        (jscan_is(phase, "Completed") || jscan_is(phase, "PartiallyFailed")) &&
                        !prefix_backup(p, doc_name(t->v[i])))
                        names_add(&gone, doc_name(t->v[i]));
        }
        for (char *name; (name = names_shift(&gone)); free(name))
                velero_remove(v, RT_BACKUPS, name);
        names_done(&gone);
}

static void sync_location(struct velero *v, const char *name)
{
        json_t *location = velero_edit(v, RT_LOCATIONS, name);
        const char *period = json_string_value(
                json_object_get(json_object_get(location, "spec"), "backupSyncPeriod"));
        const char *last = json_string_value(
                json_object_get(json_object_get(location, "status"), "lastSyncedTime"));
        double seconds = period ? velero_duration(period) : 60;
        struct prefix *p = velero_store_of(v, name);

        /* A minute of Velero's is shorter under --speed, and so is a period counted in them. */
        seconds = (double)sim_scaled_us(v->c->sim, (uint64_t)(seconds * 1e6)) / 1e6;
        if (!p || strcmp(velero_phase(location), "Available") != 0 || seconds <= 0 ||
                (last && cluster_now(v->c) + 1 < rfc3339_parse(last) + (time_t)seconds)) {
                json_decref(location);
                return;
        }
        for (size_t i = 0; i < p->n_backups; i++)
                if (!velero_find(v, RT_BACKUPS, p->backups[i].name))
                        sync_import(v, name, &p->backups[i]);
        sync_orphans(v, name, p);
        json_object_set_new(object_status(location), "lastSyncedTime", velero_now(v));
        velero_save(v, RT_LOCATIONS, name, location);
}

void velero_sync_minute(struct velero *v)
{
        struct table *t = cluster_table(v->c, RT_LOCATIONS);
        struct names all = { 0 };

        for (size_t i = 0; i < t->n; i++)
                names_add(&all, doc_name(t->v[i]));
        for (char *name; (name = names_shift(&all)); free(name))
                sync_location(v, name);
        names_done(&all);
}
