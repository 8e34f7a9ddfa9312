/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Migration: one Backup on the source, then for each target, independently of the others, the steps of
 * ops/migrate_target.c. A folder with links and a Kurator `Migrate` document are two spellings of one thing: both end as a
 * policy with a source and targets.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/intern.h"
#include "base/timefmt.h"
#include "ops/acting.h"
#include "ops/engine.h"
#include "ops/op.h"
#include "ops/op_tasks.h"
#include "ops/policy.h"
#include "ops/rollup.h"
#include "ops/task.h"

/* A policy from the document and, for a folder, its links. */
static int migrate_parse(const struct object *o, const char *bytes, size_t len, const char *ext, bool links,
        struct policy **ret, struct err *err)
{
        _cleanup_(policy_freep) struct policy *p = NULL;
        struct policy_env env;
        int r = op_policy_env(o->fleet, &env);

        if (r < 0)
                return err_set(err, r, "judge the migration");
        env.final_newline = strcmp(ext, "json") != 0 && len > 0;
        env.links = o->is_folder;
        r = policy_parse(POLICY_MIGRATION, o->name, bytes, len, &env, &p, err);
        if (r == 0 && o->is_folder && links) {
                _cleanup_(freep) const char **targets = calloc(o->n_targets + 1, sizeof(*targets));

                for (size_t i = 0; targets != NULL && i < o->n_targets; i++)
                        targets[i] = o->targets[i].member;
                if (targets == NULL)
                        r = err_set(err, -ENOMEM, "judge the migration");
                else
                        r = policy_set_links(p, &env, o->source.member, targets, o->n_targets, err);
        }
        free((void *)env.clusters);
        if (r == 0)
                *ret = TAKE(p);
        return r;
}

static int migrate_complete(const struct object *o, struct err *err)
{
        if (o->source.member == NULL) {
                err_set(err, -EINVAL, "the migration has no source");
                err_id(err, "FLT-0425");
                err_remedy(err, "ln -s ../../clusters/NAME source");
                return -EINVAL;
        }
        if (o->n_targets == 0) {
                err_set(err, -EINVAL, "the migration has no targets");
                err_id(err, "FLT-0425");
                err_remedy(err, "ln -s ../../../clusters/NAME targets/");
                return -EINVAL;
        }
        return 0;
}

/* Another context of the same cluster leads to the same place. */
static struct member *migrate_member(const struct fleet *f, const char *name)
{
        struct member *c = fleet_member(f, name);

        return c != NULL && c->alias_of[0] != '\0' ? fleet_member(f, c->alias_of) : c;
}

/* What the names alone do not tell: two of them may be one cluster. */
static int migrate_check_clusters(const struct object *o, const struct policy *p, struct err *err)
{
        _cleanup_(freep) struct member **targets = NULL;
        const struct member *source = migrate_member(o->fleet, p->source);
        size_t n = 0;
        int r = op_select(o->fleet, p, 0, &targets, &n);

        if (r < 0)
                return err_set(err, r, "choose the clusters");
        if (source == NULL) {
                err_set(err, -EINVAL, "the source \"%s\" is no cluster of the fleet", p->source);
                err_id(err, "FLT-0234");
                err_remedy(err, "see clusters/ for the names");
                return -EINVAL;
        }
        for (size_t i = 0; i < n; i++) {
                if (targets[i] != source)
                        continue;
                err_set(err, -EINVAL, "the source %s is among the targets", source->name);
                err_id(err, "FLT-0245");
                err_remedy(err, "remove it from the targets");
                return -EINVAL;
        }
        return 0;
}

static int migrate_admit(struct engine *e, const struct object *o, const char *bytes, size_t len, const char *ext,
        struct policy **ret, struct err *err)
{
        _cleanup_(policy_freep) struct policy *p = NULL;
        /* policy.yaml is judged as soon as it is written; the links only when the migration starts. */
        int r = migrate_parse(o, bytes, len, ext, false, &p, err);

        if (r == 0 && !o->is_folder)
                r = migrate_check_clusters(o, p, err);
        if (r < 0)
                return r;
        *ret = TAKE(p);
        return 0;
}

static void migrate_add_tasks(struct engine *e, struct run *r, int64_t now)
{
        struct object *o = r->object;
        _cleanup_(freep) struct member **targets = NULL;
        struct member *source = migrate_member(o->fleet, o->policy->source);
        size_t n = 0;

        if (source == NULL || op_add_task(e, r, TASK_BACKUP, source, now) == NULL ||
                op_select(o->fleet, o->policy, 0, &targets, &n) < 0) {
                engine_event(e, "MigrationIncomplete", o->fleet, "name", o->name, NULL);
                return;
        }
        for (size_t i = 0; i < n; i++) {
                struct task *t = targets[i] != source ? op_add_task(e, r, TASK_RESTORE, targets[i], now) : NULL;

                if (t != NULL)
                        t->step = STEP_LOCATION;
        }
}

static void migrate_start(struct engine *e, struct object *o, const struct policy *before)
{
        int64_t now = op_next_run(e, o);
        char id[STAMP_SIZE];
        struct run *r = object_add_run(o, stamp_format_run(id, now));

        if (r == NULL)
                return;
        r->created = now;
        o->started = true;
        migrate_add_tasks(e, r, now);
        op_begin(e, r);
}

