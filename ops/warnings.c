/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/warnings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/timefmt.h"
#include "ops/hostpath.h"
#include "ops/member.h"
#include "ops/policy.h"
#include "ops/task.h"
#include "velero/schedule_warnings.h"

/* "v1.24.3" is older than 1.25, the oldest that Velero 1.18 was tested with. */
static bool version_before_1_25(const char *version)
{
        int major, minor;

        return version != NULL && sscanf(version, "v%d.%d", &major, &minor) == 2 &&
               (major < 1 || (major == 1 && minor < 25));
}

bool task_holds_nothing(const struct task *t)
{
        const struct velero_object *v;

        if ((t->verb != TASK_BACKUP && t->verb != TASK_RESTORE) || !phase_is(t->phase, PHASE_IS_TERMINAL | PHASE_IS_GOOD))
                return false;
        if (t->items_done == 0 && t->items_total == 0)
                return true;
        v = t->verb == TASK_BACKUP ? task_velero(t) : NULL;
        return v != NULL && velero_backup_holds_nothing(v->backup);
}

/* Of "a, b" or "a -> x, b -> y": whether `name`, of len bytes, is one of them. */
static bool list_has(const char *list, const char *name, size_t len)
{
        for (const char *p = list; *p != '\0'; p += strcspn(p, ","), p += strspn(p, ", ")) {
                size_t n = strcspn(p, ", ");

                if (n == len && strncmp(p, name, len) == 0)
                        return true;
        }
        return false;
}

static void warnings_of_names(struct object *o, const struct member *c, const char *list, const char *backup)
{
        for (const char *p = list; *p != '\0'; p += strcspn(p, ","), p += strspn(p, ", ")) {
                size_t n = strcspn(p, ", ");

                if (strcspn(p, "*?[") >= n && !list_has(backup, p, n))
                        (void)strv_printf(&o->warnings, "FLT-0307 the backup on %s has no namespace \"%.*s\": it has %s",
                                c->name, (int)n, p, backup);
        }
}

/* A backup that was not narrowed to names may have any namespace: of that one nothing is said. */
static void warnings_of_restore(struct object *o, const struct member *c, const struct task *t)
{
        const struct velero_object *restore = t->verb == TASK_RESTORE ? task_velero(t) : NULL;
        const struct velero_object *backup = restore != NULL ? member_velero(c, VELERO_BACKUP, t->backup_name) : NULL;

        if (backup == NULL || backup->backup->namespaces[0] == '\0' || strpbrk(backup->backup->namespaces, "*?[") != NULL)
                return;
        warnings_of_names(o, c, restore->restore->namespaces, backup->backup->namespaces);
        warnings_of_names(o, c, restore->restore->namespace_mapping, backup->backup->namespaces);
}

/* A restore by the policy's name passes over runs of nothing where an older one has something; one that was named, or the
   only one, is restored. */
static void warnings_of_passed(struct object *o, const struct task *t)
{
        const struct policy *p = o->policy;
        const struct object *backup = t->verb == TASK_RESTORE && o->kind == OBJECT_RESTORE ?
                                              fleet_object(o->fleet, OBJECT_BACKUP, p->backup.name) : NULL;
        const struct run *passed = NULL;
        bool named = p->backup.run[0] != '\0' && strcmp(p->backup.run, "latest") != 0;

        if (backup == NULL)
                return;
        for (size_t i = backup->n_runs; i-- > 0;)
                for (const struct task *x = run_tasks_on(backup->runs[i], t->member); x != NULL; x = x->next_same) {
                        if (x->verb != TASK_BACKUP || strcmp(x->sub != NULL ? x->sub : "", t->sub != NULL ? t->sub : "") != 0)
                                continue;
                        if (task_has_name(x, t->backup_name)) {
                                if (passed != NULL)
                                        (void)strv_printf(&o->warnings,
                                                "FLT-0305 the restore on %s is of run %s: the newer run %s holds nothing",
                                                t->member, backup->runs[i]->id, passed->id);
                                else if (task_holds_nothing(x) && !task_holds_nothing(t))
                                        (void)strv_printf(&o->warnings,
                                                "FLT-0305 the restore on %s is of run %s, which holds nothing", t->member,
                                                backup->runs[i]->id);
                                return;
                        }
                        /* What came later was not there to be chosen. */
                        if (!named && passed == NULL && task_holds_nothing(x) && x->completed != 0 && x->completed <= t->run->created)
                                passed = backup->runs[i];
                }
}

