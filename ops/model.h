/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * model: all that the tree shows, in RAM.
 *
 * One writer, many readers. The engine thread is the only one that changes the model, and only inside
 * a write section (model_write_begin … model_write_end). FUSE workers read inside a read section and
 * never keep a pointer into the model past its end: what they must keep they copy (rendered bytes) or
 * find again by name. The engine itself may read without a lock, because nobody else writes.
 *
 * A write section collects what it changed (`struct change`); at its end the changes are handed to the
 * listener (fs/notify), which tells the kernel. A read section must cover the reply to the kernel as well:
 * then a name is always invalidated after every reply that could have carried its old version.
 *
 * Times are Unix seconds UTC (int64_t, 0 = unset) unless a name ends in _ms (CLOCK_BOOTTIME milliseconds).
 * Strings are NUL-terminated, owned by the struct that holds them, NULL = unset, unless stated.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <uthash.h>

#include "base/err.h"
#include "base/strv.h"
#include "ops/eta.h"
#include "ops/list.h"
#include "ops/phase.h"
#include "velero/types.h"

struct engine;
struct fleet;
struct member;
struct object;
struct policy;
struct run;
struct task;
struct trash;

/* Coming runs of a schedule that are shown. */
enum { SCHEDULE_NEXT = 5 };

enum { STORE_ID_LEN = 16, UID_MAX = 64, FOLDER_NAME_MAX = 63, VELERO_NAME_MAX = 253, RUN_ID_LEN = 16 };

/* ---------------------------------------------------------------- declared objects */

enum object_kind { OBJECT_BACKUP, OBJECT_RESTORE, OBJECT_MIGRATION, OBJECT_KINDS };

/* A user's file: his exact bytes. `ext` is "yaml", "yml" or "json"; of a refused draft maybe in capitals. */
struct document {
        char *bytes; /* NULL = there is none */
        size_t len;
        char ext[5];
        int64_t mtime_ns;    /* as utimes set it, else the time of the write; Unix nanoseconds */
        uint64_t generation; /* from 1: the object's writes in the order in which they were accepted or refused */
        uint64_t write;      /* identifies it within this process, over all objects; never stored */
};

/* What the last write that is not in force is. */
enum draft_state {
        DRAFT_NONE,
        DRAFT_OPEN,        /* created, nothing committed yet: the file shows, its folder does not */
        DRAFT_ACCEPTED,    /* valid and durable, its handle is not released yet */
        DRAFT_INERT,       /* valid but not to start by itself (an empty file): `echo start > ctl` */
        DRAFT_REJECTED,    /* refused: `err` says why */
        DRAFT_INTERRUPTED, /* its writer died, or a crash came before the release of a restore */
};

/* An operation that was refused and left no draft: a verb, a link, a name, a removal. In memory alone. */
struct object_refusal {
        char what[200]; /* as a command: "echo start > m1/ctl" */
        struct err why;
        int64_t at;
};

/* The links of a migration folder, as the user wrote them (readlink gives exactly these back). */
struct member_link {
        char *name;   /* "source", or the name below targets/ */
        char *target; /* link text */
        char *member; /* folder name of the cluster that it resolves to */
};

/* An object below backups/, restores/ or migrations/. Hash key: name, within fleet->objects[kind]. */
struct object {
        UT_hash_handle hh;
        struct fleet *fleet;
        enum object_kind kind;
        char name[256];             /* stem of the file; a bad one (too long, not DNS-1123) only as a draft */
        char owner[STORE_ID_LEN + 1]; /* store that made it */
        bool own;                   /* owner is this mount's store; others are shown 0444 */

        struct document in_force;   /* what runs; bytes NULL until something was started */
        struct document draft;      /* the write that is not in force */
        struct document synced;     /* what a writer that is not done has fsynced: after a crash the draft, else not shown */
        enum draft_state draft_state;
        struct err draft_err;       /* of DRAFT_REJECTED; also of a refused rename, then draft.bytes is NULL */
        int64_t draft_at;           /* when it was refused or interrupted */
        uint64_t writes;            /* generation of the last write, also of one that was discarded */
        bool draft_released;        /* of DRAFT_ACCEPTED: its writer has let go of it, so a crash starts it */
        bool draft_loaded;          /* of DRAFT_ACCEPTED: from the store, its writer is gone (acting.c) */
        struct policy *policy;      /* parsed in_force; NULL when none */
        struct object_refusal *refusal;    /* of the last operation; NULL when it was accepted, or was a write (draft_err) */

