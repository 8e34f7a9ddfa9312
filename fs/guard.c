/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/guard.h"

#include <errno.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/timefmt.h"
#include "fs/userfile.h"
#include "ops/acting.h"

static void guard_undo(struct engine *e, void *arg)
{
        acting_undo(e, (uint32_t)(uintptr_t)arg);
}

/* The user's own slot, else the one that has been disarmed for longest. */
static void guard_set(struct session *s, uid_t uid)
{
        struct write_guard *guards = s->write->guards, *at = &guards[0];

        LOCK_SCOPE(&s->write->lock);
        for (size_t i = 0; i < ARRAY_SIZE(s->write->guards); i++) {
                if (guards[i].until_ms != 0 && guards[i].uid == uid) {
                        at = &guards[i];
                        break;
                }
                if (guards[i].until_ms < at->until_ms)
                        at = &guards[i];
        }
        at->uid = uid;
        at->until_ms = clock_boottime_ms() + LIMIT_GUARD_MS;
}

void guard_arm(struct session *s, uid_t uid)
{
        guard_set(s, uid);
        (void)engine_post(s->engine, guard_undo, (void *)(uintptr_t)uid);
}

static bool guard_armed(struct session *s, uid_t uid)
{
        const int64_t now = clock_boottime_ms();

        LOCK_SCOPE(&s->write->lock);
        for (size_t i = 0; i < ARRAY_SIZE(s->write->guards); i++)
                if (s->write->guards[i].uid == uid && s->write->guards[i].until_ms > now)
                        return true;
        return false;
}

bool guard_refuses(struct session *s, uid_t uid, struct err *err)
{
        if (!guard_armed(s, uid))
                return false;
        guard_set(s, uid);
        err_set(err, -EPERM,
                "deletions are refused for some seconds: a synthesized file was to be deleted");
        err_id(err, "FLT-0253");
        err_remedy(err, "wait 5 seconds; remove files by their names, not whole folders");
        return true;
}
