/* SPDX-License-Identifier: Apache-2.0 */
/* acting, control files: one line, one verb. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "ops/acting_private.h"
#include "ops/object.h"
#include "ops/op.h"
#include "ops/rollup.h"

/* A writer that is not done may say anything yet; what it has said so far may be nothing, which is everything. */
static int acting_refuse_open(const struct object *o, struct err *err)
{
        if (o->draft_state != DRAFT_OPEN && o->draft_state != DRAFT_ACCEPTED)
                return 0;
        err_set(err, -EBUSY, "%s is being written", o->is_folder ? "policy.yaml" : o->name);
        err_remedy(err, "close the file first");
        return -EBUSY;
}

/* `start` of a draft; a migration folder starts as a whole. */
static int acting_start_draft(struct engine *e, struct object *o, struct err *err)
{
        if (o->draft_state == DRAFT_NONE)
                return err_set(err, -EINVAL, "there is no draft to start");
        if (o->draft.bytes == NULL) {
                err_set(err, -EINVAL, "the file that was refused was never here");
                err_remedy(err, "remove %s.error.txt, or write the policy again", o->name);
                return -EINVAL;
        }
        return acting_start(e, o, err);
}

static const struct op_verb *acting_find_verb(const struct object *o, const char *name)
{
        for (const struct op_verb *v = op_type_of(o->kind)->verbs; v->name != NULL; v++)
                if (strcmp(v->name, name) == 0)
                        return v;
        return NULL;
}

static int acting_run_verb(
        struct engine *e, struct object *o, const char *name, const char *arg, struct err *err)
{
        const struct op_verb *v = acting_find_verb(o, name);
        int r;

        if (v == NULL) {
                err_set(err, -EINVAL, "\"%s\" is no verb", name);
                err_remedy(err, "read ctl: it lists them");
                return -EINVAL;
        }
        if (v->args[0] != '\0' && arg[0] == '\0')
                return err_set(err, -EINVAL, "write \"%s %s\"", v->name, v->args);
        r = v->on_draft ? acting_refuse_open(o, err) : 0;
        if (r < 0)
                return r;
        if (v->on_draft && !o->is_folder)
                return arg[0] == '\0' ? acting_start_draft(e, o, err)
                                      : err_set(err, -EINVAL, "%s takes no argument", v->name);
        engine_write(e);
        return v->run(e, o, arg, err);
}

int acting_ctl(struct engine *e, const char *fleet, enum object_kind kind, const char *name,
        const char *line, size_t len, struct err *err)
{
        const struct acting_file f = { .fleet = fleet, .kind = kind, .name = name };
        struct object *o = acting_object(e, &f);
        char text[LIMIT_CTL_BYTES + 1], *verb, *arg;
        int r = acting_writable(e, err);

        if (r < 0)
                return r;
        if (o == NULL)
                return err_set(err, -ENOENT, "%s is gone", name);
        if (len > LIMIT_CTL_BYTES)
                return err_set(
                        err, -EFBIG, "a line of ctl has at most %d bytes", (int)LIMIT_CTL_BYTES);
        memcpy(text, line, len);
        text[len] = '\0';
        if (strlen(text) != len)
                return err_set(err, -EINVAL, "a line of ctl has no NUL");
        text[strcspn(text, "\n")] = '\0';
        verb = text + strspn(text, " \t");
        arg = verb + strcspn(verb, " \t");
        if (*arg != '\0')
                *arg++ = '\0';
        arg += strspn(arg, " \t");
        for (size_t n = strlen(arg); n > 0 && strchr(" \t\r", arg[n - 1]) != NULL; n--)
                arg[n - 1] = '\0';
        if (verb[0] == '\0') {
                err_set(err, -EINVAL, "no verb is given");
                err_remedy(err, "read ctl: it lists them");
                return -EINVAL;
        }
        r = acting_run_verb(e, o, verb, arg, err);
        o = acting_object(e, &f);
        if (r < 0)
                return r;
        engine_event(e, "Verb", model_fleet(&e->model, fleet), "kind", object_kind_name(kind),
                "name", name, "verb", verb, NULL);
        if (o == NULL || !o->own)
                return 0;
        rollup_object(e, o);
        model_touch_object(o, true);
        engine_publish(e);
        return object_save(e, o, err);
}