        bool file_gone;             /* unlinked or renamed away: the file does not show */
        int64_t removal_at_ms;      /* boottime at which the removal applies; 0 = none pending */
        int64_t removal_at;         /* … the same on the wall, for who reads it: no file depends on the reader's clock */
        bool removal_renamed;       /* … by a rename-away, which a crash undoes */
        uint32_t removal_uid;       /* … and whose it is */
        bool removed;               /* the removal was applied: a backup's folder stays while backups exist */
        bool paused;                /* `pause`, until `resume`; policy->paused is the document's own */
        /* A schedule's coming runs by the policy alone, whatever the clusters do, and the last that was due: moved on by
           the engine as each comes (standing_next()). 0: none, and while it is paused. */
        int64_t next_runs[SCHEDULE_NEXT], last_slot;
        int64_t interval;           /* the longest time between two of its coming runs, also while it is paused; 0: unknown */
        int64_t schedules_at;       /* another store's: when the Schedule was written that in_force is of; 0: of a Backup */
        char adopted_from[STORE_ID_LEN + 1]; /* `adopt`: what still carries this owner on clusters becomes ours */

        /* Migration folders only. */
        bool is_folder;             /* made by mkdir */
        struct member_link source;
        struct member_link *targets;
        size_t n_targets;
        bool started;               /* links are frozen */

        /* What lasts on the clusters, beside the runs: with a schedule one TASK_SCHEDULE for each cluster and sub-policy,
           also those that are to be removed; NULL when there is nothing. Its id is "", and it is not among `runs`. */
        struct run *standing;
        struct run **runs;          /* oldest first; by run id */
        size_t n_runs;
        uint64_t last_run_s;        /* time of the newest run id, durable */

        enum phase phase;           /* rolled up over the newest run, or of the draft when nothing is in force */
        int64_t created, changed;   /* changed: mtime of the status files, from the data, not from the clock */
        struct strv warnings;       /* sentences of warnings.txt, each with its FLT code */

        /* engine's own */
        bool due;                   /* to be rolled up before the section ends */
        bool rewarn;                /* … and its warnings to be found anew */
        bool yield_due;             /* another store's label was seen on what it made: whose it is, is to be decided */
        bool dirty;                 /* to be stored before any of its tasks acts */
        struct list unstored;       /* place among those that differ from what the store holds */
        struct list velero;         /* velero_object.of_object: what it has on clusters */
};

/* One execution over several clusters. The clusters of a run are fixed when it is made. */
struct run {
        struct object *object;
        char id[RUN_ID_LEN + 1];    /* "20260901-020003Z" */
        int64_t created;            /* time of the id */
        int64_t completed;          /* of the last task, 0 while one is not terminal */
        struct task **tasks;        /* in the order of the fleet; pointers stay valid while the run lives */
        size_t n_tasks;
        enum phase phase;           /* rolled up */
        uint64_t version;           /* grows with each visible change */
        bool due;                   /* engine: to be rolled up before the section ends */
        bool shrunk;                /* engine: … and dropped, if nothing needs it */
        bool running;               /* engine: a task of it was not terminal at the last look */
        struct task **by_member;    /* the first of each cluster, by folder name; the others are chained (run_tasks_on()) */
        size_t n_members;
};

enum task_verb {
        TASK_BACKUP,
        TASK_RESTORE,
        TASK_SCHEDULE, /* of object.standing: a Velero Schedule, as long as the policy wants it */
        TASK_ADOPT,    /* of object.standing: what another store made on that cluster becomes ours */
};

/* How far a task got. Its visible phase is Velero's once the object was seen (task_phase()). */
enum task_state {
        TASK_PENDING,   /* not posted: reason says what it waits for */
        TASK_POSTED,    /* the object is on the cluster, durably known */
        TASK_CANCELLED, /* policy removed before it was posted */
        TASK_EXPIRED,   /* not posted within startDeadline */
        TASK_CONFLICT,  /* another object has the name */
        TASK_REJECTED,  /* the cluster's API refused it: reason is its sentence */
        TASK_DONE,      /* was terminal; the Velero object may be gone by now (ttl) */
};

