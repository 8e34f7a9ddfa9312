/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Backups: Queued → ReadyToStart → InProgress → Finalizing → Completed, one at a time.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/select.h"
#include "tests/sim/velero_impl.h"

enum backup_step {
        STEP_READY,    /* ReadyToStart is to be set */
        STEP_START,    /* validation, then InProgress */
        STEP_COUNT,    /* how many items there are */
        STEP_COLLECT,  /* all of them are done */
        STEP_FINALIZE, /* uploaded; Finalizing */
        STEP_END,
};

static const struct {
        uint64_t delay_us; /* from the step before to this one */
} steps[] = {
        [STEP_READY] = { VELERO_STEP_US },
        [STEP_START] = { VELERO_STEP_US },
        [STEP_COUNT] = { VELERO_STEP_US },
        [STEP_COLLECT] = { VELERO_STEP_US },
        [STEP_FINALIZE] = { 3 * VELERO_STEP_US },
        [STEP_END] = { 2 * VELERO_STEP_US },
};

#define RESTART_REASON                                                                      \
        "found a backup with status \"InProgress\" during the server starting, mark it as " \
        "\"Failed\""

void velero_backup_seen(struct velero *v, const struct doc *d)
{
        struct jspan phase = jscan_unquote(jscan(doc_json(d), "status", "phase", NULL));

        if (phase.p && phase.n && !(phase.n == 3 && memcmp(phase.p, "New", 3) == 0))
                return;
        if (!names_has(&v->queue, doc_name(d)))
                names_add(&v->fresh_backups, doc_name(d));
}

bool velero_backup_running(const struct velero *v, const char *name)
{
        return (v->backup.name && strcmp(v->backup.name, name) == 0) || names_has(&v->tracked, name);
}

static void set_position(json_t *backup, size_t position)
{
        if (position)
                json_object_set_new(
                        object_status(backup), "queuePosition", json_integer((json_int_t)position));
        else
                json_object_del(object_status(backup), "queuePosition");
}

/* New ones go to the end of the queue. */
static void enqueue_fresh(struct velero *v)
{
        for (char *name; (name = names_shift(&v->fresh_backups)); free(name)) {
                json_t *backup = velero_edit(v, RT_BACKUPS, name);

                if (!backup)
                        continue;
                names_add(&v->queue, name);
                velero_set_phase(backup, "Queued");
                set_position(backup, v->queue.n);
                velero_save(v, RT_BACKUPS, name, backup);
        }
}

static void renumber_queue(struct velero *v)
{
        for (size_t i = 0; i < v->queue.n; i++) {
                json_t *backup = velero_edit(v, RT_BACKUPS, v->queue.v[i]);

                if (!backup)
                        continue;
                set_position(backup, i + 1);
                velero_save(v, RT_BACKUPS, v->queue.v[i], backup);
        }
}

static void backup_next_step(struct run *r, int step)
{
        r->step = step;
        velero_after(r->v, &r->timer, steps[step].delay_us);
}

void velero_backups_work(struct velero *v)
{
        enqueue_fresh(v);
        if (v->backup_knob.hold && strcmp(v->backup_knob.hold, "Queued") == 0)
                return;
        while (!v->backup.name && v->queue.n) {
                char *name = names_shift(&v->queue);

                if (!velero_find(v, RT_BACKUPS, name)) {
                        free(name);
                        continue;
                }
                v->backup.name = name;
                v->backup.outcome = v->backup_knob.fail_next;
                v->backup_knob.fail_next = NULL;
                backup_next_step(&v->backup, STEP_READY);
        }
}

static void backup_finished(struct velero *v)
{
        run_done(&v->backup);
        velero_wake(v);
}

/* ---- steps ---- */

