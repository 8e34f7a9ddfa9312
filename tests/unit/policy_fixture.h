/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* Heads of policies' documents, for tables of texts. */
#define KURATOR(kind) "apiVersion: backup.kurator.dev/v1alpha1\nkind: " kind "\nspec:\n"
#define VELERO(kind)  "apiVersion: velero.io/v1\nkind: " kind "\nspec:\n"
#define BACKUP        KURATOR("Backup")
#define RESTORE       KURATOR("Restore") "  backupName: nightly\n"
#define FILTER        BACKUP "  policy:\n    resourceFilter:\n"
#define RFILTER       RESTORE "  policy:\n    resourceFilter:\n"
