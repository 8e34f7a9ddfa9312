/* SPDX-License-Identifier: Apache-2.0 */
/* acting, operations that were refused: what stands beside the object until the next one is accepted. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/timefmt.h"
#include "ops/acting_private.h"

void acting_set_refusal(
        struct engine *e, struct object *o, const char *what, const struct err *why)
{
        if (why == NULL && o->refusal == NULL)
                return;
        engine_write(e);
        if (why == NULL) {
                free(o->refusal);
                o->refusal = NULL;
        } else {
                /* Without memory the caller's answer and the log tell it. */
                if (o->refusal == NULL)
                        o->refusal = calloc(1, sizeof(*o->refusal));
                if (o->refusal == NULL)
                        return;
                snprintf(o->refusal->what, sizeof(o->refusal->what), "%s", what);
                o->refusal->why = *why;
                o->refusal->at = clock_realtime();
        }
        model_touch_object(o, true);
}

/* A refused write left its reason with the draft. */
static bool draft_tells(const struct object *o, const struct err *why)
{
        return o->draft_err.code == why->code && strcmp(o->draft_err.id, why->id) == 0 &&
               strcmp(o->draft_err.msg, why->msg) == 0;
}

void acting_told(struct engine *e, const char *fleet, enum object_kind kind, const char *name,
        const char *what, const struct err *why)
{
        const struct acting_file f = { .fleet = fleet, .kind = kind, .name = name };
        struct object *o = acting_object(e, &f);

        if (o == NULL || acting_writable(e, NULL) < 0)
                return;
        if (why == NULL || draft_tells(o, why)) {
                acting_set_refusal(e, o, NULL, NULL);
                return;
        }
        if (why->msg[0] == '\0')
                return;
        acting_set_refusal(e, o, what, why);
        engine_event(e, "OperationRefused", o->fleet, "kind", object_kind_name(kind), "name", name,
                "operation", what, "code", why->id[0] != '\0' ? why->id : NULL, "message",
                why->msg, NULL);
}
