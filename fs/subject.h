/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * subject: what a path stands for, inside one read section of the model.
 *
 * A walk from the root fills one member per step and keeps those above it: below
 * prod/backups/nightly/runs/20260901-020003Z/clusters/eu-1 fleet, object, run, task (and member, as
 * far as the cluster is still in the fleet) are all set. What does not apply is NULL.
 *
 * All pointers go into the model: they are good until model_read_end() and are never kept.
 */
#include "ops/model.h"

struct node_row;

/* What a folder is to those who write there; set by DIR rows (node_row.folder) and inherited. */
enum folder_kind {
        FOLDER_NONE,
        FOLDER_BACKUPS,    /* <fleet>/backups/ */
        FOLDER_RESTORES,   /* <fleet>/restores/ */
        FOLDER_MIGRATIONS, /* <fleet>/migrations/ */
        FOLDER_MIGRATION,  /* <fleet>/migrations/<name>/ */
        FOLDER_TARGETS,    /* <fleet>/migrations/<name>/targets/ */
};

/* The kind of the objects that a folder is about. */
static inline enum object_kind folder_object_kind(enum folder_kind folder)
{
        switch (folder) {
        case FOLDER_RESTORES:
                return OBJECT_RESTORE;
        case FOLDER_MIGRATIONS:
        case FOLDER_MIGRATION:
        case FOLDER_TARGETS:
                return OBJECT_MIGRATION;
        case FOLDER_NONE:
        case FOLDER_BACKUPS:
                break;
        }
        return OBJECT_BACKUP;
}

struct subject {
        const struct model *model;
        const struct fleet *fleet;
        const struct member *member;
        const struct velero_object *velero;
        const struct object *object;
        const struct run *run;
        const struct task *task;
        enum folder_kind folder;
        enum velero_kind velero_kind; /* of the list we are in, from the row's arg */
        /* A list's own: the template of templates/, the entry of .trash/, and for a task where its
           folder stands (task_near_object). */
        const void *item;
        const struct node_row
                *row; /* the row at work: its arg lets one function serve several rows */
};
