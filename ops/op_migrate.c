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
#include "base/timefmt.h"
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
                err_id(err, "FLT-0244");
                err_remedy(err, "ln -s ../../clusters/NAME source");
                return -EINVAL;
        }
        if (o->n_targets == 0) {
                err_set(err, -EINVAL, "the migration has no targets");
                err_id(err, "FLT-0244");
                err_remedy(err, "ln -s ../../../clusters/NAME targets/");
                return -EINVAL;
        }
        return 0;
}

static int migrate_admit(struct engine *e, const struct object *o, const char *bytes, size_t len, const char *ext,
        struct policy **ret, struct err *err)
{
        /* policy.yaml is judged as soon as it is written; the links only when the migration starts. */
        return migrate_parse(o, bytes, len, ext, false, ret, err);
}

static int migrate_add_tasks(struct engine *e, struct run *r, int64_t now)
{
        struct object *o = r->object;
        _cleanup_(freep) struct member **targets = NULL;
        struct member *source = fleet_member(o->fleet, o->policy->source);
        struct task *t;
        size_t n = 0;
        int k;

        if (source != NULL && source->alias_of[0] != '\0')
                source = fleet_member(o->fleet, source->alias_of);
        if (source == NULL)
                return -ENODEV;
        t = run_add_task(r, TASK_BACKUP, source->name);
        if (t == NULL)
                return -ENOMEM;
        snprintf(t->uid, sizeof(t->uid), "%s", source->uid);
        t->attempt = now;
        t->deadline = now + e->options.start_deadline;
        k = op_select(o->fleet, o->policy, 0, &targets, &n);
        for (size_t i = 0; k == 0 && i < n; i++) {
                t = run_add_task(r, TASK_RESTORE, targets[i]->name);
                if (t == NULL)
                        return -ENOMEM;
                snprintf(t->uid, sizeof(t->uid), "%s", targets[i]->uid);
                t->step = STEP_LOCATION;
                t->attempt = now;
                t->deadline = now + e->options.start_deadline;
        }
        return k;
}

static void migrate_start(struct engine *e, struct object *o)
{
        int64_t now = op_next_run(e, o);
        char id[STAMP_SIZE];
        struct run *r = object_add_run(o, stamp_format_run(id, now));

        if (r == NULL)
                return;
        r->created = now;
        o->started = true;
        if (migrate_add_tasks(e, r, now) < 0)
                engine_event(e, "MigrationIncomplete", o->fleet, "name", o->name, NULL);
        engine_event(e, "RunStarted", o->fleet, "kind", "Migration", "name", o->name, "run", r->id, NULL);
        for (size_t i = 0; i < r->n_tasks; i++) {
                task_refresh(e, r->tasks[i]);
                task_open(e, r->tasks[i]);
        }
        rollup_run(e, r);
        model_touch_run(r, true);
        model_touch_object(o, true);
        engine_dirty(e, o);
}

/* `start` of a folder: its links and its policy.yaml become what is in force. */
static int migrate_start_verb(struct engine *e, struct object *o, const char *arg, struct err *err)
{
        _cleanup_(policy_freep) struct policy *p = NULL;
        const struct document *d = o->draft.bytes != NULL ? &o->draft : &o->in_force;
        int r;

        if (arg != NULL && arg[0] != '\0')
                return err_set(err, -EINVAL, "start takes no argument");
        if (o->started) {
                err_set(err, -EEXIST, "migration %s was started already", o->name);
                err_id(err, "FLT-0250");
                return err_remedy(err, "use a new name, or `echo retry > %s/ctl`", o->name), -EEXIST;
        }
        if (o->draft_state == DRAFT_REJECTED) {
                err_copy(err, &o->draft_err);
                return err_wrap(err, -EINVAL, "policy.yaml was refused");
        }
        r = migrate_complete(o, err);
        if (r < 0)
                return r;
        r = migrate_parse(o, d->bytes != NULL ? d->bytes : "", d->len, d->bytes != NULL ? d->ext : "yaml", true, &p, err);
        if (r < 0)
                return r;
        if (document_set(&o->in_force, d->bytes != NULL ? d->bytes : "", d->len, d->bytes != NULL ? d->ext : "yaml",
                    d->mtime_ns) < 0)
                return err_set(err, -ENOMEM, "start the migration");
        document_done(&o->draft);
        o->draft_state = DRAFT_NONE;
        policy_free(o->policy);
        o->policy = TAKE(p);
        migrate_start(e, o);
        return 0;
}

/* A failed source is tried again with all that waits for it; else the targets that failed. */
static int migrate_retry(struct engine *e, struct object *o, const char *arg, struct err *err)
{
        struct run *r = object_latest_run(o);
        struct task *source = r != NULL && r->n_tasks > 0 ? r->tasks[0] : NULL;
        int64_t attempt;

        if (source == NULL || !task_is_finished(source) || !phase_is(source->phase, PHASE_IS_BAD))
                return op_retry(e, o, arg, err);
        if (!o->own)
                return err_set(err, -EPERM, "%s belongs to store %s", o->name, o->owner);
        attempt = op_next_run(e, o);
        for (size_t i = 0; i < r->n_tasks; i++) {
                task_close(e, r->tasks[i]);
                task_renew(e, r->tasks[i], attempt);
        }
        return 0;
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
          .run = migrate_start_verb, .on_draft = true },
        { .name = "retry", .args = "", .help = "try again what failed or expired", .run = migrate_retry },
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
        .may_remove = op_refuse_while_running,
        .verbs = migrate_verbs,
};
