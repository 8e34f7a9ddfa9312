/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Restore: one Velero Restore per cluster that has the backup.
 *
 * Which Velero Backup is restored is decided once, when the restore starts, and never again: backups that are made later
 * do not change what an accepted restore does.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/intern.h"
#include "base/timefmt.h"
#include "ops/engine.h"
#include "ops/member.h"
#include "ops/op.h"
#include "ops/op_tasks.h"
#include "ops/policy.h"
#include "ops/rollup.h"
#include "ops/task.h"
#include "ops/warnings.h"
#include "velero/names.h"

/* What is known of one backup of one cluster. */
struct restorable {
        const char *velero_name;
        const char *sub; /* name of its part of the policy, "" when it has none */
        enum phase phase;
        const char *text; /* … in Velero's word */
        bool empty;       /* it is good, and holds nothing */
};

enum { RESTORE_PARTS_MAX = 256 };

static bool restorable_ok(const struct restorable *b, const struct policy *p)
{
        return b->phase == PHASE_COMPLETED || b->phase == PHASE_PROTECTED ||
               (b->phase == PHASE_PARTIALLY_FAILED && p->allow_partially_failed);
}

static int restore_refuse(struct err *err, int code, const char *id, const char *remedy)
{
        err->code = code;
        err_id(err, id);
        err_remedy(err, "%s", remedy);
        return code;
}

/* What a task of a run has on its cluster; false when it is no backup, or never was begun. */
static bool restore_from_task(const struct task *t, struct restorable *ret)
{
        const struct velero_object *v;

        if (t->verb != TASK_BACKUP || t->velero_name[0] == '\0')
                return false;
        v = task_velero(t);
        *ret = (struct restorable){
                .velero_name = t->velero_name,
                .sub = t->sub != NULL ? t->sub : "",
                /* One that is being deleted shows what it reached, and is no longer to be restored. */
                .phase = v != NULL ? phase_of_backup(v->backup->phase, false) : t->phase,
                .text = v != NULL && v->backup->phase_text[0] != '\0' ? v->backup->phase_text : task_phase_text(t),
                .empty = task_holds_nothing(t),
        };
        return true;
}

static int restore_not_completed(const struct restorable *b, const struct member *c, struct err *err)
{
        const char *remedy = "name another run, as runs/ lists them";

        if (b->phase == PHASE_PARTIALLY_FAILED)
                remedy = "set spec.policy.allowPartiallyFailed: true to restore what it has";
        else if (!phase_is(b->phase, PHASE_IS_TERMINAL))
                remedy = "wait until it is Completed; status.txt of the backup says what it waits for";
        err_set(err, -EINVAL, "backup %s of cluster %s is %s, not Completed", b->velero_name, c->name, b->text);
        return restore_refuse(err, -EINVAL, "FLT-0408", remedy);
}

/* The parts of the backup on cluster c that the restore is about, in *ret. Their number; -ENOENT with err when the run has
   nothing on c; -EINVAL when what it has must not be restored. */
static int restore_find_run(const struct policy *p, const struct run *r, const struct member *c, struct restorable *ret,
        struct err *err)
{
        const struct task *t = run_tasks_on(r, c->name);
        size_t n = 0;

        for (size_t i = 0; t == NULL && i < r->n_tasks; i++)
                if (r->tasks[i]->uid[0] != '\0' && strcmp(r->tasks[i]->uid, c->uid) == 0)
                        t = run_tasks_on(r, r->tasks[i]->member); /* the cluster had another folder then */
        for (; t != NULL; t = t->next_same) {
                struct restorable b;

                if (task_member(t) != c || !restore_from_task(t, &b) ||
                        (p->named_subs && policy_restore_sub(p, b.sub) < 0))
                        continue;
                if (n == RESTORE_PARTS_MAX)
                        return err_set(err, -E2BIG, "run %s has more than %d parts on cluster %s", r->id, RESTORE_PARTS_MAX,
                                c->name);
                if (!restorable_ok(&b, p))
                        return restore_not_completed(&b, c, err);
                ret[n++] = b;
        }
        if (n > 0)
                return (int)n;
        err_set(err, -ENOENT, "run %s has no backup of cluster %s", r->id, c->name);
        return restore_refuse(err, -ENOENT, "FLT-0409", "name a run and clusters that have it");
}

