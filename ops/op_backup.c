/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Backup: one Velero Backup per cluster and sub-policy, or with a schedule one Velero Schedule (ops/standing.h).
 *
 * A one-off policy written again is a new run, with the same bytes too; it joins the newest run only while nothing of
 * that one is posted. A schedule's edit changes the Schedules in place; the same meaning sends nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/timefmt.h"
#include "ops/engine.h"
#include "ops/location.h"
#include "ops/member.h"
#include "ops/op.h"
#include "ops/op_tasks.h"
#include "ops/policy.h"
#include "ops/rollup.h"
#include "ops/standing.h"
#include "ops/task.h"
#include "velero/names.h"

static int backup_admit(struct engine *e, const struct object *o, const char *bytes, size_t len, const char *ext,
        struct policy **ret, struct err *err)
{
        struct policy_env env;
        int r = op_policy_env(o->fleet, &env);

        if (r < 0)
                return err_set(err, r, "judge the policy");
        r = policy_parse(POLICY_BACKUP, o->name, bytes, len, &env, ret, err);
        free((void *)env.clusters);
        if (r == 0 && (r = location_admit(e, o->fleet, *ret, err)) < 0) {
                policy_free(*ret);
                *ret = NULL;
        }
        return r;
}

/* The newest run takes the new policy in as long as no cluster can have heard of it. One that had no cluster at all has
   ended. */
static struct run *backup_joinable(struct object *o)
{
        struct run *r = object_latest_run(o);

        if (r == NULL || r->n_tasks == 0)
                return NULL;
        for (size_t i = 0; i < r->n_tasks; i++)
                if (r->tasks[i]->state != TASK_PENDING || r->tasks[i]->sent)
                        return NULL;
        return r;
}

static void backup_begin_run(struct engine *e, struct object *o)
{
        struct run *r = backup_joinable(o);
        int64_t now;
        char id[STAMP_SIZE];

        if (r != NULL) {
                while (r->n_tasks > 0) {
                        task_close(e, r->tasks[0]);
                        run_remove_task(r->tasks[0]);
                }
                now = r->created;
        } else {
                now = op_next_run(e, o);
                stamp_format_run(id, now);
                r = object_add_run(o, id);
                if (r == NULL)
                        return;
                r->created = now;
        }
        for (size_t s = 0; s < o->policy->n_subs; s++) {
                _cleanup_(freep) struct member **members = NULL;
                size_t n = 0;

                if (op_select(o->fleet, o->policy, s, &members, &n) < 0)
                        continue;
                for (size_t i = 0; i < n; i++) {
                        struct task *t = op_add_task(e, r, TASK_BACKUP, members[i], now);

                        if (t != NULL && o->policy->subs[s].id[0] != '\0')
                                t->sub = strdup(o->policy->subs[s].id);
                }
        }
        op_supersede(e, o, r);
        op_begin(e, r);
        op_prune_runs(e, o);
}

static void backup_start(struct engine *e, struct object *o, const struct policy *before)
{
        bool same = before != NULL && policy_same_meaning(before, o->policy);

        o->removed = false;
        /* `pause` is said of a schedule; a one-off in between ends it. */
        o->paused = o->paused && object_is_scheduled(o);
        location_look(e);
        /* From a schedule to a one-off: its Schedules are unwanted now. */
        standing_follow(e, o, !same);
        if (!object_is_scheduled(o)) {
                backup_begin_run(e, o);
                return;
        }
        /* The same written again puts back what somebody changed. */
        (void)standing_retry(e, o);
        if (before != NULL && before->schedule[0] == '\0')
                op_supersede(e, o, NULL);
        rollup_object(e, o);
        model_touch_object(o, true);
}

/* The document of a Backup; NULL with err when the policy cannot be put into words for this cluster. */
static json_t *backup_document(struct engine *e, struct task *t, struct member *c, const struct policy *p,
        struct err *err)
{
        struct object *o = t->run->object;
        int sub = t->sub != NULL ? policy_find_sub(p, t->sub) : 0;
        char own[VELERO_NAME_BASE_MAX + 1];
        const struct policy_cluster pc = {
                .velero_namespace = c->velero_namespace,
                .storage_location = location_name(o, p, c, own),
                .has_node_agent = c->node_agent,
        };
        json_t *spec = NULL;

        if (sub < 0) {
                err_set(err, -ENOENT, "the policy has no part \"%s\" any more", t->sub);
                return NULL;
        }
        if (policy_backup_spec(p, (size_t)sub, &pc, &spec, err) < 0)
                return NULL;
        return task_document(t, c, "Backup", spec, err);
}