static bool backup_start(struct run *r, json_t *backup)
{
        struct velero *v = r->v;
        json_t *errors = velero_backup_prepare(v, backup);

        if (r->outcome && strcmp(r->outcome, "FailedValidation") == 0 && !json_array_size(errors))
                json_array_append_new(
                        errors, json_string("the simulator was told to fail this backup"));
        if (json_array_size(errors)) {
                json_object_set_new(object_status(backup), "validationErrors", errors);
                velero_set_phase(backup, "FailedValidation");
                return false;
        }
        json_decref(errors);
        velero_set_phase(backup, "InProgress");
        json_object_set_new(object_status(backup), "startTimestamp", velero_now(v));
        r->items = select_items(v->c, json_object_get(backup, "spec"));
        return true;
}

/* Numbers that are 0 are left out. */
static void backup_progress(struct run *r, json_t *backup, bool done)
{
        json_t *progress = json_object();

        if (r->items->n)
                json_object_set_new(progress, "totalItems", json_integer((json_int_t)r->items->n));
        if (r->items->n && done)
                json_object_set_new(
                        progress, "itemsBackedUp", json_integer((json_int_t)r->items->n));
        json_object_set_new(object_status(backup), "progress", progress);
        if (done)
                json_object_set_new(object_status(backup), "hookStatus", json_object());
}

/* Namespaces that are asked for by name ("" is one) and are not there: each is an error, the rest is
 * backed up. */
static void note_missing_namespaces(struct run *r, const json_t *backup, json_t *errors)
{
        struct table *t = cluster_table(r->v->c, RT_NAMESPACES);
        json_t *name;
        size_t i;

        json_array_foreach (
                json_object_get(json_object_get(backup, "spec"), "includedNamespaces"), i, name) {
                const char *s = json_string_value(name);

                if (strpbrk(s, "*?[") || table_find(t, "", s))
                        continue;
                filter_error(errors,
                        " resource: /namespaces message: /fail to get the namespace %s "
                        "specified in backup.Spec.IncludedNamespaces",
                        s);
        }
}

static struct prefix *backup_store(struct velero *v, json_t *backup)
{
        return velero_store_of(v, json_string_value(json_object_get(
                                          json_object_get(backup, "spec"), "storageLocation")));
}

/* Uploads; returns false where another backup has the name in the store. */
static bool backup_upload(struct run *r, json_t *backup)
{
        struct prefix *p = backup_store(r->v, backup);
        bool failed = r->outcome && strcmp(r->outcome, "Failed") == 0;
        json_t *errors;

        if (!p || failed || prefix_backup(p, r->name)) {
                velero_set_phase(backup, "Failed");
                json_object_set_new(object_status(backup), "completionTimestamp", velero_now(r->v));
                json_object_set_new(object_status(backup), "failureReason",
                        json_string(failed ? "backup execution failed: the simulator was told to "
                                             "fail this backup"
                                    : p    ? "backup already exists in object storage"
                                        : "error uploading backup: the storage location is gone"));
                return false;
        }
        errors = json_array();
        note_missing_namespaces(r, backup, errors);
        if (r->outcome && strstr(r->outcome, "PartiallyFailed"))
                json_array_append_new(
                        errors, json_string("the simulator was told to fail this backup"));
        r->results = json_pack("{s:{}, s:{}}", "warnings", "errors");
        r->errors = (int)json_array_size(errors);
        if (r->errors)
                json_object_set(json_object_get(r->results, "errors"), "velero", errors);
        json_decref(errors);
        velero_volumes_backup(r, backup);
        if (r->errors)
                json_object_set_new(object_status(backup), "errors", json_integer(r->errors));
        if (r->warnings)
                json_object_set_new(object_status(backup), "warnings", json_integer(r->warnings));
        velero_set_phase(backup, r->errors ? "FinalizingPartiallyFailed" : "Finalizing");
        return true;
}

static bool backup_held(struct run *r, const char *phase)
{
        return r->v->backup_knob.hold && strcmp(r->v->backup_knob.hold, phase) == 0;
}

