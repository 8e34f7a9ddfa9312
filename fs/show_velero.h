/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* show_velero: the Velero objects of one cluster, a folder each, whoever made them. */
#include "fs/node.h"

extern const struct node_table velero_backups_table, velero_restores_table, velero_schedules_table, velero_bsls_table;
void velero_enter_backups(struct subject *s);
void velero_enter_restores(struct subject *s);
void velero_enter_schedules(struct subject *s);
void velero_enter_bsls(struct subject *s);