/* Steps of a migration's target, in order; TASK_BACKUP tasks and plain restores use only STEP_POST. */
enum task_step { STEP_POST, STEP_LOCATION, STEP_HANDOVER, STEP_RESTORE, STEP_CLEANUP, STEP_END };

/* How items and bytes went so far. */
struct task_eta {
        struct eta items, bytes;
};

/* What the backups of a TASK_SCHEDULE reached, those of its run included; 0 and "" when there was none. */
struct task_reached {
        int64_t last_attempt;             /* when the newest backup began */
        int64_t last_success;             /* when the newest Completed one that still exists, and holds something, ended */
        int64_t lost_success;             /* when the last such one ended that there was, while none is left; 0: none is missed */
        char last_run[RUN_ID_LEN + 1];    /* run of the newest backup */
        char last_result[24];             /* phase of the newest backup that has ended */
        bool last_empty;                  /* … which is Completed, and holds nothing */
        int64_t next_run;                 /* when Velero is to run it, by its own rule; 0: not known, or paused */
        int64_t overdue_at;               /* Overdue from then on, unless a backup completes; 0: never */
};

/* One cluster's part of a run: one Velero Backup, Restore or Schedule. */
struct task {
        struct run *run;
        enum task_verb verb;
        enum task_state state;
        enum task_step step;
        /* What tasks have in common is interned (base/intern.h): "" when unset unless said otherwise, changed by intern_set(). */
        const char *member;               /* folder name of the cluster */
        const char *uid;                  /* its kube-system UID, "" until the cluster was ever seen */
        char *sub;                        /* sub-policy name, NULL when the policy has none */
        char velero_name[64];             /* "" until chosen; with the attempt's stamp */
        char *first_name;                 /* … of the first attempt, once a retry took its place; NULL before */
        const char *backup_name;          /* interned; restores: the Velero Backup that is restored */
        char *location;                   /* migrations: location made or found on the target */
        int64_t attempt;                  /* time of the attempt's stamp */
        int64_t deadline;                 /* startDeadline of the attempt */
        int64_t started, completed;       /* as last seen from Velero */
        enum phase phase;                 /* what the tree shows, recomputed at every change */
        const char *phase_text;           /* interned: Velero's own word ("Finalizing") once its object was seen, else NULL */
        char code[12];                    /* FLT code of `reason`, "" when none */
        char *reason;                     /* one sentence, NULL when all is well */
        int64_t since;                    /* since when `reason` holds */
        int32_t items_done, items_total, errors, warnings; /* last seen */
        int64_t expires;                  /* backup's expiration, last seen */
        const char *hostpath;             /* interned: volumes it covers that no backup has (hostpath.h); "" none, NULL not looked at */
        /* What node-agents do for it, by volume, as they began; of this process, and of the newest run that had any. */
        struct velero_volume **seen_volumes;
        size_t n_seen_volumes;
        struct task_eta *eta;             /* how it goes, while it does; of this process; NULL: not known (task_measure()) */

        struct task_reached *reached;     /* TASK_SCHEDULE: what its backups reached; NULL: nothing is known (task_reached()) */

        /* engine's own, durable, not shown */
        const char *spec_sha256;          /* interned, of the spec that was posted under velero_name, or may have been */
        bool sent;                        /* … it may have been: what the cluster has decides, not what we remember */
        bool given_up;                    /* not to be posted any more, once it is clear that it was not */
        bool unwanted;                    /* its Restore objects are to be removed from the cluster */
        bool secret_made;                 /* migrations: a copied Secret is ours to remove */
        bool location_made;               /* migrations: fleetfs made `location` and removes it */
        bool handed_over;                 /* migrations: the Backup object on the target is ours to remove */
        bool resend;                      /* TASK_SCHEDULE: the policy has another meaning than what is there says */
        bool doomed;                      /* TASK_BACKUP: `delete <run>`: the backup and its data are to be deleted */
        int64_t doomed_at;                /* … stamp of the request's name */