static void warnings_of_member(struct object *o, const struct task *t)
{
        const struct member *c = task_member(t);

        if (task_holds_nothing(t) && t->verb == TASK_BACKUP)
                (void)strv_printf(&o->warnings,
                        "FLT-0305 the backup on %s holds nothing: its filters choose no object there", t->member);
        else if (task_holds_nothing(t))
                (void)strv_printf(&o->warnings,
                        "FLT-0305 the restore on %s restored nothing: its filters choose no object of the backup", t->member);
        warnings_of_passed(o, t);
        if (c == NULL)
                return;
        warnings_of_restore(o, c, t);
        /* Only what a Kurator document asks for: a Velero document says itself how volumes are treated. */
        if ((t->verb == TASK_BACKUP || t->verb == TASK_SCHEDULE) && o->policy->style != POLICY_VELERO && c->health == MEMBER_READY && !c->node_agent)
                (void)strv_printf(&o->warnings,
                        "FLT-0301 volumes on %s are not backed up: no node-agent runs there", c->name);
        if (t->verb == TASK_BACKUP && t->hostpath != NULL && strcmp(t->hostpath, HOSTPATH_UNKNOWN) == 0)
                (void)strv_printf(&o->warnings,
                        "FLT-0287 volumes of type hostPath are not backed up; whether %s has any is not known: its pods "
                        "and persistent volumes cannot be listed",
                        c->name);
        else if (t->verb == TASK_BACKUP && t->hostpath != NULL && t->hostpath[0] != '\0')
                (void)strv_printf(&o->warnings, "FLT-0287 volumes of type hostPath on %s are not backed up: %s", c->name,
                        t->hostpath);
        if (member_ahead(c) != 0)
                (void)strv_printf(&o->warnings,
                        "FLT-0306 the clock of %s is %lld minutes %s this machine's: times that are stamped there are by it",
                        c->name, llabs(member_ahead(c)) / 60, member_ahead(c) > 0 ? "ahead of" : "behind");
        if (version_before_1_25(c->api_version))
                (void)strv_printf(&o->warnings,
                        "FLT-0302 %s runs Kubernetes %s: versions before 1.25 are not tested with Velero", c->name,
                        c->api_version);
}

/* What is no backup at all, and then data that no backup has, comes first, whatever else there is to say; else by code. */
static void warnings_sort(struct strv *warnings)
{
        static const char *const codes[] = { "FLT-0289 ", "FLT-0291 ", "FLT-0305 ", "FLT-0307 ", "FLT-0287 ", "FLT-0301 " };
        size_t first = 0;

        strv_sort_unique(warnings);
        for (size_t k = 0; k < ARRAY_SIZE(codes); k++)
                for (size_t i = first; i < warnings->n; i++) {
                        char *w = warnings->v[i];

                        if (strncmp(w, codes[k], strlen(codes[k])) != 0)
                                continue;
                        memmove(warnings->v + first + 1, warnings->v + first, (i - first) * sizeof(*warnings->v));
                        warnings->v[first++] = w;
                }
}

/* ---------------------------------------------------------------- schedules of a fleet */

static bool runs_by_cron(const struct object *o, struct cron *ret)
{
        return object_is_scheduled(o) && !o->paused && !o->policy->paused &&
               cron_parse(o->policy->schedule, ret, NULL) == 0 && !cron_is_every(ret);
}

