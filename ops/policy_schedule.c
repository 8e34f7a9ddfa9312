/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "ops/kurator_schema.h"
#include "ops/policy_private.h"
#include "velero/cron.h"
#include "velero/schedule_warnings.h"

/* The expression of a schedule, before it is sent to any cluster. */

/* Where a node's scalar begins in the document; NULL when its lines are not told by newlines. */
static const char *find_scalar(const struct policy_reading *in, const struct yaml_node *node)
{
        const char *p = in->bytes, *end = in->bytes + in->len;

        for (int line = 1; line < node->line; line++) {
                p = memchr(p, '\n', (size_t)(end - p));
                if (!p)
                        return NULL;
                p++;
        }
        for (int column = 1; column < node->column && p < end; column++)
                do
                        p++;
                while (p < end && (*p & 0xc0) == 0x80);
        return p < end ? p : NULL;
}

/*
 * The column of byte `at` of a scalar's text, if the document has the text up to there as it is: on
 * one line, plain or in quotes, without escapes. Else that of the scalar.
 */
static int column_inside(const struct policy_reading *in, const struct yaml_node *node, size_t at)
{
        const char *p = find_scalar(in, node);
        int column = node->column;

        if (p && (*p == '"' || *p == '\'')) {
                p++;
                column++;
        }
        if (!p || at > (size_t)(in->bytes + in->len - p) || memcmp(p, node->text, at) != 0)
                return node->column;
        for (size_t i = 0; i < at; i++)
                column += (node->text[i] & 0xc0) != 0x80;
        return column;
}

/* A fault at `column` of the expression, in bytes from 1; 0 for none. Follow with err_remedy(). */
static int refuse_schedule(struct policy_reading *in, const struct yaml_node *node, int column,
        const char *why)
{
        (void)policy_refuse(in, node, ERR_ID_BAD_SCHEDULE, "schedule", "%s", why);
        if (column > 0)
                (void)err_place(
                        in->err, node->line, column_inside(in, node, (size_t)column - 1));
        return -EINVAL;
}

int policy_check_schedule(struct policy_reading *in, const struct yaml_node *node)
{
        struct err fault = ERR_INIT;
        struct cron cron;
        int r = cron_parse(node->text, &cron, &fault);

        if (r == -ENOMEM)
                return policy_oom(in->err);
        if (r < 0) {
                (void)refuse_schedule(in, node, fault.column, fault.msg);
                return err_remedy(in->err, "%s", fault.remedy);
        }
        /* Velero's library takes it for a second: a slip, and a backup each minute. */
        if (cron.every_column > 0) {
                (void)refuse_schedule(
                        in, node, cron.every_column, "@every needs a duration above zero");
                return err_remedy(in->err, "write one, as in @every 12h");
        }
        if (cron_never(&cron))
                return policy_warn(in, "FLT-0289 %sschedule \"%s\" never runs: there is no such day", in->prefix,
                        node->text);
        if (schedule_is_frequent(&cron))
                return policy_warn(in,
                        "FLT-0280 %sschedule \"%s\" runs more often than once an hour", in->prefix,
                        node->text);
        return 0;
}
