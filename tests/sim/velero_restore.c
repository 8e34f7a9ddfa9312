/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Restores: validation, one at a time, InProgress → Finalizing → Completed. What a restore does to
 * the cluster's objects is restoring.c.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tests/sim/restoring.h"
#include "tests/sim/velero_impl.h"

enum restore_step {
        STEP_ADOPT,    /* the finalizer is set */
        STEP_START,    /* validation, then InProgress */
        STEP_RESTORE,  /* objects are created */
        STEP_FINALIZE, /* Finalizing */
        STEP_END,
};

static const struct {
        uint64_t delay_us;
} steps[] = {
        [STEP_ADOPT] = { VELERO_STEP_US },
        [STEP_START] = { VELERO_STEP_US / 5 },
        [STEP_RESTORE] = { 2 * VELERO_STEP_US },
        [STEP_FINALIZE] = { 4 * VELERO_STEP_US },
        [STEP_END] = { 2 * VELERO_STEP_US },
};

#define FINALIZER "restores.velero.io/external-resources-finalizer"
#define RESTART_REASON                                                                       \
        "found a restore with status \"InProgress\" during the server starting, mark it as " \
        "\"Failed\""

static const char *const non_restorable[] = {
        "nodes",
        "events",
        "events.events.k8s.io",
        "backups.velero.io",
        "restores.velero.io",
        "resticrepositories.velero.io",
        "csinodes.storage.k8s.io",
        "volumeattachments.storage.k8s.io",
        "backuprepositories.velero.io",
};

void velero_restore_seen(struct velero *v, const struct doc *d)
{
        struct jspan phase = jscan_unquote(jscan(doc_json(d), "status", "phase", NULL));

        if (jscan(doc_json(d), "metadata", "deletionTimestamp", NULL).p)
                names_add(&v->going_restores, doc_name(d));
        else if (v->restore.name && strcmp(v->restore.name, doc_name(d)) == 0)
                return;
        else if (!phase.p || !phase.n || (phase.n == 3 && memcmp(phase.p, "New", 3) == 0))
                names_add(&v->fresh_restores, doc_name(d));
}

static void restore_next_step(struct run *r, int step)
{
        r->step = step;
        velero_after(r->v, &r->timer, steps[step].delay_us);
}

/* The store of the backup that a restore is made from; NULL where that is gone. */
static struct prefix *restore_store(struct velero *v, const json_t *restore)
{
        const char *name =
                json_string_value(json_object_get(json_object_get(restore, "spec"), "backupName"));
        json_t *backup = name ? velero_edit(v, RT_BACKUPS, name) : NULL;
        const char *location = json_string_value(
                json_object_get(json_object_get(backup, "spec"), "storageLocation"));
        struct prefix *p = location ? velero_store_of(v, location) : NULL;

        json_decref(backup);
        return p;
}

/* Ours is the finalizer: takes what was stored away and lets the object go. */
static void remove_going(struct velero *v)
{
        for (char *name; (name = names_shift(&v->going_restores)); free(name)) {
                json_t *restore = velero_edit(v, RT_RESTORES, name);
                json_t *finalizers = json_object_get(object_meta(restore), "finalizers");
                struct prefix *p = restore ? restore_store(v, restore) : NULL;

                for (size_t i = 0; i < json_array_size(finalizers); i++)
                        if (strcmp(json_string_value(json_array_get(finalizers, i)), FINALIZER) ==
                                0)
                                json_array_remove(finalizers, i--);
                if (p)
                        prefix_remove_restore(p, name);
                if (restore)
                        velero_save(v, RT_RESTORES, name, restore);
        }
}

void velero_restores_work(struct velero *v)
{
        remove_going(v);
        while (!v->restore.name && v->fresh_restores.n) {
                char *name = names_shift(&v->fresh_restores);

                if (!velero_find(v, RT_RESTORES, name)) {
                        free(name);
                        continue;
                }
                v->restore.name = name;
                v->restore.outcome = v->restore_knob.fail_next;
                v->restore_knob.fail_next = NULL;
                restore_next_step(&v->restore, STEP_ADOPT);
        }
}

