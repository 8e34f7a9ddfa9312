/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* show_object: the folder of a policy, a restore, a migration. */
#include "fs/node.h"

extern const struct node_table backup_table, restore_table, migration_table;
/* targets/ of a migration (fs/tree_objects.c). */
extern const struct node_table targets_table;