void backup_act(struct engine *e, struct task *t, struct member *c)
{
        const struct policy *p = t->run->object->policy;
        const struct velero_bsl *bsl;
        struct err err = ERR_INIT;
        const char *location = NULL;
        json_t *doc;

        if (t->state != TASK_PENDING || !op_prepare(e, t, c))
                return;
        doc = backup_document(e, t, c, p, &err);
        if (doc == NULL) {
                task_reject(e, t, &err);
                return;
        }
        json_unpack(doc, "{s:{s?s}}", "spec", "storageLocation", &location);
        if (member_location(c, location, &bsl, &err) < 0) {
                json_decref(doc);
                task_wait_for(e, t, &err);
                return;
        }
        task_post(e, t, c, doc);
}

static int backup_check(const struct object *o, const char *verb, const char *arg, struct err *err)
{
        int r = op_check_verb(o, verb, arg, err);

        if (r < 0 || (o->policy != NULL && !o->removed))
                return r;
        err_set(err, -EINVAL, "no policy is in force");
        err_remedy(err, "write %s.yaml first", o->name);
        return -EINVAL;
}

static int backup_run(struct engine *e, struct object *o, const char *arg, struct err *err)
{
        int r = backup_check(o, "run", arg, err);

        if (r == 0)
                backup_begin_run(e, o);
        return r;
}

static int backup_check_schedule(const struct object *o, const char *verb, const char *arg, struct err *err)
{
        int r = backup_check(o, verb, arg, err);

        if (r < 0 || object_is_scheduled(o))
                return r;
        err_set(err, -EINVAL, "%s has no schedule", o->name);
        err_remedy(err, "`run` and `retry` are for a backup that is made once");
        return -EINVAL;
}

static void backup_set_paused(struct engine *e, struct object *o, bool paused)
{
        o->paused = paused;
        for (size_t i = 0; o->standing != NULL && i < o->standing->n_tasks; i++)
                if (!o->standing->tasks[i]->unwanted && o->standing->tasks[i]->verb == TASK_SCHEDULE)
                        standing_again(e, o->standing->tasks[i]);
        engine_dirty(e, o);
}

static int backup_pause(struct engine *e, struct object *o, const char *arg, struct err *err)
{
        int r = backup_check_schedule(o, "pause", arg, err);

        if (r == 0 && !o->paused)
                backup_set_paused(e, o, true);
        return r;
}

static int backup_resume(struct engine *e, struct object *o, const char *arg, struct err *err)
{
        int r = backup_check_schedule(o, "resume", arg, err);

        if (r == 0 && o->policy->paused) {
                err_set(err, -EINVAL, "%s.%s itself says `paused: true`", o->name, o->in_force.ext);
                err_remedy(err, "edit the file");
                return -EINVAL;
        }
        if (r == 0 && o->paused)
                backup_set_paused(e, o, false);
        return r;
}

/* What failed of the newest run, and Schedules that are not as they should be. */
static int backup_retry(struct engine *e, struct object *o, const char *arg, struct err *err)
{
        struct err nothing = ERR_INIT;
        int r = backup_check(o, "retry", arg, err);

        if (r < 0)
                return r;
        if (standing_retry(e, o) == 0) {
                r = op_retry(e, o, arg, err);
                if (r == -EINVAL && standing_check_refused(o, &nothing) < 0)
                        err_copy(err, &nothing);
                return r;
        }
        (void)op_retry(e, o, arg, &nothing);
        return 0;
}

static void backup_follow(struct engine *e, struct object *o)
{
        standing_follow(e, o, false);
}

static bool backup_owes(const struct object *o)
{
        return op_owes(o) || standing_owes(o);
}

static void backup_retire(struct engine *e, struct object *o)
{
        op_cancel(e, o);
        standing_follow(e, o, false);
        location_look(e);
}

static int backup_may_remove(struct engine *e, const struct object *o, struct err *err)
{
        return 0;
}

static const struct op_verb backup_verbs[] = {
        { .name = "run", .args = "", .help = "back up now, as a new run", .run = backup_run },
        { .name = "pause", .args = "", .help = "make no more backups by the schedule until `resume`", .run = backup_pause,
          .applies = object_is_scheduled },
        { .name = "resume", .args = "", .help = "go on with the schedule", .run = backup_resume,
          .applies = object_is_scheduled },
        { .name = "retry", .args = "",
          .help = "try again what failed or expired in the latest run; put back what others changed",
          .run = backup_retry },
        { .name = "delete", .args = "<run>", .help = "delete a run's backups and their data, on every cluster",
          .run = op_delete_run, .on_removed = true },
        { .name = "adopt", .args = "", .help = "take over what another fleetfs made", .run = op_adopt,
          .on_removed = true, .on_others = true },
        { .name = "start", .args = "", .help = "start a draft: an empty file, or one whose writer was interrupted",
          .on_draft = true, .applies = op_can_start },
        { .name = NULL },
};

const struct op_type op_backup = {
        .kind = OBJECT_BACKUP,
        .admit = backup_admit,
        .start = backup_start,
        .resume = op_resume,
        .follow = backup_follow,
        .retire = backup_retire,
        .owes = backup_owes,
        .may_remove = backup_may_remove,
        .verbs = backup_verbs,
};
