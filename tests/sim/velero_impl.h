/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * What the files of the Velero server share. One file per controller; velero.c starts and stops
 * them and hands out the events.
 */
#include "tests/sim/bucket.h"
#include "tests/sim/filter.h"
#include "tests/sim/loop.h"
#include "tests/sim/names.h"
#include "tests/sim/object.h"
#include "tests/sim/sim.h"
#include "tests/sim/velero.h"

#define VELERO_MANAGER   "velero-server"
#define VELERO_STEP_US   50000ULL
#define VELERO_MINUTE_US 60000000ULL

/* What a test asked for: the next run ends so, or stays there. */
struct knob {
        char *hold;      /* stay in this phase; NULL: do not */
        char *fail_next; /* end in this phase; NULL: as it goes */
};

/* A backup or restore that is being worked on; name NULL: none. */
struct run {
        char *name;
        int step;
        char *outcome;       /* the phase it is to end in; NULL: as it goes */
        struct items *items; /* what the backup selected */
        json_t *results;     /* {"warnings","errors"} */
        json_t *resources;   /* of a restore: what became of each object */
        int warnings, errors;
        struct timer timer;
        struct velero *v;
};

struct velero {
        struct cluster *c;
        char *ns;      /* where the server runs; NULL while it does not */
        char *version; /* what it says of itself */
        bool paused;   /* the process is there and does nothing */
        bool recheck;  /* whether it runs at all is to be looked at */
        struct timer wake;

        struct names fresh_backups; /* seen, not queued yet */
        struct names queue;         /* Queued, in order */
        struct run backup;
        struct knob backup_knob;
        struct names tracked; /* counted as in progress although they have ended */

        struct names fresh_restores;
        struct run restore;
        struct knob restore_knob;

        struct names fresh_locations;
        struct names unreachable; /* locations nobody has answered for yet */
        struct timer patience;    /* … and how long they are waited for */
        struct names fresh_deletes;
        struct names fresh_requests; /* "downloadrequests/NAME", "serverstatusrequests/NAME" */
        struct names fresh_schedules;
        struct names going_restores; /* deleted, their finalizer is ours */
        struct timer minute;         /* sync, schedules, validation, expiry */
        unsigned minutes;
};

/* An object of the server's namespace, parsed for changing; NULL where it is gone. */
json_t *velero_edit(struct velero *v, unsigned type, const char *name);
/* Stores it (and frees the tree). Borrowed result or NULL. */
struct doc *velero_save(struct velero *v, unsigned type, const char *name, json_t *obj);
/* Creates one in the server's namespace (and frees the tree); does nothing when the name is taken.
 */
struct doc *velero_add(struct velero *v, unsigned type, const char *name, json_t *obj);
struct doc *velero_find(struct velero *v, unsigned type, const char *name);
void velero_remove(struct velero *v, unsigned type, const char *name);
/* status.phase of a tree; "" where there is none. */
const char *velero_phase(const json_t *obj);
void velero_set_phase(json_t *obj, const char *phase);
/* The cluster's time as a JSON string. */
json_t *velero_now(struct velero *v);
/* Wakes the server soon. */
void velero_wake(struct velero *v);
/* Arms a timer with a delay of Velero's, scaled. */
void velero_after(struct velero *v, struct timer *t, uint64_t us);
/* The label value of a name: names above 63 characters are cut and hashed. */
char *velero_label_value(const char *name);
/* A Go duration ("1h30m") in seconds; -1 where it is none. */
double velero_duration(const char *s);

void run_done(struct run *r);

/* velero_backup.c */
void velero_backups_start(struct velero *v);
void velero_backups_stop(struct velero *v);
void velero_backups_work(struct velero *v);
void velero_backup_seen(struct velero *v, const struct doc *d);
bool velero_backup_running(const struct velero *v, const char *name);

/* velero_backup_prepare.c: completes the spec and the metadata as the server does; returns what is
 * wrong with it, an array of sentences (new reference). */
json_t *velero_backup_prepare(struct velero *v, json_t *backup);

/*
 * velero_volumes.c: what becomes of the volumes of the pods in @r->items, into @r->results,
 * ->warnings and ->errors.
 */
void velero_volumes_backup(struct run *r, const json_t *backup);

/* velero_restore.c */
void velero_restores_start(struct velero *v);
void velero_restores_stop(struct velero *v);
void velero_restores_work(struct velero *v);
void velero_restore_seen(struct velero *v, const struct doc *d);

/* velero_location.c */
void velero_locations_work(struct velero *v);
void velero_locations_minute(struct velero *v);
/* The store of a location (parsed); NULL with a sentence where it cannot be used. */
struct prefix *velero_store(struct velero *v, const json_t *location, struct str *why);
/* The store behind the location of that name, whatever its phase; NULL where there is none. */
struct prefix *velero_store_of(struct velero *v, const char *location_name);

/* velero_sync.c */
void velero_sync_minute(struct velero *v);

/* velero_schedule.c */
void velero_schedules_work(struct velero *v);
void velero_schedules_minute(struct velero *v);
/* Makes the schedule's next backup now. Returns 0, or -1 where there is no such schedule. */
int velero_schedule_fire(struct velero *v, const char *name);

/* velero_delete.c */
void velero_deletes_work(struct velero *v);
void velero_gc(struct velero *v);

/* velero_request.c */
void velero_requests_work(struct velero *v);
void velero_requests_minute(struct velero *v);