        /* engine's own, of this process */
        struct task *next_same;           /* of the same run and cluster */
        struct list opened;               /* place among those that the engine looks at */
        struct list queued;               /* … among those that act at the end of the round */
        struct list at_member;            /* … in at->tasks */
        struct list at_call;              /* … in call_at->calls */
        struct member *at;                /* cluster that wakes it, NULL: none */
        struct member *call_at;           /* cluster that `call` asks: a migration's source, too */
        uint64_t call;                    /* request in flight, 0 = none */
        int64_t retry_at_ms;              /* nothing is tried before */
        int64_t look_at_ms;               /* looked at again without an event */
        uint32_t failures;                /* in a row */
        unsigned races;                   /* Restores that failed validation before their backup was in Velero's cache */
        int64_t posted_at_ms;             /* when it was posted, 0: by an earlier process */
        uint64_t shown;                   /* digest of what was last published */
        const char *posting_sha256;       /* interned, of the document under way */
        const char *password_sha256;      /* interned, of the source's repository password, for a comparison under way */
        struct json_t *volumes;           /* PodVolumeBackups still to be handed over */
        bool secret_copied;               /* migrations: the copy is known to be there */
        bool may_act;                     /* what was decided about it is durable */
        bool open;                        /* the engine looks at it: not terminal, or owes a clean-up */
        bool tracked;                     /* made from what a cluster shows, not from a record */
        bool wanted;                      /* TASK_SCHEDULE: by the policy, as of the look at it under way */
        bool confirmed;                   /* TASK_SCHEDULE: the watch brought what was sent last */
        bool recount;                     /* TASK_SCHEDULE: its backups changed */
        bool drifted;                     /* TASK_SCHEDULE: what is there is not what was sent */
};
_Static_assert(sizeof(struct task) <= 472, "a fleet has tens of thousands: what only some need is allocated, what many have is interned");

/* ---------------------------------------------------------------- clusters */

enum member_health {
        MEMBER_UNKNOWN,      /* not tried yet */
        MEMBER_READY,        /* lists are synced and watches run */
        MEMBER_SYNCING,      /* connected, first lists under way */
        MEMBER_UNREACHABLE,  /* no connection, or no answer in time */
        MEMBER_DENIED,       /* 401, 403, unusable credentials */
        MEMBER_NO_VELERO,    /* reachable; no CRDs, or no location and no server */
        MEMBER_BROKEN,       /* its configuration cannot be used */
};

enum velero_kind { VELERO_BACKUP, VELERO_RESTORE, VELERO_SCHEDULE, VELERO_LOCATION, VELERO_DELETE_REQUEST, VELERO_KINDS };

/* What only some objects have (velero_more()). */
struct velero_more {
        char *digest;                /* of a fleet's Schedule: schedule_digest() of its spec; NULL else */
        char *changed;               /* … whose digest is not what its annotation says: schedule_meaning_of() it; NULL else */
        int64_t asked_ms;            /* engine: when we asked for a change of it last, 0: never in this process */
        char *asked;                 /* … digest of that change where it is not to be asked for again and again; NULL else */
        unsigned asked_times;        /* … so often in a row */
};

/* A Velero object of one cluster, whoever made it, in member->velero[kind]. */
struct velero_object {
        struct member *member;
        const char *name; /* borrowed from the record */
        union {           /* kept (record_keep()) */
                struct velero_backup *backup;
                struct velero_restore *restore;
                struct velero_schedule *schedule;
                struct velero_bsl *bsl;
                struct velero_delete_request *delete_request;
                void *record;
        };
        struct object *owner_object; /* the fleet object that it belongs to, NULL when none (velero_set_owner()) */
        struct list of_object;       /* engine: place in owner_object->velero */
        const char *run;             /* interned, of a schedule's Backup: the run it was given; "" else */
        struct velero_more *more;    /* NULL: nothing of it */
        uint32_t mark;               /* engine: list generation for the sweep */
        uint8_t kind;                /* enum velero_kind */
        bool by_hand;                /* of a schedule's Backup: somebody's, not Velero's own (velero_made_by_hand()) */
};
_Static_assert(sizeof(struct velero_object) <= 72, "a fleet has hundreds of thousands: what only some need is velero_more's");

/* Those of one kind of a cluster, by name. */
struct velero_set {
        struct velero_object **v;
        uint32_t n, cap;
};

