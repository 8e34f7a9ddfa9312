/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Schedules: their expression is judged when it changes; once a minute the due ones make a Backup.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/cron.h"
#include "tests/sim/velero_impl.h"

/* Reads the expression; -1 with a sentence. */
static int schedule_cron(const json_t *schedule, struct cron *cron, struct str *why)
{
        const char *text =
                json_string_value(json_object_get(json_object_get(schedule, "spec"), "schedule"));

        if (text && *text)
                return cron_parse(cron, text, why);
        str_puts(why, "Schedule must be a non-empty valid Cron expression");
        return -1;
}

/* Sets phase and validationErrors; the caller stores the object. Returns true where it is enabled.
 */
static bool schedule_validate(json_t *schedule)
{
        json_t *status = object_status(schedule);
        struct str why = { 0 };
        struct cron cron;
        bool valid = schedule_cron(schedule, &cron, &why) == 0;

        if (valid) {
                velero_set_phase(schedule, "Enabled");
                json_object_del(status, "validationErrors");
        } else {
                _cleanup_(freep) char *error = mem_printf("%s%s",
                        strncmp(why.s, "Schedule must", 13) == 0 ? "" : "invalid schedule: ",
                        why.s);

                velero_set_phase(schedule, "FailedValidation");
                json_object_set_new(status, "validationErrors", json_pack("[s]", error));
        }
        str_done(&why);
        return valid;
}

static void schedule_look(struct velero *v, const char *name)
{
        json_t *schedule = velero_edit(v, RT_SCHEDULES, name), *spec;

        if (!schedule)
                return;
        spec = json_object_get(schedule, "spec");
        schedule_validate(schedule);
        if (json_is_true(json_object_get(spec, "skipImmediately")))
                json_object_set_new(object_status(schedule), "lastSkipped", velero_now(v));
        json_object_set_new(spec, "skipImmediately", json_false());
        /* Where nothing changed nothing is stored, so our own write does not bring us back here. */
        velero_save(v, RT_SCHEDULES, name, schedule);
}

void velero_schedules_work(struct velero *v)
{
        for (char *name; (name = names_shift(&v->fresh_schedules)); free(name))
                schedule_look(v, name);
}

/* A backup of this schedule that is New or InProgress holds the next one back. */
static bool schedule_busy(struct velero *v, const char *name)
{
        struct table *t = cluster_table(v->c, RT_BACKUPS);

        for (size_t i = 0; i < t->n; i++) {
                const char *json = doc_json(t->v[i]);
                struct jspan phase = jscan_unquote(jscan(json, "status", "phase", NULL));

                if (jscan_is(jscan(json, "metadata", "labels", "velero.io/schedule-name", NULL),
                            name) &&
                        (!phase.n || (phase.n == 3 && memcmp(phase.p, "New", 3) == 0) ||
                                (phase.n == 10 && memcmp(phase.p, "InProgress", 10) == 0)))
                        return true;
        }
        return false;
}

static time_t schedule_time(const json_t *schedule, const char *field)
{
        return rfc3339_parse(
                json_string_value(json_object_get(json_object_get(schedule, "status"), field)));
}

static bool schedule_due(struct velero *v, const json_t *schedule)
{
        struct str why = { 0 };
        struct cron cron;
        time_t last = rfc3339_parse(json_string_value(
                       json_object_get(object_meta(schedule), "creationTimestamp"))),
               next;

        if (schedule_cron(schedule, &cron, &why) < 0) {
                str_done(&why);
                return false;
        }
        if (schedule_time(schedule, "lastBackup") > last)
                last = schedule_time(schedule, "lastBackup");
        if (schedule_time(schedule, "lastSkipped") > last)
                last = schedule_time(schedule, "lastSkipped");
        next = cron_next(&cron, last);
        return next >= 0 && cluster_now(v->c) >= next;
}

/* The Backup that a schedule makes: template, labels, annotations. */
static json_t *schedule_backup(json_t *schedule)
{
        json_t *template = json_object_get(json_object_get(schedule, "spec"), "template");
        json_t *labels = json_object_get(json_object_get(template, "metadata"), "labels");
        json_t *annotations = json_object_get(object_meta(schedule), "annotations");
        json_t *backup = json_pack("{s:{}}", "metadata"), *spec = json_deep_copy(template),
               *meta = object_meta(backup);

        if (!json_object_size(labels))
                labels = json_object_get(object_meta(schedule), "labels");
        if (labels)
                json_object_set_new(meta, "labels", json_deep_copy(labels));
        if (annotations) {
                json_object_set_new(meta, "annotations", json_deep_copy(annotations));
                json_object_del(json_object_get(meta, "annotations"),
                        "kubectl.kubernetes.io/last-applied-configuration");
        }
        if (json_is_true(json_object_get(
                    json_object_get(schedule, "spec"), "useOwnerReferencesInBackup")))
                json_object_set_new(meta, "ownerReferences",
                        json_pack("[{s:s, s:s, s:O, s:O, s:b}]", "apiVersion", "velero.io/v1",
                                "kind", "Schedule", "name",
                                json_object_get(object_meta(schedule), "name"), "uid",
                                json_object_get(object_meta(schedule), "uid"), "controller", 1));
        if (!spec)
                spec = json_object();
        /* The server writes these out empty: its types have them without omitempty. */
        if (!json_object_get(spec, "hooks"))
                json_object_set_new(spec, "hooks", json_object());
        if (!json_object_get(spec, "metadata"))
                json_object_set_new(spec, "metadata", json_object());
        json_object_set_new(backup, "spec", spec);
        object_set_label(backup, "velero.io/schedule-name",
                json_string_value(json_object_get(object_meta(schedule), "name")));
        return backup;
}

static void schedule_run(struct velero *v, const char *name, json_t *schedule)
{
        time_t now = cluster_now(v->c);
        _cleanup_(freep) char *backup = NULL;
        char stamp[16];
        struct tm tm;

        gmtime_r(&now, &tm);
        strftime(stamp, sizeof stamp, "%Y%m%d%H%M%S", &tm);
        backup = mem_printf("%s-%s", name, stamp);
        velero_add(v, RT_BACKUPS, backup, schedule_backup(schedule));
        json_object_set_new(object_status(schedule), "lastBackup", velero_now(v));
        velero_save(v, RT_SCHEDULES, name, schedule);
}

int velero_schedule_fire(struct velero *v, const char *name)
{
        json_t *schedule = velero_edit(v, RT_SCHEDULES, name);

        if (!schedule)
                return -1;
        schedule_run(v, name, schedule);
        return 0;
}

void velero_schedules_minute(struct velero *v)
{
        struct table *t = cluster_table(v->c, RT_SCHEDULES);
        struct names all = { 0 };

        for (size_t i = 0; i < t->n; i++)
                if (jscan_is(jscan(doc_json(t->v[i]), "status", "phase", NULL), "Enabled"))
                        names_add(&all, doc_name(t->v[i]));
        for (char *name; (name = names_shift(&all)); free(name)) {
                json_t *schedule = velero_edit(v, RT_SCHEDULES, name);

                if (schedule &&
                        !json_is_true(
                                json_object_get(json_object_get(schedule, "spec"), "paused")) &&
                        !schedule_busy(v, name) && schedule_due(v, schedule))
                        schedule_run(v, name, schedule);
                else
                        json_decref(schedule);
        }
        names_done(&all);
}