/* A backup policy that has nothing under way does not make a run by being waited for. */
static int restore_await(const struct object *backup, const char *remedy, struct err *err)
{
        bool under_way = false;

        if (backup == NULL || !backup->own || backup->removed || backup->policy == NULL)
                return restore_refuse(err, -ENOENT, "FLT-0409", remedy);
        for (size_t i = 0; i < backup->n_runs && !under_way; i++)
                for (size_t k = 0; k < backup->runs[i]->n_tasks && !under_way; k++)
                        under_way = !task_is_finished(backup->runs[i]->tasks[k]);
        (void)restore_refuse(err, -ENOENT, "FLT-0409", remedy);
        if (!under_way)
                (void)err_remedy(err, "%s; `echo run > ../backups/%s/ctl` begins one", remedy,
                        backup->name);
        return -ENOENT;
}

static bool all_empty(const struct restorable *b, int n)
{
        for (int i = 0; i < n; i++)
                if (!b[i].empty)
                        return false;
        return n > 0;
}

/* One that holds something, if there is any: warnings.txt tells of newer ones that do not. */
static int restore_find_newest(const struct policy *p, const struct object *backup, const struct member *c,
        struct restorable *ret, struct err *err)
{
        const struct run *hollow = NULL;
        struct err why = ERR_INIT;
        int bad = 0;

        for (size_t i = backup->n_runs; i-- > 0;) {
                struct err one = ERR_INIT;
                int n = restore_find_run(p, backup->runs[i], c, ret, &one);

                if (all_empty(ret, n)) {
                        if (hollow == NULL)
                                hollow = backup->runs[i];
                        continue;
                }
                if (n > 0 || n == -E2BIG) {
                        err_copy(err, &one);
                        return n;
                }
                /* The newest that is not good says most. */
                if (n == -EINVAL && bad == 0) {
                        bad = n;
                        why = one;
                }
        }
        if (hollow != NULL)
                return restore_find_run(p, hollow, c, ret, err);
        if (bad != 0) {
                err_copy(err, &why);
                return bad;
        }
        err_set(err, -ENOENT, "cluster %s has no completed backup of %s", c->name, backup->name);
        return restore_await(backup, "wait for the backup, or leave the cluster out", err);
}

static int restore_find_velero(const struct policy *p, const struct member *c, const char *name, struct restorable *ret,
        struct err *err)
{
        const struct velero_object *v = member_velero(c, VELERO_BACKUP, name);

        if (v == NULL) {
                err_set(err, -ENOENT, "cluster %s has no backup \"%s\"", c->name, name);
                return restore_refuse(err, -ENOENT, "FLT-0407", "look into clusters/*/backups and backups/");
        }
        *ret = (struct restorable){
                .velero_name = v->name,
                .sub = v->backup->sub,
                .phase = phase_of_backup(v->backup->phase, false),
                .text = v->backup->phase_text[0] != '\0' ? v->backup->phase_text : "New",
        };
        return restorable_ok(ret, p) ? 1 : restore_not_completed(ret, c, err);
}

/* Whether each cluster's newest completed run is meant, whichever that is there: a policy without a run, or "@latest". */
static bool restore_is_of_newest(const struct policy *p, const struct fleet *f)
{
        return fleet_object(f, OBJECT_BACKUP, p->backup.name) != NULL &&
               (p->backup.run[0] == '\0' || strcmp(p->backup.run, "latest") == 0);
}

static int restore_no_run(const struct object *backup, const struct policy *p, struct err *err)
{
        err_set(err, -ENOENT, "policy %s has no run %s", backup->name, p->backup.run);
        return restore_refuse(err, -ENOENT, "FLT-0407", "name one of its runs/");
}

static int restore_find(const struct policy *p, const struct fleet *f, const struct member *c, struct restorable *ret,
        struct err *err)
{
        const struct object *backup = fleet_object(f, OBJECT_BACKUP, p->backup.name);
        const struct run *r;

        if (p->backup.schedule[0] != '\0') {
                *ret = (struct restorable){ .velero_name = "", .sub = "", .phase = PHASE_COMPLETED, .text = "" };
                return 1;
        }
        if (backup == NULL)
                return restore_find_velero(p, c, p->backup.name, ret, err);
        if (restore_is_of_newest(p, f))
                return restore_find_newest(p, backup, c, ret, err);
        r = object_run(backup, p->backup.run);
        return r != NULL ? restore_find_run(p, r, c, ret, err) : restore_no_run(backup, p, err);
}

/* One row per cluster and part that the restore will work on. */
struct restore_plan {
        struct {
                struct member *member;
                char *velero_name, *sub;
        } *rows;
        size_t n;
};

static void restore_plan_done(struct restore_plan *plan)
{
        for (size_t i = 0; i < plan->n; i++) {
                free(plan->rows[i].velero_name);
                free(plan->rows[i].sub);
        }
        free(plan->rows);
}

