/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * fleet_view: a fleet as its reader sees it: clusters and objects worst first, counted. status.txt
 * and status.json are made from it, so that they say the same.
 */
#include "fs/show.h"

struct member_view {
        const struct member *member;
        const char *storage; /* NULL: no location */
        int64_t last_good;
        int64_t objective; /* show_member_objective() */
        bool good;        /* ready, storage available, backed up; an alias is good */
        bool unprotected; /* ready, storage available, and no good backup */
};

struct object_view {
        const struct object *object;
        size_t total, good, bad, stale, gone; /* what its answer is about: show_object_parts() */
        size_t lost; /* gone before their time */
        const char *mark;                     /* " (stale)", " (gone)" or "" */
        bool bare; /* a schedule that is paused before it ever had a good backup */
        bool eye; /* it needs one: bad, refused, bare, or a backup of it is gone before its time */
};

struct fleet_view {
        const struct fleet *fleet;
        /* "Ok", "Degraded", "Unprotected" (nothing is backed up, or is to be again), "Empty" */
        const char *state;
        struct member_view *members; /* worst first, then as configured */
        size_t n_members;            /* with aliases */
        struct object_view *objects; /* also refused ones that have no folder; worst first */
        size_t n_objects;
        size_t clusters, ready, good, unreachable, other, storage,
                unprotected; /* without aliases */
        size_t bad_members;
        bool objectives; /* a cluster has one */
        size_t eyes; /* objects that need an eye */
        size_t schedules, paused, removed; /* in force; … but paused; no more, with backups that are kept */
        bool switched_off; /* there were schedules, and nothing runs by itself any more */
        size_t bad_objects; /* … but for writes that were refused or interrupted: they change nothing */
};

/* 0 or -ENOMEM; fleet_view_done() in both cases. */
int fleet_view_init(struct fleet_view *ret, const struct fleet *f);
void fleet_view_done(struct fleet_view *v);