static void restore_finished(struct velero *v)
{
        run_done(&v->restore);
        velero_wake(v);
}

static bool non_empty(const json_t *spec, const char *field)
{
        const char *s = json_string_value(json_object_get(spec, field));

        return s && *s;
}

/* ---- validation: validateAndComplete() of Velero ---- */

static void add_exclusions(json_t *spec, json_t *errors)
{
        json_t *excluded = json_object_get(spec, "excludedResources");

        if (!json_is_array(excluded)) {
                json_object_set_new(spec, "excludedResources", json_array());
                excluded = json_object_get(spec, "excludedResources");
        }
        for (size_t i = 0; i < ARRAY_SIZE(non_restorable); i++)
                if (!filter_has(excluded, non_restorable[i]))
                        json_array_append_new(excluded, json_string(non_restorable[i]));
        for (size_t i = 0; i < ARRAY_SIZE(non_restorable); i++)
                if (filter_has(json_object_get(spec, "includedResources"), non_restorable[i]))
                        filter_error(errors, "%s are non-restorable resources", non_restorable[i]);
}

/* The newest completed backup of a schedule, by its start; NULL where there is none. */
static const char *newest_of_schedule(struct velero *v, const char *schedule, bool *any)
{
        struct table *t = cluster_table(v->c, RT_BACKUPS);
        const char *newest = NULL;
        char best[RFC3339_LEN] = "";

        *any = false;
        for (size_t i = 0; i < t->n; i++) {
                const char *json = doc_json(t->v[i]);
                struct jspan start = jscan_unquote(jscan(json, "status", "startTimestamp", NULL));

                if (!jscan_is(jscan(json, "metadata", "labels", "velero.io/schedule-name", NULL),
                            schedule))
                        continue;
                *any = true;
                if (!jscan_is(jscan(json, "status", "phase", NULL), "Completed") || !start.p ||
                        start.n != sizeof best - 1)
                        continue;
                if (!newest || memcmp(start.p, best, start.n) > 0) {
                        newest = doc_name(t->v[i]);
                        memcpy(best, start.p, start.n);
                }
        }
        return newest;
}

/* Fills in the other one of backupName and scheduleName. Returns false where there is no source. */
static bool complete_source(struct velero *v, json_t *spec, json_t *errors)
{
        bool any = false;
        const char *newest;

        if (non_empty(spec, "backupName") == non_empty(spec, "scheduleName")) {
                filter_error(errors,
                        "Either a backup or schedule must be specified as a source for the "
                        "restore, but not both");
                return false;
        }
        if (!non_empty(spec, "scheduleName"))
                return true;
        newest = newest_of_schedule(
                v, json_string_value(json_object_get(spec, "scheduleName")), &any);
        if (!any)
                filter_error(errors, "No backups found for schedule");
        if (!newest) {
                filter_error(errors, "No completed backups found for schedule");
                return false;
        }
        json_object_set_new(spec, "backupName", json_string(newest));
        return true;
}

static void validate_source(struct velero *v, json_t *spec, json_t *errors)
{
        const char *name = json_string_value(json_object_get(spec, "backupName"));
        json_t *backup = velero_edit(v, RT_BACKUPS, name), *location;
        const char *where = json_string_value(
                json_object_get(json_object_get(backup, "spec"), "storageLocation"));
        const char *schedule = object_label(backup, "velero.io/schedule-name");

        if (!backup) {
                filter_error(errors,
                        "Error retrieving backup: can't find backup %s/%s: Backup.velero.io "
                        "\"%s\" not found",
                        v->ns, name, name);
                return;
        }
        location = velero_edit(v, RT_LOCATIONS, where ? where : "");
        if (!location)
                filter_error(errors,
                        "Error retrieving backup: can't find BackupStorageLocation %s: "
                        "BackupStorageLocation.velero.io \"%s\" not found",
                        where ? where : "", where ? where : "");
        else if (strcmp(velero_phase(location), "Available") != 0)
                filter_error(
                        errors, "The BSL %s is unavailable, cannot retrieve the backup", where);
        else if (!non_empty(spec, "scheduleName") && schedule)
                json_object_set_new(spec, "scheduleName", json_string(schedule));
        json_decref(location);
        json_decref(backup);
}