static int restore_plan_add(struct restore_plan *plan, struct member *c, const struct restorable *b)
{
        void *grown = realloc(plan->rows, (plan->n + 1) * sizeof(*plan->rows));

        if (grown == NULL)
                return -ENOMEM;
        plan->rows = grown;
        plan->rows[plan->n].member = c;
        plan->rows[plan->n].velero_name = strdup(b->velero_name);
        plan->rows[plan->n].sub = b->sub[0] != '\0' ? strdup(b->sub) : NULL;
        plan->n++;
        return plan->rows[plan->n - 1].velero_name == NULL ? -ENOMEM : 0;
}

static int restore_check_parts(const struct policy *p, const struct fleet *f, struct err *err)
{
        const struct object *backup = fleet_object(f, OBJECT_BACKUP, p->backup.name);

        if (!p->named_subs || backup == NULL || backup->policy == NULL)
                return 0;
        for (size_t i = 0; i < p->n_subs; i++) {
                bool found = false;
                for (size_t k = 0; k < backup->policy->n_subs && !found; k++)
                        found = strcmp(backup->policy->subs[k].name, p->subs[i].name) == 0;
                if (!found) {
                        err_set(err, -EINVAL, "backup policy %s has no part named \"%s\"", backup->name, p->subs[i].name);
                        return restore_refuse(err, -EINVAL, "FLT-0412", "use the names of its spec.policies[]");
                }
        }
        return 0;
}

/* A run that is nowhere is no matter of clusters. */
static int restore_check_run(const struct policy *p, const struct fleet *f, struct err *err)
{
        const struct object *backup = fleet_object(f, OBJECT_BACKUP, p->backup.name);

        if (p->backup.schedule[0] != '\0' || backup == NULL || restore_is_of_newest(p, f) ||
                object_run(backup, p->backup.run) != NULL)
                return 0;
        return restore_no_run(backup, p, err);
}

/*
 * Who restores what. Clusters that were named must all have the backup; of those that a selector or nothing chose, the
 * ones that have it: of the newest run, those where one is completed, whatever the others are still at; a run that was
 * named must be completed wherever it is. Fails when nobody has it, with the first reason that says more than that.
 */
static int restore_make_plan(const struct fleet *f, const struct policy *p, struct restore_plan *ret, struct err *err)
{
        _cleanup_(freep) struct member **members = NULL;
        struct restorable found[RESTORE_PARTS_MAX];
        struct err why = ERR_INIT;
        bool newest = restore_is_of_newest(p, f);
        size_t n = 0;
        int r = op_select(f, p, 0, &members, &n);

        if (r < 0)
                return err_set(err, r, "choose the clusters");
        r = restore_check_parts(p, f, err);
        if (r == 0)
                r = restore_check_run(p, f, err);
        if (r < 0)
                return r;
        for (size_t i = 0; i < n; i++) {
                struct err one = ERR_INIT;
                int k = restore_find(p, f, members[i], found, &one);

                if (k == -E2BIG || (k == -EINVAL && !newest) || (k < 0 && p->destination.n_clusters > 0)) {
                        err_copy(err, &one);
                        return k;
                }
                if (k < 0 && (why.code == 0 || (k == -EINVAL && why.code != -EINVAL)))
                        err_copy(&why, &one);
                for (int j = 0; j < k; j++)
                        if (restore_plan_add(ret, members[i], &found[j]) < 0)
                                return err_set(err, -ENOMEM, "plan the restore");
        }
        if (ret->n > 0)
                return 0;
        if (why.code == -EINVAL || (n == 1 && why.code != 0)) {
                err_copy(err, &why);
                return why.code;
        }
        err_set(err, -ENOENT, "no cluster has a completed backup of \"%s\"", p->backup.name);
        if (newest)
                return restore_await(fleet_object(f, OBJECT_BACKUP, p->backup.name),
                        "wait until a run of it is Completed", err);
        return restore_refuse(err, -ENOENT, "FLT-0407", "name a policy of backups/, policy@run, or a Velero backup");
}

static int restore_admit(struct engine *e, const struct object *o, const char *bytes, size_t len, const char *ext,
        struct policy **ret, struct err *err)
{
        _cleanup_(policy_freep) struct policy *p = NULL;
        _cleanup_(restore_plan_done) struct restore_plan plan = { 0 };
        struct policy_env env;
        int r = op_policy_env(o->fleet, &env);

