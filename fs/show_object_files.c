/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a policy's, a restore's, a migration's folder that are no values: progress, warnings.txt, applied.yaml,
 * ctl, wait. */
#include "fs/show.h"

#include <string.h>

#include "base/cleanup.h"
#include "fs/task_view.h"
#include "ops/op.h"

int show_object_progress(const struct subject *s, struct buf *out)
{
        _cleanup_(task_views_done) struct task_views views = { 0 };

        task_views_init(&views, object_latest_run(s->object));
        if (views.n == 0)
                return 0;
        show_bar(out, views.percent, views.done, views.total);
        if (views.bytes_total > 0) {
                buf_puts(out, "  ");
                show_bar_bytes(out, views.bytes_done, views.bytes_total);
        }
        if (views.expected != 0) {
                buf_puts(out, "  ");
                show_expected(out, views.expected, object_latest_run(s->object)->created);
        }
        return buf_putc(out, '\n');
}

int show_object_caveats(const struct subject *s, struct buf *out)
{
        _cleanup_(task_views_done) struct task_views views = { 0 };

        for (size_t i = 0; i < s->object->warnings.n; i++) {
                const char *text = s->object->warnings.v[i], *space = strchr(text, ' ');
                char code[12] = "";

                /* "FLT-0301 volumes …": the code stands where other files have it. */
                if (space != NULL && (size_t)(space - text) < sizeof(code) &&
                        strncmp(text, "FLT-", 4) == 0) {
                        memcpy(code, text, (size_t)(space - text));
                        text = space + 1;
                }
                show_line(out, code[0] != '\0' ? code : "caveat:", text, NULL);
        }
        task_views_init(&views, object_latest_run(s->object));
        task_views_warned(&views, out);
        return out->error;
}

int show_object_applied(const struct subject *s, struct buf *out)
{
        const struct document *d = &s->object->in_force;

        return d->bytes != NULL ? buf_append(out, d->bytes, d->len) : 0;
}

int show_object_ctl(const struct subject *s, struct buf *out)
{
        const struct op_verb *v = op_type_of(s->object->kind)->verbs;

        show_removal_lines(s->object, out);
        for (; v->name != NULL; v++) {
                /* What another store made has one verb, and our own all the others. */
                if (v->on_others == s->object->own)
                        continue;
                /* A removed policy that is written again has a draft at most. */
                if (s->object->removed && !v->on_removed &&
                        !(v->on_draft && s->object->draft_state != DRAFT_NONE))
                        continue;
                if (v->applies != NULL && !v->applies(s->object))
                        continue;
                buf_printf(out, "%s%s%s", v->name, v->args[0] ? " " : "", v->args);
                buf_pad_to_column(out, 14, 2);
                buf_printf(out, "%s\n", v->help);
        }
        return out->error;
}

int show_object_wait(const struct subject *s, struct buf *out)
{
        buf_puts(out, phase_text(show_object_phase(s->object)));
        return buf_putc(out, '\n');
}

/* What is owed to a cluster that is there. What an absent one is owed may take weeks. */
static bool schedule_is_under_way(const struct task *t)
{
        const struct member *c = task_member(t);

        return c != NULL && c->health == MEMBER_READY && t->reason == NULL &&
               (t->phase == PHASE_PENDING || t->phase == PHASE_QUEUED);
}

bool show_object_terminal(const struct subject *s)
{
        const struct object *o = s->object;
        const struct run *r = object_latest_run(s->object);

        if (o->draft_state == DRAFT_ACCEPTED || o->draft_state == DRAFT_OPEN)
                return false;
        for (size_t i = 0; r != NULL && i < r->n_tasks; i++)
                if (!phase_is(r->tasks[i]->phase, PHASE_IS_TERMINAL))
                        return false;
        for (size_t i = 0; o->standing != NULL && i < o->standing->n_tasks; i++)
                if (schedule_is_under_way(o->standing->tasks[i]))
                        return false;
        return true;
}
