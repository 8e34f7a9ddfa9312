/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/velero.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/velero_impl.h"

/* From an event to the look at it: informers take about so long. */
#define WAKE_US    5000ULL
#define VERSION    "v1.18.3"
#define DEPLOYMENT "velero"

json_t *velero_edit(struct velero *v, unsigned type, const char *name)
{
        struct doc *d = velero_find(v, type, name);

        return d ? doc_parse(d) : NULL;
}

struct doc *velero_find(struct velero *v, unsigned type, const char *name)
{
        return table_find(cluster_table(v->c, type), v->ns, name);
}

struct doc *velero_save(struct velero *v, unsigned type, const char *name, json_t *obj)
{
        return object_modified(cluster_table(v->c, type), v->ns, name, obj, VELERO_MANAGER);
}

struct doc *velero_add(struct velero *v, unsigned type, const char *name, json_t *obj)
{
        struct table *t = cluster_table(v->c, type);
        struct doc *d = NULL;

        if (!table_find(t, v->ns, name))
                d = object_create(t, v->ns, name, obj, VELERO_MANAGER);
        json_decref(obj);
        return d;
}

void velero_remove(struct velero *v, unsigned type, const char *name)
{
        struct doc *d = velero_find(v, type, name);

        if (d)
                object_delete(cluster_table(v->c, type), d);
}

const char *velero_phase(const json_t *obj)
{
        const char *phase =
                json_string_value(json_object_get(json_object_get(obj, "status"), "phase"));

        return phase ? phase : "";
}

void velero_set_phase(json_t *obj, const char *phase)
{
        json_object_set_new(object_status(obj), "phase", json_string(phase));
}

json_t *velero_now(struct velero *v)
{
        char buf[RFC3339_LEN];

        return json_string(rfc3339(cluster_now(v->c), buf));
}

void velero_after(struct velero *v, struct timer *t, uint64_t us)
{
        timer_arm(t, sim_scaled_us(v->c->sim, us));
}

void velero_wake(struct velero *v)
{
        if (!timer_armed(&v->wake))
                velero_after(v, &v->wake, WAKE_US);
}

char *velero_label_value(const char *name)
{
        unsigned char hash[SHA256_DIGEST_LENGTH];

        if (strlen(name) <= 63)
                return mem_strdup(name);
        SHA256((const unsigned char *)name, strlen(name), hash);
        return mem_printf("%.57s%02x%02x%02x", name, hash[0], hash[1], hash[2]);
}

double velero_duration(const char *s)
{
        static const struct {
                const char *unit;
                double seconds;
        } units[] = {
                { "ns", 1e-9 },
                { "us", 1e-6 },
                { "ms", 1e-3 },
                { "s", 1 },
                { "m", 60 },
                { "h", 3600 },
        };
        double total = 0;
        double sign = *s == '-' ? -1 : 1;

        s += *s == '-' || *s == '+';
        if (strcmp(s, "0") == 0)
                return 0;
        if (!*s)
                return -1;
        while (*s) {
                char *end;
                double x = strtod(s, &end);
                size_t n = strspn(end, "nums hµ");
                bool found = false;

                if (end == s)
                        return -1;
                for (size_t i = 0; i < ARRAY_SIZE(units) && !found; i++) {
                        if (n != strlen(units[i].unit) || strncmp(end, units[i].unit, n) != 0)
                                continue;
                        total += x * units[i].seconds;
                        found = true;
                }
                if (!found)
                        return -1;
                s = end + n;
        }
        return sign * total;
}

void run_done(struct run *r)
{
        timer_stop(&r->timer);
        free(r->name);
        free(r->outcome);
        items_unref(r->items);
        json_decref(r->results);
        json_decref(r->resources);
        *r = (struct run){ .timer = { .fire = r->timer.fire }, .v = r->v };
}

/* ---- life of the server ---- */

/* The namespace of the Deployment, while all that the server needs is there; free it. */
static char *velero_home(struct cluster *c)
{
        struct table *deployments = cluster_table(c, RT_DEPLOYMENTS);

        for (unsigned t = RT_BACKUPS; t <= RT_DATADOWNLOADS; t++)
                if (!cluster_serves(c, restype(t)))
                        return NULL;
        for (size_t i = 0; i < deployments->n; i++)
                if (strcmp(doc_name(deployments->v[i]), DEPLOYMENT) == 0)
                        return doc_namespace(deployments->v[i]);
        return NULL;
}