static void validate_modifier(struct velero *v, json_t *spec, json_t *errors)
{
        json_t *modifier = json_object_get(spec, "resourceModifier");
        const char *kind = json_string_value(json_object_get(modifier, "kind"));
        const char *name = json_string_value(json_object_get(modifier, "name"));

        if (kind && name && strcasecmp(kind, "configmap") == 0 &&
                !velero_find(v, RT_CONFIGMAPS, name))
                filter_error(
                        errors, "failed to get resource modifiers configmap %s/%s", v->ns, name);
}

static json_t *restore_validate(struct velero *v, json_t *restore)
{
        json_t *spec = json_object_get(restore, "spec"), *errors = json_array();
        const char *policy;

        if (!json_is_object(spec)) {
                json_object_set_new(restore, "spec", json_object());
                spec = json_object_get(restore, "spec");
        }
        if (!non_empty(spec, "itemOperationTimeout") ||
                velero_duration(json_string_value(json_object_get(spec, "itemOperationTimeout"))) ==
                        0)
                json_object_set_new(spec, "itemOperationTimeout", json_string("4h0m0s"));
        add_exclusions(spec, errors);
        filter_validate(errors, "Invalid included/excluded resource lists",
                json_object_get(spec, "includedResources"),
                json_object_get(spec, "excludedResources"));
        filter_validate(errors, "Invalid included/excluded namespace lists",
                json_object_get(spec, "includedNamespaces"),
                json_object_get(spec, "excludedNamespaces"));
        policy = json_string_value(json_object_get(spec, "existingResourcePolicy"));
        if (json_is_array(json_object_get(spec, "orLabelSelectors")) &&
                json_is_object(json_object_get(spec, "labelSelector")))
                filter_error(errors,
                        "encountered labelSelector as well as orLabelSelectors in restore spec, "
                        "only one can be specified");
        if (policy && *policy && strcmp(policy, "none") != 0 && strcmp(policy, "update") != 0)
                filter_error(errors, "Invalid ExistingResourcePolicy: %s", policy);
        if (complete_source(v, spec, errors)) {
                validate_source(v, spec, errors);
                validate_modifier(v, spec, errors);
        }
        return errors;
}

/* ---- steps ---- */

static void add_finalizer(json_t *restore)
{
        json_t *list = json_object_get(object_meta(restore), "finalizers");

        if (!json_is_array(list)) {
                json_object_set_new(object_meta(restore), "finalizers", json_array());
                list = json_object_get(object_meta(restore), "finalizers");
        }
        if (!filter_has(list, FINALIZER))
                json_array_append_new(list, json_string(FINALIZER));
}

static bool restore_start(struct run *r, json_t *restore)
{
        json_t *errors = restore_validate(r->v, restore);

        if (r->outcome && strcmp(r->outcome, "FailedValidation") == 0 && !json_array_size(errors))
                json_array_append_new(
                        errors, json_string("the simulator was told to fail this restore"));
        if (json_array_size(errors)) {
                json_object_set_new(object_status(restore), "validationErrors", errors);
                velero_set_phase(restore, "FailedValidation");
                return false;
        }
        json_decref(errors);
        velero_set_phase(restore, "InProgress");
        json_object_set_new(object_status(restore), "startTimestamp", velero_now(r->v));
        return true;
}

static bool restore_fail(struct run *r, json_t *restore, const char *reason)
{
        velero_set_phase(restore, "Failed");
        json_object_set_new(object_status(restore), "failureReason", json_string(reason));
        json_object_set_new(object_status(restore), "completionTimestamp", velero_now(r->v));
        return false;
}

