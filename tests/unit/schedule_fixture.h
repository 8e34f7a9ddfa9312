/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/* What the tests of scheduled policies start from: a simulated fleet, and what its clusters hold of a policy. */
#include "ops/standing.h"
#include "tests/unit/ops_fixture.h"

#define POLICY(cron, ns) "schedule: \"" cron "\"\npolicy:\n  ttl: 24h\n  resourceFilter: {includedNamespaces: [" ns "]}\n"
#define PHASE(f, name) ops_phase(f, OBJECT_BACKUP, name)

static inline struct object *object_of(struct ops_fixture *f, const char *name)
{
        return ops_object(f, OBJECT_BACKUP, name);
}

static inline struct task *schedule_of(struct ops_fixture *f, const char *name, const char *cluster)
{
        struct object *o = object_of(f, name);

        return o != NULL ? standing_task(o, ops_member(f, cluster), NULL) : NULL;
}

static inline bool in_force(struct ops_fixture *f, const char *name)
{
        struct object *o = object_of(f, name);

        for (size_t i = 0; o != NULL && o->standing != NULL && i < o->standing->n_tasks; i++)
                if (o->standing->tasks[i]->state != TASK_POSTED || !o->standing->tasks[i]->confirmed ||
                        o->standing->tasks[i]->unwanted)
                        return false;
        return o != NULL && o->standing != NULL;
}

static inline void write_policy(struct ops_fixture *f, const char *name, const char *text)
{
        struct err err = ERR_INIT;

        assert_ok(ops_write(f, OBJECT_BACKUP, name, text, &err), &err);
}

/* The Schedule as the cluster has it; caller decrefs. NULL when there is none. */
static inline json_t *held(struct ops_fixture *f, const char *cluster, const char *name)
{
        json_t *list = ops_ask(f, cluster, "objects schedules"), *item, *found = NULL;
        size_t i;

        json_array_foreach (list, i, item) {
                const char *label = NULL;

                json_unpack(item, "{s:{s?{s?s}}}", "metadata", "labels", "fleetfs.dev/name", &label);
                if (label != NULL && strcmp(label, name) == 0)
                        found = json_incref(item);
        }
        json_decref(list);
        return found;
}

static inline void text_of(struct ops_fixture *f, const char *cluster, const char *name, const char *parent, const char *key,
        char ret[256])
{
        json_t *s = held(f, cluster, name);
        const char *text = json_string_value(json_object_get(json_object_get(s, parent), key));

        snprintf(ret, 256, "%s", text != NULL ? text : "");
        json_decref(s);
}

static inline void fire(struct ops_fixture *f, const char *cluster, const char *name)
{
        char words[128];

        snprintf(words, sizeof(words), "velero fire %s", schedule_of(f, name, cluster)->velero_name);
        ops_ctl(f, cluster, words);
}

static inline void patch_held(struct ops_fixture *f, const char *cluster, const char *name, const char *key, json_t *value)
{
        json_t *s = held(f, cluster, name);

        json_object_set_new(json_object_get(s, "spec"), key, value);
        ops_put(f, cluster, s);
}