        if (r < 0)
                return err_set(err, r, "judge the restore");
        env.final_newline = strcmp(ext, "json") != 0;
        r = policy_parse(POLICY_RESTORE, o->name, bytes, len, &env, &p, err);
        free((void *)env.clusters);
        if (r < 0)
                return r;
        r = restore_make_plan(o->fleet, p, &plan, err);
        if (r < 0)
                return r;
        *ret = TAKE(p);
        return 0;
}

static void restore_start(struct engine *e, struct object *o, const struct policy *before)
{
        _cleanup_(restore_plan_done) struct restore_plan plan = { 0 };
        struct err err = ERR_INIT;
        int64_t now = op_next_run(e, o);
        char id[STAMP_SIZE];
        struct run *r = object_add_run(o, stamp_format_run(id, now));

        if (r == NULL)
                return;
        r->created = now;
        /* Admitted a moment ago; what changed since shows as a run without that cluster, and says so in the events. */
        if (restore_make_plan(o->fleet, o->policy, &plan, &err) < 0)
                engine_event(e, "RestoreEmpty", o->fleet, "name", o->name, "message", err.msg, NULL);
        for (size_t i = 0; i < plan.n; i++) {
                struct task *t = op_add_task(e, r, TASK_RESTORE, plan.rows[i].member, now);

                if (t == NULL)
                        continue;
                (void)intern_set(&t->backup_name, plan.rows[i].velero_name);
                t->sub = TAKE(plan.rows[i].sub);
        }
        op_begin(e, r);
}

json_t *restore_document(struct task *t, const struct member *c, struct err *err)
{
        const struct object *o = t->run->object;
        const struct policy *p = o->policy;
        int sub = p->kind == POLICY_RESTORE && p->named_subs ? policy_restore_sub(p, t->sub != NULL ? t->sub : "") : 0;
        const struct policy_cluster pc = { .velero_namespace = c->velero_namespace, .has_node_agent = c->node_agent };
        json_t *spec = NULL;

        if (sub < 0) {
                err_set(err, -ENOENT, "the restore has no part for \"%s\"", t->sub);
                return NULL;
        }
        if (policy_restore_spec(p, (size_t)sub, t->backup_name[0] != '\0' ? t->backup_name : NULL, &pc, &spec, err) < 0)
                return NULL;
        return task_document(t, c, "Restore", spec, err);
}

/* Velero judges by its own cache and for good: the backup must be there, and its location Available. */
static int restore_ready(const struct task *t, const struct member *c, struct err *err)
{
        const struct velero_object *b;
        const struct velero_bsl *bsl;
        int r;

        if (t->backup_name[0] == '\0')
                return 0;
        b = member_velero(c, VELERO_BACKUP, t->backup_name);
        if (b == NULL) {
                err_set(err, -ENOENT, "backup %s is no longer on %s", t->backup_name, c->name);
                return restore_refuse(err, -ENOENT, "FLT-0407", "name a newer run");
        }
        r = member_location(c, b->backup->storage_location, &bsl, err);
        return r == -EROFS ? 0 : r;
}

void restore_act(struct engine *e, struct task *t, struct member *c)
{
        struct err err = ERR_INIT;
        json_t *doc;

        if (t->state != TASK_PENDING)
                return;
        if (t->run->object->policy == NULL) {
                err_set(&err, -ENOENT, "the document is not known any more");
                err_id(&err, "FLT-0257");
                task_wait_for(e, t, &err);
                return;
        }
        if (t->velero_name[0] == '\0')
                task_choose_name(e, t, c);
        /* What was sent once may be there: asking again tells, whatever became of the backup. */
        if (!t->sent && restore_ready(t, c, &err) < 0) {
                task_wait_for(e, t, &err);
                return;
        }
        doc = restore_document(t, c, &err);
        if (doc == NULL) {
                task_reject(e, t, &err);
                return;
        }
        task_post(e, t, c, doc);
}

static void restore_retire(struct engine *e, struct object *o)
{
        op_cancel(e, o);
}

static const struct op_verb restore_verbs[] = {
        { .name = "retry", .args = "", .help = "try again on the clusters that failed or expired", .run = op_retry },
        { .name = "delete", .args = "",
          .help = "remove the record and Velero's Restore objects; what was restored stays", .run = op_delete },
        { .name = "start", .args = "", .help = "start a draft: an empty file, or one whose writer was interrupted",
          .on_draft = true, .applies = op_can_start },
        { .name = NULL },
};

const struct op_type op_restore = {
        .kind = OBJECT_RESTORE,
        .one_shot = true,
        .needs_newline = true,
        .admit = restore_admit,
        .start = restore_start,
        .resume = op_resume,
        .retire = restore_retire,
        .owes = op_owes,
        .may_remove = op_refuse_while_running,
        .verbs = restore_verbs,
};