static bool restore_objects(struct run *r, json_t *restore)
{
        json_t *spec = json_object_get(restore, "spec");
        struct prefix *p = restore_store(r->v, restore);
        struct stored_backup *s =
                p ? prefix_backup(p, json_string_value(json_object_get(spec, "backupName"))) : NULL;
        struct restoring outcome = { 0 };

        if (r->outcome && strcmp(r->outcome, "Failed") == 0)
                return restore_fail(r, restore, "the simulator was told to fail this restore");
        if (!s || !s->items)
                return restore_fail(r, restore,
                        "restore execution failed: error downloading backup: error copying "
                        "Backup to temp file: rpc error: code = "
                        "Unknown desc = error getting object: operation error S3: GetObject, "
                        "https response error StatusCode: 404, "
                        "RequestID: , HostID: , NoSuchKey: The specified key does not exist.");
        restoring_run(&outcome, r->v->c, r->v->ns, r->name, spec, s->items);
        r->results = outcome.results;
        r->resources = outcome.resources;
        r->warnings = outcome.warnings;
        r->errors = outcome.errors;
        if (r->outcome && strstr(r->outcome, "PartiallyFailed"))
                restoring_error(
                        &r->errors, r->results, "the simulator was told to fail this restore");
        json_object_set_new(object_status(restore), "progress",
                outcome.total ? json_pack("{s:i, s:i}", "totalItems", outcome.total,
                                        "itemsRestored", outcome.total)
                              : json_object());
        return true;
}

static void restore_end(struct run *r, json_t *restore)
{
        json_t *status = object_status(restore);
        struct prefix *p = restore_store(r->v, restore);

        velero_set_phase(restore, r->errors ? "PartiallyFailed" : "Completed");
        json_object_set_new(status, "hookStatus", json_object());
        json_object_set_new(status, "completionTimestamp", velero_now(r->v));
        if (p)
                prefix_put_restore(p, r->name, json_incref(r->results), json_incref(r->resources),
                        cluster_now(r->v->c));
}

static bool restore_step(struct run *r, json_t *restore)
{
        json_t *status;

        switch ((enum restore_step)r->step) {
        case STEP_ADOPT:
                add_finalizer(restore);
                return true;
        case STEP_START:
                return restore_start(r, restore);
        case STEP_RESTORE:
                return restore_objects(r, restore);
        case STEP_FINALIZE:
                status = object_status(restore);
                if (r->warnings)
                        json_object_set_new(status, "warnings", json_integer(r->warnings));
                if (r->errors)
                        json_object_set_new(status, "errors", json_integer(r->errors));
                velero_set_phase(restore, r->errors ? "FinalizingPartiallyFailed" : "Finalizing");
                return true;
        case STEP_END:
                restore_end(r, restore);
                return false;
        }
        return false;
}

static bool restore_held(const struct run *r, const json_t *restore)
{
        return r->v->restore_knob.hold &&
               strcmp(r->v->restore_knob.hold, velero_phase(restore)) == 0;
}

static void restore_timer(struct timer *t)
{
        struct run *r = container_of(t, struct run, timer);
        json_t *restore = velero_edit(r->v, RT_RESTORES, r->name);
        bool goes_on;

        if (!restore) {
                restore_finished(r->v);
                return;
        }
        if (restore_held(r, restore)) {
                json_decref(restore);
                return;
        }
        goes_on = restore_step(r, restore);
        velero_save(r->v, RT_RESTORES, r->name, restore);
        if (goes_on)
                restore_next_step(r, r->step + 1);
        else
                restore_finished(r->v);
}

void velero_restores_start(struct velero *v)
{
        struct table *t = cluster_table(v->c, RT_RESTORES);
        struct names orphans = { 0 };

        v->restore.timer.fire = restore_timer;
        for (size_t i = 0; i < t->n; i++)
                if (jscan_is(jscan(doc_json(t->v[i]), "status", "phase", NULL), "InProgress"))
                        names_add(&orphans, doc_name(t->v[i]));
        for (char *name; (name = names_shift(&orphans)); free(name)) {
                json_t *restore = velero_edit(v, RT_RESTORES, name);

                velero_set_phase(restore, "Failed");
                json_object_set_new(
                        object_status(restore), "failureReason", json_string(RESTART_REASON));
                json_object_set_new(object_status(restore), "completionTimestamp", velero_now(v));
                velero_save(v, RT_RESTORES, name, restore);
        }
        names_done(&orphans);
}

void velero_restores_stop(struct velero *v)
{
        run_done(&v->restore);
        names_done(&v->fresh_restores);
}