/* `start` of a folder: its links and its policy.yaml become what is in force. */
static int migrate_start_verb(struct engine *e, struct object *o, const char *arg, struct err *err)
{
        _cleanup_(policy_freep) struct policy *p = NULL;
        const struct document *d = o->draft.bytes != NULL ? &o->draft : &o->in_force;
        int r;

        r = op_check_verb(o, "start", arg, err);
        if (r < 0)
                return r;
        if (o->started) {
                err_set(err, -EEXIST, "migration %s was started already", o->name);
                err_id(err, "FLT-0250");
                err_remedy(err, "use a new name, or `echo retry > %s/ctl`", o->name);
                return -EEXIST;
        }
        if (o->draft_state == DRAFT_REJECTED) {
                err_copy(err, &o->draft_err);
                return err_wrap(err, -EINVAL, "policy.yaml was refused");
        }
        r = acting_check_ext(&(struct acting_file){ .name = o->name, .ext = d->bytes != NULL ? d->ext : "yaml", .in_folder = true },
                err);
        if (r == 0)
                r = migrate_complete(o, err);
        if (r < 0)
                return r;
        r = migrate_parse(o, d->bytes != NULL ? d->bytes : "", d->len, d->bytes != NULL ? d->ext : "yaml", true, &p, err);
        if (r == 0)
                r = migrate_check_clusters(o, p, err);
        if (r < 0)
                return r;
        if (document_set(&o->in_force, d->bytes != NULL ? d->bytes : "", d->len, d->bytes != NULL ? d->ext : "yaml",
                    d->mtime_ns) < 0)
                return err_set(err, -ENOMEM, "start the migration");
        /* Without a policy.yaml the start is what is written. */
        o->in_force.generation = d->generation != 0 ? d->generation : ++o->writes;
        document_done(&o->draft);
        document_done(&o->synced);
        o->draft_state = DRAFT_NONE;
        policy_free(o->policy);
        o->policy = TAKE(p);
        migrate_start(e, o, NULL);
        return 0;
}

/* What its targets may be restored from. */
static bool migrate_source_is_good(const struct object *o, const struct task *source)
{
        return source->phase == PHASE_COMPLETED ||
               (source->phase == PHASE_PARTIALLY_FAILED && o->policy->allow_partially_failed);
}

/* A source that failed is tried again, with all targets that wait for it or ended with it; else the targets that failed. */
static int migrate_retry(struct engine *e, struct object *o, const char *arg, struct err *err)
{
        struct run *r = object_latest_run(o);
        struct task *source = r != NULL && r->n_tasks > 0 && r->tasks[0]->verb == TASK_BACKUP ? r->tasks[0] : NULL;
        int64_t attempt = 0;
        bool again, cleaning = false;
        int k = op_check_verb(o, "retry", arg, err);

        if (k < 0)
                return k;
        if (source == NULL || o->policy == NULL || o->removed)
                return op_nothing_to_retry(err);
        again = task_is_finished(source) && !migrate_source_is_good(o, source);
        for (size_t i = 0; i < r->n_tasks; i++) {
                struct task *t = r->tasks[i];

                if (t == source ? !again : t->phase == PHASE_COMPLETED || !task_has_result(t))
                        continue;
                cleaning = cleaning || !task_is_finished(t);
                if (!task_is_finished(t))
                        continue;
                if (attempt == 0)
                        attempt = op_next_run(e, o);
                if (again)
                        (void)intern_set(&t->backup_name, "");
                task_renew(e, t, attempt);
        }
        if (attempt == 0 && cleaning) {
                err_set(err, -EBUSY, "what failed is still being cleaned up");
                err_remedy(err, "wait until it is done");
                return -EBUSY;
        }
        return attempt != 0 ? 0 : op_nothing_to_retry(err);
}

/* A folder's policy is parsed again from its links; a document's when it was loaded. */
static void migrate_resume(struct engine *e, struct object *o)
{
        if (o->is_folder && o->started && (o->policy == NULL || o->policy->source[0] == '\0')) {
                struct policy *p = NULL;
                struct err err = ERR_INIT;

                if (migrate_parse(o, o->in_force.bytes != NULL ? o->in_force.bytes : "", o->in_force.len,
                            o->in_force.bytes != NULL ? o->in_force.ext : "yaml", true, &p, &err) == 0) {
                        policy_free(o->policy);
                        o->policy = p;
                }
        }
        op_resume(e, o);
}

static void migrate_retire(struct engine *e, struct object *o)
{
        op_cancel(e, o);
}

static const struct op_verb migrate_verbs[] = {
        { .name = "start", .args = "", .help = "start the migration; its links are frozen from then on",
          .run = migrate_start_verb, .on_draft = true, .applies = op_can_start },
        { .name = "retry", .args = "", .help = "try again what failed or expired", .run = migrate_retry },
        { .name = "delete", .args = "",
          .help = "remove the record and Velero's Restore objects; the backup and what was restored stay", .run = op_delete },
        { .name = NULL },
};

const struct op_type op_migration = {
        .kind = OBJECT_MIGRATION,
        .one_shot = true,
        .needs_newline = true,
        .admit = migrate_admit,
        .start = migrate_start,
        .resume = migrate_resume,
        .retire = migrate_retire,
        .owes = op_owes,
        .may_remove = op_refuse_while_running,
        .verbs = migrate_verbs,
};
