/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kurator.yaml: the object as Kurator's API has it, with the status that the proposal promises:
 * conditions, phase and the details of every cluster, each with the status of its Velero object.
 * `kubectl apply --dry-run` takes it.
 */
#include <stdio.h>

#include "base/cleanup.h"
#include "base/timefmt.h"
#include "fs/show.h"
#include "fs/task_view.h"
#include "fs/yaml_writer.h"
#include "ops/policy.h"

static void put_time(json_t *o, const char *key, int64_t t)
{
        char text[RFC3339_SIZE];

        if (t != 0)
                json_object_set_new(o, key, json_string(rfc3339_format(text, t)));
}

static void put_text(json_t *o, const char *key, const char *s)
{
        if (s != NULL && s[0] != '\0')
                json_object_set_new(o, key, json_string(s));
}

static void put_count(json_t *o, const char *key, int64_t n)
{
        if (n != 0)
                json_object_set_new(o, key, json_integer(n));
}

/* As Velero writes it: absent means none. */
static json_t *velero_status(const struct task *t)
{
        json_t *o = json_object(), *progress;

        put_text(o, "phase", task_phase_text(t));
        put_time(o, "startTimestamp", t->started);
        put_time(o, "completionTimestamp", t->completed);
        put_time(o, "expiration", t->expires);
        put_count(o, "errors", t->errors);
        put_count(o, "warnings", t->warnings);
        if (t->items_total != 0) {
                progress = json_pack("{s:i, s:i}",
                        t->verb == TASK_BACKUP ? "itemsBackedUp" : "itemsRestored", t->items_done,
                        "totalItems", t->items_total);
                json_object_set_new(o, "progress", progress);
        }
        put_text(o, "failureReason", t->reason);
        return o;
}

static json_t *task_details(const struct task *t)
{
        const bool backup = t->verb == TASK_BACKUP;
        json_t *o = json_object();

        put_text(o, "clusterName", t->member);
        put_text(o, "clusterKind", "AttachedCluster");
        put_text(o, backup ? "backupNameInCluster" : "restoreNameInCluster", t->velero_name);
        json_object_set_new(
                o, backup ? "backupStatusInCluster" : "restoreStatusInCluster", velero_status(t));
        return o;
}

static json_t *run_details(const struct run *r, enum task_verb verb)
{
        json_t *list = json_array();

        for (size_t i = 0; r != NULL && i < r->n_tasks; i++)
                if (r->tasks[i]->verb == verb)
                        json_array_append_new(list, task_details(r->tasks[i]));
        return list;
}

/* Of a schedule: the last attempt on each cluster. Where there was none yet there is nothing to tell. */
static json_t *standing_details(const struct run *standing)
{
        json_t *list = json_array();

        for (size_t i = 0; i < standing->n_tasks; i++) {
                const struct task *newest = show_standing_newest(standing->tasks[i]);

                if (newest != NULL && newest->velero_name[0] != '\0')
                        json_array_append_new(list, task_details(newest));
        }
        return list;
}

static json_t *object_conditions(const struct object *o)
{
        const enum phase phase = show_object_phase(o);
        const struct task *worst = show_object_worst(o);
        const bool bad = phase_is(phase, PHASE_IS_BAD);
        /* What rests on clusters that are away is not known to be good. */
        const bool good = phase_is(phase, PHASE_IS_GOOD) && worst == NULL;
        struct task_view_reason why = { .text = NULL };
        json_t *c = json_object();

        if (worst != NULL)
                task_view_reason(&why, worst);
        put_text(c, "type", "Ready");
        put_text(c, "status", good ? "True" : bad ? "False" : "Unknown");
        put_text(c, "reason", phase_text(phase));
        if (bad)
                put_text(c, "severity", "Error");
        put_text(c, "message", why.text);
        put_time(c, "lastTransitionTime", o->changed);
        return json_pack("[o]", c);
}

/* Kurator demands a destination of a Backup; here the folder says it. */
static void kurator_destination(const struct object *o, json_t *doc)
{
        json_t *spec = json_object_get(doc, "spec");

        if (o->kind == OBJECT_BACKUP && json_object_get(spec, "destination") == NULL)
                json_object_set_new(
                        spec, "destination", json_pack("{s:s}", "fleet", o->fleet->name));
}

int show_kurator(const struct subject *s, struct buf *out)
{
        const struct object *o = s->object;
        const struct run *r = object_latest_run(o);
        json_t *doc = NULL, *status, *source;

        if (o->policy == NULL || policy_kurator_json(o->policy, &doc) < 0)
                return 0;
        kurator_destination(o, doc);
        status = json_object();
        json_object_set_new(status, "conditions", object_conditions(o));
        put_text(status, "phase", phase_text(show_object_phase(o)));
        switch (o->kind) {
        case OBJECT_BACKUP:
                json_object_set_new(status, "backupDetails",
                        show_object_stands(o) ? standing_details(o->standing)
                                              : run_details(r, TASK_BACKUP));
                break;
        case OBJECT_RESTORE:
                json_object_set_new(status, "restoreDetails", run_details(r, TASK_RESTORE));
                break;
        case OBJECT_MIGRATION:
                source = run_details(r, TASK_BACKUP);
                if (json_array_size(source) > 0)
                        json_object_set(status, "sourceClusterStatus", json_array_get(source, 0));
                json_decref(source);
                json_object_set_new(status, "targetClusterStatus", run_details(r, TASK_RESTORE));
                break;
        case OBJECT_KINDS:
                break;
        }
        json_object_set_new(doc, "status", status);
        yaml_write(out, doc);
        json_decref(doc);
        return out->error;
}
