/* SPDX-License-Identifier: Apache-2.0 */
/*
 * track, slots: the run of a Backup that a Schedule made is that of the cron slot at or before its creation, by the expression
 * that made it, so an edit of the policy does not regroup history. One that somebody made of the Schedule (`velero backup
 * create --from-schedule`) is a run of its own, whatever else the slot has: so its run is the same before and after others of
 * the slot expire. Velero itself makes one in a slot; should there be more, of a Schedule that was made anew, the first is the
 * slot's. Only an attempt of the same may be in a task's run beside it: what a run holds, `delete` takes.
 */
#include "ops/track_private.h"

#include <string.h>

#include "base/intern.h"
#include "base/timefmt.h"
#include "ops/member.h"
#include "ops/task.h"
#include "velero/cron.h"

bool track_is_scheduled(const struct velero_object *v)
{
        return v->backup->run[0] == '\0';
}

static bool made_before(const struct velero_object *a, const struct velero_object *b)
{
        return a->backup->created != b->backup->created ? a->backup->created < b->backup->created :
                                                          strcmp(a->name, b->name) < 0;
}

static const char *slot_set(struct velero_object *v, int64_t at)
{
        char id[STAMP_SIZE];

        (void)intern_set(&v->run, stamp_format_run(id, at));
        return v->run;
}

/* A run of its own: nobody else's of this cluster. */
static void slot_own(const struct object *o, struct velero_object *v, const struct belonging *b)
{
        int64_t at = v->backup->created;

        for (unsigned i = 0; i < 3600; i++, at++) {
                const struct run *r = object_run(o, slot_set(v, at));
                const struct task *t = r != NULL ? track_find_task(r, v->member, b) : NULL;

                if (t == NULL || strcmp(t->velero_name, v->name) == 0)
                        return;
        }
}

/*
 * Every cluster's Backup of a slot comes with the same expression, and so does the history. Finding a slot takes long where
 * they are rare: the one that was found last is asked first.
 */
static int64_t slot_before(const char *expression, int64_t at)
{
        static _Thread_local struct {
                char expression[128];
                int64_t slot, next;
        } last;
        struct cron cron;
        int64_t slot;

        if (last.slot != 0 && at >= last.slot && at < last.next && strcmp(expression, last.expression) == 0)
                return last.slot;
        if (cron_parse(expression, &cron, NULL) < 0 || (slot = cron_slot_before(&cron, at)) == 0)
                return 0;
        if (!cron_is_every(&cron) && strlen(expression) < sizeof(last.expression)) {
                strcpy(last.expression, expression);
                last.slot = slot;
                last.next = cron_next(&cron, slot);
        }
        return slot;
}

/* A retry that no record knows is told from a run that began in the slot's very second by its name's stamp. */
static bool slot_is_retried(const struct task *t, const struct velero_object *attempt)
{
        char stamp[STAMP_SIZE];
        size_t n = strlen(stamp_format_name(stamp, t->run->created)), len = strlen(attempt->name);

        return t->tracked && t->first_name == NULL && !track_is_scheduled(attempt) &&
               (len < n || strcmp(attempt->name + len - n, stamp) != 0);
}

struct velero_object *track_choose_slot(const struct object *o, struct velero_object *v, const struct belonging *b)
{
        int64_t slot = slot_before(v->backup->cron, v->backup->created);
        struct velero_object *other;
        const struct run *r;
        struct task *t;

        if (v->by_hand) {
                slot_own(o, v, b);
                return NULL;
        }
        r = object_run(o, slot_set(v, slot != 0 ? slot : v->backup->created));
        t = r != NULL ? track_find_task(r, v->member, b) : NULL;
        if (t == NULL || task_has_name(t, v->name))
                return NULL;
        other = member_velero(v->member, VELERO_BACKUP, t->velero_name);
        if (other != NULL && slot_is_retried(t, other)) {
                t->first_name = strdup(v->name);
                return NULL;
        }
        if (!t->tracked || other == NULL || !track_is_scheduled(other) || (!other->by_hand && made_before(other, v))) {
                slot_own(o, v, b);
                return NULL;
        }
        slot_own(o, other, b);
        return other;
}
