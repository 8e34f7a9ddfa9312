/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/test.h"

#include "velero/phase.h"

static const struct table {
        const char *name;
        const struct velero_phase_table *table;
        const char *terminal; /* all of them, joined by spaces, in the enum's order */
        const char *bad;
} tables[] = {
        { "Backup", &velero_backup_phases, "FailedValidation Completed PartiallyFailed Failed",
                "FailedValidation WaitingForPluginOperationsPartiallyFailed "
                "FinalizingPartiallyFailed PartiallyFailed Failed" },
        { "Restore", &velero_restore_phases, "FailedValidation Completed PartiallyFailed Failed",
                "FailedValidation WaitingForPluginOperationsPartiallyFailed "
                "FinalizingPartiallyFailed PartiallyFailed Failed" },
        { "Schedule", &velero_schedule_phases, "", "FailedValidation" },
        { "BackupStorageLocation", &velero_bsl_phases, "", "Unavailable" },
        { "DeleteBackupRequest", &velero_request_phases, "Processed", "" },
        { "PodVolumeBackup", &velero_volume_phases, "Canceled Completed Failed",
                "Canceling Canceled Failed" },
};

static void assert_flagged(const struct velero_phase_table *t, unsigned flag, const char *expected)
{
        char got[400] = "";

        for (size_t i = 0; i < t->n; i++)
                if (velero_phase_is(t, (int)i, flag)) {
                        strcat(got, *got ? " " : "");
                        strcat(got, t->rows[i].text);
                }
        assert_string_equal(got, expected);
}

static void is_a_table(void **state)
{
        const struct table *row = test_row(state);
        const struct velero_phase_table *t = row->table;
        int unknown = (int)t->n - 1;

        assert_string_equal(t->kind, row->name);
        for (size_t i = 0; i < t->n; i++)
                assert_int_equal(t->rows[i].phase, i);
        for (int i = 0; i < unknown; i++) {
                assert_string_equal(record_enum_text(&t->names, i), t->rows[i].text);
        }
        assert_int_equal(t->names.unknown, unknown);
        assert_int_equal(t->names.n, unknown);
        assert_string_equal(velero_phase_text(t, unknown), "Unknown");
        assert_string_equal(velero_phase_text(t, 99), "Unknown");
        assert_string_equal(velero_phase_text(t, -1), "Unknown");
        assert_true(velero_phase_is(t, unknown, VELERO_PHASE_RUNNING));
        assert_true(velero_phase_is(t, 0, VELERO_PHASE_RUNNING));
        assert_flagged(t, VELERO_PHASE_TERMINAL, row->terminal);
        assert_flagged(t, VELERO_PHASE_BAD, row->bad);
}

static void deleting_is_neither(void **state)
{
        (void)state;
        assert_int_equal(velero_phase_row(&velero_backup_phases, VELERO_BACKUP_DELETING)->flags, 0);
}

int main(void)
{
        TEST_ROWS(is_a_table, tables);
        TEST(deleting_is_neither);
        return test_run("velero_phase");
}