static void velero_each(struct velero *v, unsigned type)
{
        struct table *t = cluster_table(v->c, type);

        for (size_t i = 0; i < t->n; i++)
                velero_changed(v, t->type, NULL, t->v[i]);
}

/* The password of the volume repositories, which the server makes when it starts. */
static void make_repository_secret(struct velero *v)
{
        velero_add(v, RT_SECRETS, "velero-repo-credentials",
                json_pack("{s:{}, s:{s:s}, s:s}", "metadata", "data", "repository-password",
                        "c3RhdGljLXBhc3N3MHJk", "type", "Opaque"));
}

static void velero_start(struct velero *v)
{
        make_repository_secret(v);
        for (unsigned t = RT_BACKUPS; t <= RT_DATADOWNLOADS; t++)
                velero_each(v, t);
        velero_backups_start(v);
        velero_restores_start(v);
        velero_after(v, &v->minute, VELERO_MINUTE_US);
}

static void velero_stop(struct velero *v)
{
        velero_backups_stop(v);
        velero_restores_stop(v);
        timer_stop(&v->minute);
        timer_stop(&v->patience);
        names_done(&v->unreachable);
        names_done(&v->fresh_locations);
        names_done(&v->fresh_deletes);
        names_done(&v->fresh_requests);
        names_done(&v->fresh_schedules);
        names_done(&v->going_restores);
        free(v->ns);
        v->ns = NULL;
}

static void velero_look(struct velero *v)
{
        char *home = velero_home(v->c);

        v->recheck = false;
        if (home && v->ns && strcmp(home, v->ns) == 0) {
                free(home);
                return;
        }
        if (v->ns)
                velero_stop(v);
        if (home) {
                v->ns = home;
                velero_start(v);
        }
}

void velero_recheck(struct velero *v)
{
        if (!v)
                return;
        v->recheck = true;
        if (v->ns) {
                velero_each(v, RT_LOCATIONS);
                velero_each(v, RT_SCHEDULES);
                velero_gc(v);
        }
        velero_wake(v);
}

static void velero_work(struct timer *t)
{
        struct velero *v = container_of(t, struct velero, wake);

        if (v->recheck)
                velero_look(v);
        if (!v->ns || v->paused)
                return;
        velero_locations_work(v);
        velero_requests_work(v);
        velero_schedules_work(v);
        velero_deletes_work(v);
        velero_backups_work(v);
        velero_restores_work(v);
}

static void velero_minute(struct timer *t)
{
        struct velero *v = container_of(t, struct velero, minute);

        velero_after(v, &v->minute, VELERO_MINUTE_US);
        if (v->paused)
                return;
        v->minutes++;
        velero_locations_minute(v);
        velero_sync_minute(v);
        velero_schedules_minute(v);
        velero_requests_minute(v);
        if (v->minutes % 60 == 0)
                velero_gc(v);
        velero_wake(v);
}

static void note_request(struct velero *v, const struct restype *type, const struct doc *d)
{
        _cleanup_(freep) char *key = mem_printf("%s/%s", type->plural, doc_name(d));

        names_add(&v->fresh_requests, key);
}

void velero_changed(struct velero *v, const struct restype *type, const struct doc *prev,
        const struct doc *next)
{
        if (type->id == RT_CRDS || type->id == RT_DEPLOYMENTS)
                v->recheck = true;
        else if (!v->ns || !next || strcmp(type->group, "velero.io") != 0 ||
                 strlen(v->ns) != next->ns_len || memcmp(v->ns, doc_key(next), next->ns_len) != 0)
                return;
        switch (type->id) {
        case RT_BACKUPS:
                velero_backup_seen(v, next);
                break;
        case RT_RESTORES:
                velero_restore_seen(v, next);
                break;
        case RT_LOCATIONS:
                names_add(&v->fresh_locations, doc_name(next));
                break;
        case RT_SCHEDULES:
                names_add(&v->fresh_schedules, doc_name(next));
                break;
        case RT_DELETEREQUESTS:
                names_add(&v->fresh_deletes, doc_name(next));
                break;
        case RT_DOWNLOADREQUESTS:
        case RT_STATUSREQUESTS:
                note_request(v, type, next);
                break;
        default:
                break;
        }
        velero_wake(v);
}