/* Carries out one step on the parsed object. Returns false where the run is over. */
static bool backup_step(struct run *r, json_t *backup)
{
        const char *phase;

        switch ((enum backup_step)r->step) {
        case STEP_READY:
                velero_set_phase(backup, "ReadyToStart");
                set_position(backup, 0);
                return true;
        case STEP_START:
                return backup_start(r, backup);
        case STEP_COUNT:
        case STEP_COLLECT:
                backup_progress(r, backup, r->step == STEP_COLLECT);
                return true;
        case STEP_FINALIZE:
                return backup_upload(r, backup);
        case STEP_END:
                phase = velero_phase(backup);
                json_object_set_new(object_status(backup), "completionTimestamp", velero_now(r->v));
                velero_set_phase(
                        backup, strstr(phase, "PartiallyFailed") ? "PartiallyFailed" : "Completed");
                return false;
        }
        return false;
}

static void backup_timer(struct timer *t)
{
        struct run *r = container_of(t, struct run, timer);
        struct velero *v = r->v;
        json_t *backup = velero_edit(v, RT_BACKUPS, r->name);
        bool goes_on, ended = r->step == STEP_END;
        struct doc *d;

        if (!backup || backup_held(r, velero_phase(backup))) {
                /* Deleted while it ran, or a test wants it to stay: then `release` arms the timer.
                 */
                if (!backup)
                        backup_finished(v);
                json_decref(backup);
                return;
        }
        goes_on = backup_step(r, backup);
        d = velero_save(v, RT_BACKUPS, r->name, json_incref(backup));
        if (ended && d) {
                struct prefix *p = backup_store(v, backup);

                if (p)
                        prefix_put_backup(p, r->name, d, r->items, r->results);
        }
        json_decref(backup);
        if (r->step == STEP_READY)
                renumber_queue(v);
        if (goes_on)
                backup_next_step(r, r->step + 1);
        else
                backup_finished(v);
}

/* ---- start and stop ---- */

static int queue_order(const void *a, const void *b)
{
        const struct doc *x = *(struct doc *const *)a, *y = *(struct doc *const *)b;
        struct jspan p = jscan(doc_json(x), "status", "queuePosition", NULL),
                     q = jscan(doc_json(y), "status", "queuePosition", NULL);

        return atoi(p.p ? p.p : "0") - atoi(q.p ? q.p : "0");
}

void velero_backups_start(struct velero *v)
{
        struct table *t = cluster_table(v->c, RT_BACKUPS);
        struct doc **queued = mem_realloc(NULL, (t->n + 1) * sizeof *queued);
        struct names orphans = { 0 };
        size_t n = 0;

        v->backup.timer.fire = backup_timer;
        for (size_t i = 0; i < t->n; i++) {
                struct jspan phase = jscan(doc_json(t->v[i]), "status", "phase", NULL);

                if (jscan_is(phase, "Queued"))
                        queued[n++] = t->v[i];
                else if (jscan_is(phase, "InProgress"))
                        names_add(&orphans, doc_name(t->v[i]));
        }
        qsort(queued, n, sizeof *queued, queue_order);
        for (size_t i = 0; i < n; i++)
                names_add(&v->queue, doc_name(queued[i]));
        free(queued);
        for (char *name; (name = names_shift(&orphans)); free(name)) {
                json_t *backup = velero_edit(v, RT_BACKUPS, name);

                velero_set_phase(backup, "Failed");
                json_object_set_new(
                        object_status(backup), "failureReason", json_string(RESTART_REASON));
                json_object_set_new(object_status(backup), "completionTimestamp", velero_now(v));
                velero_save(v, RT_BACKUPS, name, backup);
        }
        names_done(&orphans);
}

void velero_backups_stop(struct velero *v)
{
        run_done(&v->backup);
        names_done(&v->fresh_backups);
        names_done(&v->queue);
        names_done(&v->tracked);
}