/* Each of a set, which is not changed meanwhile: VELERO_EACH (v, &c->velero[VELERO_BACKUP]) … */
#define VELERO_EACH(each, set) \
        for (uint32_t each##_at = 0; each##_at < (set)->n && ((each) = (set)->v[each##_at], true); each##_at++)

/* A cluster of a fleet. Hash key: name (folder), within fleet->members, in configuration order. */
struct member {
        UT_hash_handle hh;
        struct fleet *fleet;
        char name[FOLDER_NAME_MAX + 1];
        char configured[FOLDER_NAME_MAX + 1]; /* what the configuration calls it; name differs if that was another cluster's */
        char *context;            /* the original name of the context */
        char *kubeconfig;         /* absolute; NULL: kubectl finds it by itself */
        char *server;             /* URL without credentials */
        char uid[UID_MAX];        /* kube-system's UID, "" until known; kept across restarts */
        char alias_of[FOLDER_NAME_MAX + 1]; /* same UID as that member: shown as a symlink; "" = none */
        struct strv label_keys, label_values; /* parallel, sorted by key */

        enum member_health health;
        bool reachable;           /* answers now */
        bool stale;               /* what is shown was true at `seen`, and may not be now */
        int64_t since;            /* since when health holds */
        int64_t seen;             /* last time the cluster confirmed what is shown */
        int64_t changed;          /* mtime of its status files: model_touch_member() */
        char code[12];            /* FLT code of `reason` */
        char *reason;             /* why it is not READY */
        char *api_version;        /* gitVersion, "v1.34.2" */
        char *velero_version;     /* "v1.18.3", NULL unknown */
        char *velero_namespace;   /* NULL until known */
        bool node_agent;          /* a node-agent DaemonSet exists */
        int64_t ahead;            /* seconds that its clock was before ours at the last probe; 0: it agrees (kube_client_ahead()) */
        struct velero_set velero[VELERO_KINDS];
        bool synced[VELERO_KINDS];

        /* engine's own */
        struct member_runtime *runtime; /* ops/member.c */
        struct list tasks;        /* task.at_member: open tasks that it wakes; they outlive the runtime */
        struct list calls;        /* task.at_call: requests of tasks on its client */
        struct list looks;        /* ops/looks.c */
        uint32_t marks;           /* lists begun so far, over all kinds and runtimes */
};

/* A fleet: one folder below the root. Hash key: name. */
struct fleet {
        UT_hash_handle hh;
        struct model *model;
        char name[FOLDER_NAME_MAX + 1];
        char *yaml;               /* shown as fleet.yaml */
        char *bucket, *prefix;    /* of its spec.plugin.backup.storage; NULL: it says none */
        struct member *members;
        struct object *objects[OBJECT_KINDS];
        struct trash *trash;      /* what was removed lately (ops/trash.h); NULL: nothing was */
        enum phase phase;         /* rolled up over its policies and clusters */
        int64_t changed;
        struct strv warnings;
        int64_t crowded_at;       /* a minute in which more than LIMIT_SCHEDULES_AT_ONCE policies run; 0: none */
        bool due;                 /* engine: to be rolled up before the section ends */

        /* engine's own */
        struct json_t *identities; /* UID by folder, of all clusters that ever had one (ops/identity.c); NULL: not read yet */
        bool unstored;            /* … the store holds an older one */
        uint64_t schedules;       /* digest of the schedules that crowded_at was found from */
};

/* ---------------------------------------------------------------- events.jsonl */

/* Complete lines, append-only; `base` is the offset in the file of lines' first byte (older ones were dropped). */
struct event_log {
        char *bytes;
        size_t len, cap;
        uint64_t generation; /* a new one (a new inode) when old lines are dropped */
        int64_t last;        /* time of the last event */
};

/* ---------------------------------------------------------------- changes */

enum change_kind {
        CHANGE_EVENTS,       /* events.jsonl grew */
        CHANGE_FLEET,        /* the fleet's own files */
        CHANGE_MEMBER,       /* clusters/<member>/ own files */
        CHANGE_VELERO,       /* clusters/<member>/<kind>/<name>/ */
        CHANGE_OBJECT,       /* <folder>/<name>/ own files, <name>.yaml, <name>.error.txt, links, runs/latest */
        CHANGE_RUN,          /* …/runs/<run>/ own files */
        CHANGE_TASK,         /* …/runs/<run>/clusters/<member>/ and, for restores and migrations, …/clusters/<member>/ */
};

struct change {
        enum change_kind kind;
        bool listing;            /* the subject itself came or went: its name in its parent, too */
        char fleet[FOLDER_NAME_MAX + 1];
        char member[FOLDER_NAME_MAX + 1];
        enum velero_kind velero_kind;
        enum object_kind object_kind;
        char name[256];          /* object or Velero object */
        char run[RUN_ID_LEN + 1];
};

/* Called on the engine thread after a write section with what it changed (deduplicated). Must not block.
   When `done` is not NULL it is to be called, from any thread, once the kernel was told all of it. */
typedef void (*model_listener)(void *arg, const struct change *changes, size_t n,
        void (*done)(void *done_arg), void *done_arg);

struct model {
        pthread_rwlock_t lock;
        char store_id[STORE_ID_LEN + 1];
        bool store_read_only;    /* another mount holds the store: nothing may be written here */
        char store_holder[64];   /* who holds it, "pid 123", for messages */
        struct fleet *fleets;
        struct event_log events;
        struct err conf_err;     /* why the configuration that was read last is not in force; code 0: it is */
        int64_t conf_at;         /* since when; 0: nothing was ever refused */
        int64_t started;
        uint64_t generation;     /* grows with every write section that changed something */

        /* engine's own */
        struct change *changes;
        size_t n_changes, cap_changes;
        unsigned depth;          /* nested write sections */
        struct model_barrier *barriers;
        model_listener listener;
        void *listener_arg;
};

int model_init(struct model *m, struct err *err);
void model_done(struct model *m);

/* Any thread; nests not. Writers are preferred. */
void model_read_begin(struct model *m);
void model_read_end(struct model *m);

/* Engine thread only. Sections nest; the outermost end publishes and tells the listener. The variant with `done`
   also hands over a barrier: done(arg) is called, from any thread, once the kernel was told of all that was changed
   until the outermost end, even when nothing changed. */
void model_write_begin(struct model *m);
void model_write_end(struct model *m);
void model_write_end_notify(struct model *m, void (*done)(void *), void *arg);
/* Unit tests: called under the lock as each outermost section begins and ends, to see that nothing is written between two
   of them. NULL: nobody. */
void model_watch_sections_for_tests(void (*watch)(const struct model *m, bool end));

/* Engine thread, inside a write section: notes what changed. */
void model_touch_fleet(struct fleet *f, bool listing);
/* Also moves c->changed, and with it the fleet's: to `at`, the time that the data have for what changed, if it is later
   than the last change and not to come; else to now. */
void model_touch_member_at(struct member *c, int64_t at, bool listing);
void model_touch_member(struct member *c, bool listing); /* the data have no time for it */
void model_touch_velero(struct velero_object *v, bool listing);
void model_touch_object(struct object *o, bool listing);
void model_touch_run(struct run *r, bool listing);
void model_touch_task(struct task *t);
void model_touch_events(struct model *m);

/* Lookups; inside a read section, or on the engine thread. NULL when there is none. */
struct fleet *model_fleet(const struct model *m, const char *name);
struct member *fleet_member(const struct fleet *f, const char *name);
struct object *fleet_object(const struct fleet *f, enum object_kind kind, const char *name);
struct velero_object *member_velero(const struct member *c, enum velero_kind kind, const char *name);
/* The one behind that of this name, which need not be there any more; NULL: the first. */
struct velero_object *member_velero_after(const struct member *c, enum velero_kind kind, const char *name);
/* The table of a kind's records. */
const struct record_type *velero_record_type(enum velero_kind kind);
/* Of a fleet's Schedule; NULL else. */
const char *velero_digest(const struct velero_object *v);
/* velero_more.changed, or NULL. */
const char *velero_changed(const struct velero_object *v);
struct run *object_run(const struct object *o, const char *id); /* "latest" is not resolved here */
/* Before those that a wrong clock dated into the future, unless there are no others. */
struct run *object_latest_run(const struct object *o);
/* Whether what carries this owner is the object's: its own, and while it is being adopted the other store's. */
bool object_owns(const struct object *o, const char *owner);
/* Whether the policy in force is a schedule. */
bool object_is_scheduled(const struct object *o);
/* The first task of the run on that cluster, the others by next_same; of both verbs. */
struct task *run_tasks_on(const struct run *r, const char *member);
struct member *task_member(const struct task *t); /* NULL when the cluster left the fleet */
struct velero_object *task_velero(const struct task *t); /* its Velero object as seen now, or NULL */
enum velero_kind task_velero_kind(const struct task *t);
const char *task_phase_text(const struct task *t); /* the word that every file shows */

const char *object_kind_folder(enum object_kind kind); /* "backups", "restores", "migrations" */
const char *object_kind_name(enum object_kind kind);   /* "Backup", "Restore", "Migration" */
int object_kind_from_folder(const char *folder);       /* enum object_kind, or -ENOENT */
const char *velero_kind_plural(enum velero_kind kind); /* "backups", … as in the API */
const char *velero_kind_folder(enum velero_kind kind); /* "backups", "restores", "schedules", "storage"; NULL = not shown */
const char *member_health_name(enum member_health h);  /* "Ready", "Unreachable", … */
/* The document that <name>.yaml shows: the draft if there is one, else what is in force; NULL = no file. */
const struct document *object_visible_document(const struct object *o);
/* The store whose label is on it; "" for none. Borrowed. */
const char *velero_owner(const struct velero_object *v);
/* A restore or migration that was removed: only backups are kept on show beyond their policy. */
bool object_is_over(const struct object *o);
/* Whether <folder>/<name>/ shows. */
bool object_folder_shows(const struct object *o);

/* Construction, engine thread, inside a write section. Returned objects are owned by their parent. */
struct fleet *model_add_fleet(struct model *m, const char *name);
void model_remove_fleet(struct fleet *f);
struct member *fleet_add_member(struct fleet *f, const char *name);
void fleet_remove_member(struct member *c);
/* Another folder name, which must be free. -ENOMEM: nothing changed. */
int fleet_rename_member(struct member *c, const char *name);
struct object *fleet_add_object(struct fleet *f, enum object_kind kind, const char *name);
void fleet_remove_object(struct object *o);
struct run *object_add_run(struct object *o, const char *id);
/* object.standing, made if there is none; NULL without memory. */
struct run *object_add_standing(struct object *o);
/* When it is empty. */
void object_remove_standing(struct object *o);
struct task *run_add_task(struct run *r, enum task_verb verb, const char *member);
/* A task that was added without a cluster has its `member` set now. */
void run_index_task(struct task *t);
/* Its cluster has another folder now. */
void run_move_task(struct task *t, const char *member);
void run_remove_task(struct task *t);
/* Of seen_volumes. */
void task_forget_volumes(struct task *t);
/* t->eta, made if there is none; NULL without memory. Forgotten when there is nothing to wait for any more. */
struct task_eta *task_measure(struct task *t);
void task_forget_eta(struct task *t);
/* Of a TASK_SCHEDULE what is known, of any other all unset. */
const struct task_reached *task_reached(const struct task *t);
/* t->reached, made if there is none; NULL without memory. */
struct task_reached *task_reach(struct task *t);
/* A copy of the struct gets references of its own to the interned texts, and gives them back. */
void task_ref_texts(struct task *t);
void task_unref_texts(struct task *t);
void object_remove_run(struct run *r);
/* Take a decoded record, which they free: what is kept is a copy (record_keep()). Without memory the first returns NULL and
   the record stays the caller's; the second, whose record has the same name, leaves what was there. */
struct velero_object *member_add_velero(struct member *c, enum velero_kind kind, void *record);
void member_replace_velero(struct velero_object *v, void *record);
void member_remove_velero(struct velero_object *v);
void member_remove_all_velero(struct member *c, enum velero_kind kind);
/* v->more, made if there is none; NULL without memory. */
struct velero_more *velero_more(struct velero_object *v);
/* Takes the digest and what changed; NULL: there is none. Without memory there is none. */
void velero_set_digest(struct velero_object *v, char *digest, char *changed);
/* o NULL: it belongs to nobody. */
void velero_set_owner(struct velero_object *v, struct object *o);
void member_link_done(struct member_link *l);
void document_done(struct document *d);
int document_set(struct document *d, const char *bytes, size_t len, const char *ext, int64_t mtime_ns);