struct velero *velero_new(struct cluster *c)
{
        struct velero *v = mem_zalloc(sizeof *v);

        v->c = c;
        v->version = mem_strdup(VERSION);
        v->recheck = true;
        v->wake.fire = velero_work;
        v->minute.fire = velero_minute;
        v->backup.v = v->restore.v = v;
        return v;
}

void velero_free(struct velero *v)
{
        if (!v)
                return;
        velero_stop(v);
        timer_stop(&v->wake);
        free(v->version);
        free(v->backup_knob.hold);
        free(v->backup_knob.fail_next);
        free(v->restore_knob.hold);
        free(v->restore_knob.fail_next);
        free(v);
}

void velero_restart(struct velero *v)
{
        if (v->ns)
                velero_stop(v);
        v->recheck = true;
        velero_wake(v);
}

/* ---- what tests ask for ---- */

static void knob_set(char **slot, const char *phase)
{
        free(*slot);
        *slot = mem_strdup(phase);
}

int velero_command(struct velero *v, char **args, size_t n, struct str *why)
{
        const char *verb = n ? args[0] : "";
        struct knob *knob =
                n > 2 && strcmp(args[2], "restore") == 0 ? &v->restore_knob : &v->backup_knob;

        if (strcmp(verb, "pause") == 0) {
                v->paused = true;
                timer_stop(&v->backup.timer);
                timer_stop(&v->restore.timer);
        } else if (strcmp(verb, "resume") == 0) {
                v->paused = false;
                if (v->backup.name)
                        velero_after(v, &v->backup.timer, VELERO_STEP_US);
                if (v->restore.name)
                        velero_after(v, &v->restore.timer, VELERO_STEP_US);
                velero_wake(v);
        } else if (strcmp(verb, "restart") == 0) {
                velero_restart(v);
        } else if (strcmp(verb, "fail-next") == 0 && n >= 2) {
                knob_set(&knob->fail_next, args[1]);
        } else if (strcmp(verb, "hold") == 0 && n >= 2) {
                knob_set(&knob->hold, args[1]);
        } else if (strcmp(verb, "track") == 0 && n == 2) {
                names_add(&v->tracked, args[1]);
        } else if (strcmp(verb, "release") == 0) {
                names_done(&v->tracked);
                knob_set(&v->backup_knob.hold, NULL);
                knob_set(&v->restore_knob.hold, NULL);
                if (v->backup.name && !timer_armed(&v->backup.timer))
                        velero_after(v, &v->backup.timer, 0);
                if (v->restore.name && !timer_armed(&v->restore.timer))
                        velero_after(v, &v->restore.timer, 0);
                velero_wake(v);
        } else if (strcmp(verb, "version") == 0 && n == 2) {
                knob_set(&v->version, args[1]);
        } else if (strcmp(verb, "fire") == 0 && n == 2) {
                if (!v->ns || velero_schedule_fire(v, args[1]) < 0) {
                        str_printf(why, "there is no schedule \"%s\"", args[1]);
                        return -1;
                }
        } else if (strcmp(verb, "tick") == 0) {
                if (v->ns)
                        velero_minute(&v->minute);
        } else if (strcmp(verb, "gc") == 0) {
                if (v->ns)
                        velero_gc(v);
        } else {
                str_puts(why, "velero takes one of: pause | resume | restart | fail-next PHASE "
                              "[restore] | hold PHASE [restore] | "
                              "track BACKUP | release | version V | fire SCHEDULE | tick | gc");
                return -1;
        }
        return 0;
}

int velero_minor(const struct velero *v)
{
        const char *dot = strchr(v->version, '.');

        return dot ? atoi(dot + 1) : 0;
}

json_t *velero_describe(const struct velero *v)
{
        return json_pack("{s:b, s:s?, s:b, s:s, s:i, s:s?, s:s?}", "running", v->ns != NULL,
                "namespace", v->ns, "paused", v->paused, "version", v->version, "queued",
                (int)v->queue.n, "backup", v->backup.name, "restore", v->restore.name);
}