/* Of the day after `now`, as every day has the runs that are likely to meet. */
static int64_t crowded_minute(const struct fleet *f, int64_t now)
{
        size_t n = 0, all = HASH_COUNT(f->objects[OBJECT_BACKUP]);
        _cleanup_(freep) struct cron *crons = all > LIMIT_SCHEDULES_AT_ONCE ? calloc(all, sizeof(*crons)) : NULL;
        const struct object *o;
        int64_t minute = 0;

        for (o = f->objects[OBJECT_BACKUP]; crons != NULL && o != NULL; o = o->hh.next)
                n += runs_by_cron(o, &crons[n]);
        if (n <= LIMIT_SCHEDULES_AT_ONCE ||
                schedules_are_crowded(crons, n, LIMIT_SCHEDULES_AT_ONCE, now, now + 86400, &minute) <= 0)
                return 0;
        return minute;
}

void warnings_of_fleet(struct fleet *f)
{
        uint64_t digest = 1;
        struct object *o, *tmp;
        struct cron cron;
        int64_t before = f->crowded_at;

        HASH_ITER (hh, f->objects[OBJECT_BACKUP], o, tmp)
                if (runs_by_cron(o, &cron))
                        for (const char *p = o->policy->schedule;; p++) {
                                digest = (digest ^ (unsigned char)*p) * 0x100000001b3u;
                                if (*p == '\0')
                                        break;
                        }
        if (digest == f->schedules)
                return;
        f->schedules = digest;
        f->crowded_at = crowded_minute(f, clock_realtime());
        if (f->crowded_at == before)
                return;
        HASH_ITER (hh, f->objects[OBJECT_BACKUP], o, tmp)
                o->due = o->rewarn = true;
}

static void warnings_of_schedule(struct object *o)
{
        int64_t at = o->fleet->crowded_at, next;
        char text[RFC3339_SIZE];
        struct cron cron;

        if (at == 0 || !runs_by_cron(o, &cron))
                return;
        next = cron_next(&cron, at - 1);
        if (next != 0 && next < at + 60)
                (void)strv_printf(&o->warnings,
                        "FLT-0281 more than %d schedules of the fleet run in one minute, this one among them: at %s, say",
                        LIMIT_SCHEDULES_AT_ONCE, rfc3339_format(text, at));
}

/* Between the end of the last backup and the next one there would be none. */
static void warnings_of_ttl(struct object *o)
{
        static const char usual[] = "720h0m0s"; /* Velero's, if its server was not told another one */

        for (size_t i = 0; object_is_scheduled(o) && o->interval != 0 && i < o->policy->n_subs; i++) {
                const struct policy_sub *sub = &o->policy->subs[i];
                const char *ttl = json_string_value(json_object_get(sub->spec, "ttl"));
                char pause[DURATION_SIZE];
                int64_t ns = 0;
                bool given = ttl != NULL && duration_parse(ttl, &ns, NULL) == 0 && ns != 0;

                if (!given && duration_parse(usual, &ns, NULL) < 0)
                        continue;
                if (ns < o->interval * NS_PER_SEC)
                        (void)strv_printf(&o->warnings,
                                "FLT-0291 %s%s%s, %s, is shorter than the longest pause between two runs, %s: backups expire "
                                "before the next one is made",
                                sub->id, sub->id[0] != '\0' ? ": " : "", given ? "ttl" : "Velero's default ttl",
                                given ? ttl : usual, duration_format(pause, o->interval * NS_PER_SEC));
        }
}

void warnings_of_object(struct object *o)
{
        const struct run *r = object_latest_run(o);

        strv_done(&o->warnings);
        if (o->policy == NULL)
                return;
        for (size_t i = 0; i < o->policy->n_warnings; i++)
                (void)strv_push(&o->warnings, o->policy->warnings[i]);
        warnings_of_schedule(o);
        warnings_of_ttl(o);
        /* A schedule's are known before its first run. */
        for (size_t i = 0; o->standing != NULL && i < o->standing->n_tasks; i++)
                if (!o->standing->tasks[i]->unwanted)
                        warnings_of_member(o, o->standing->tasks[i]);
        for (size_t i = 0; r != NULL && i < r->n_tasks; i++)
                warnings_of_member(o, r->tasks[i]);
        warnings_sort(&o->warnings);
}
