/* SPDX-License-Identifier: Apache-2.0 */
/* acting, control files: one line, one verb. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "ops/acting_private.h"
#include "ops/engine_private.h"
#include "ops/object.h"
#include "ops/object_undo.h"
#include "ops/op.h"
#include "ops/rollup.h"
#include "ops/store.h"

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
static int acting_check_draft(const struct object *o, const char *arg, struct err *err)
{
        if (arg[0] != '\0')
                return err_set(err, -EINVAL, "start takes no argument");
        if (o->draft_state == DRAFT_NONE)
                return err_set(err, -EINVAL, "there is no draft to start");
        if (o->draft.bytes == NULL) {
                err_set(err, -EINVAL, "the file that was refused was never here");
                err_remedy(err, "remove %s.error.txt, or write the policy again", o->name);
                return -EINVAL;
        }
        return 0;
}

static const struct op_verb *acting_find_verb(const struct object *o, const char *name)
{
        for (const struct op_verb *v = op_type_of(o->kind)->verbs; v->name != NULL; v++)
                if (strcmp(v->name, name) == 0)
                        return v;
        return NULL;
}

/* In the section that the verb worked in. */
static int acting_store_verb(
        struct engine *e, struct object *o, const char *verb, struct err *err)
{
        int r = 0;

        engine_event(e, "Verb", o->fleet, "kind", object_kind_name(o->kind), "name", o->name,
                "verb", verb, NULL);
        rollup_object(e, o);
        model_touch_object(o, true);
        if (o->own)
                r = object_save(e, o, err);
        if (r == 0)
                engine_stored(e, o);
        else
                object_tell_unstored(err);
        return r;
}

/* What it changed of the object is taken back if it fails, or cannot be stored. */
static int acting_run_verb(
        struct engine *e, struct object *o, const char *name, const char *arg, struct err *err)
{
        _cleanup_(object_undo_freep) struct object_undo *undo = NULL;
        const struct op_verb *v = acting_find_verb(o, name);
        bool draft, decided;
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
        draft = v->on_draft && !o->is_folder;
        r = draft ? acting_check_draft(o, arg, err) : 0;
        if (r < 0)
                return r;
        engine_write(e);
        r = object_undo_new(&undo, o, err);
        if (r < 0)
                return r;
        if (draft) {
                struct policy *replaced = NULL;

                r = acting_start_draft(e, o, &replaced, err);
                object_undo_keep_policy(undo, replaced);
                /* What is refused here stays a draft, which has its reason now. */
                if (r < 0)
                        return r;
        } else {
                r = v->run(e, o, arg, err);
        }
        decided = r == 0;
        if (decided)
                r = acting_store_verb(e, o, v->name, err);
        if (r < 0)
                object_undo_apply(undo, e, o, decided && store_is_unsure(e->store));
        return r;
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
        /* A record of which nothing is left was stored as removed: a crash before it goes changes nothing. */
        if (r == 0 && o->removed)
                engine_object_shrunk(e, o);
        return r;
}
