/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/test.h"

#include "ops/phase.h"

/* The order of reference: worst first, good last, drafts behind everything. */
static void keeps_the_precedence(void **state)
{
        static const char order[] =
                "Conflict Failed PartiallyFailed Expired Unprotected Overdue Drifted Unknown Orphaned "
                "Deleting InProgress Queued Pending Accepted Paused Scheduled Protected Cancelled Completed Rejected "
                "Interrupted Draft";
        char got[sizeof(order) + 64] = "";

        (void)state;
        for (int i = 0; i < PHASE_NONE; i++) {
                strcat(got, *got ? " " : "");
                strcat(got, phase_text((enum phase)i));
        }
        assert_string_equal(got, order);
}

static void is_complete(void **state)
{
        (void)state;
        for (int i = 0; i < PHASE_NONE; i++) {
                enum phase back;

                assert_int_equal(phase_parse(phase_text((enum phase)i), &back), 0);
                assert_int_equal(back, i);
                assert_true(strlen(phase_help((enum phase)i)) > 10);
                /* No phase is both good and bad, nor terminal and running. */
                assert_false(phase_is((enum phase)i, PHASE_IS_GOOD | PHASE_IS_BAD));
                assert_false(phase_is((enum phase)i, PHASE_IS_TERMINAL | PHASE_IS_RUNNING));
        }
        assert_string_equal(phase_text(PHASE_NONE), "");
        assert_string_equal(phase_text((enum phase)99), "");
        assert_int_equal(phase_parse("completed", &(enum phase){ 0 }), -EINVAL);
        assert_int_equal(phase_parse("", &(enum phase){ 0 }), -EINVAL);
}

static void maps_veleros(void **state)
{
        (void)state;
        for (int i = 0; i <= VELERO_BACKUP_UNKNOWN; i++) {
                unsigned flags = velero_phase_row(&velero_backup_phases, i)->flags;
                enum phase phase = phase_of_backup((enum velero_backup_phase)i, false);

                assert_int_equal(!!(flags & VELERO_PHASE_TERMINAL), phase_is(phase, PHASE_IS_TERMINAL));
                assert_int_equal(!!(flags & VELERO_PHASE_GOOD), phase_is(phase, PHASE_IS_GOOD));
        }
        for (int i = 0; i <= VELERO_RESTORE_UNKNOWN; i++) {
                unsigned flags = velero_phase_row(&velero_restore_phases, i)->flags;
                enum phase phase = phase_of_restore((enum velero_restore_phase)i);

                assert_int_equal(!!(flags & VELERO_PHASE_TERMINAL), phase_is(phase, PHASE_IS_TERMINAL));
                assert_int_equal(!!(flags & VELERO_PHASE_GOOD), phase_is(phase, PHASE_IS_GOOD));
        }
        assert_int_equal(phase_of_backup(VELERO_BACKUP_COMPLETED, true), PHASE_PROTECTED);
        assert_int_equal(phase_of_backup(VELERO_BACKUP_READY_TO_START, false), PHASE_QUEUED);
        assert_int_equal(phase_of_backup(VELERO_BACKUP_DELETING, true), PHASE_DELETING);
        assert_int_equal(phase_of_backup(VELERO_BACKUP_UNKNOWN, false), PHASE_IN_PROGRESS);
        assert_int_equal(phase_of_backup((enum velero_backup_phase)99, false), PHASE_IN_PROGRESS);
        assert_int_equal(phase_of_restore(VELERO_RESTORE_FAILED_VALIDATION), PHASE_FAILED);
        assert_int_equal(phase_of_restore((enum velero_restore_phase)99), PHASE_IN_PROGRESS);
}

int main(void)
{
        TEST(keeps_the_precedence);
        TEST(is_complete);
        TEST(maps_veleros);
        return test_run("phase");
}
