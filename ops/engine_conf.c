/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration in force: which fleets there are and which clusters they have. Another one is compared with it, and only
 * what differs is done, so a cluster that stays keeps its connection.
 */
#include "ops/engine_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/timefmt.h"
#include "ops/fleetconf.h"
#include "ops/identity.h"
#include "ops/member.h"
#include "ops/object.h"
#include "ops/rollup.h"
#include "ops/standing.h"

struct engine_conf {
        struct fleetconf *in_force; /* NULL: none yet */
        struct fleetconf_watch *watch;
        struct loop_timer again; /* a fleet of it could not be loaded */
};

/* ---------------------------------------------------------------- clusters */

static void engine_member_data(struct member *c, const struct fleetconf_member *conf)
{
        free(c->context);
        c->context = conf->context != NULL ? strdup(conf->context) : NULL;
        free(c->kubeconfig);
        c->kubeconfig = conf->kubeconfig != NULL ? strdup(conf->kubeconfig) : NULL;
        free(c->server);
        c->server = conf->kube != NULL && conf->kube->server != NULL ? strdup(conf->kube->server) : NULL;
        strv_done(&c->label_keys);
        strv_done(&c->label_values);
        for (size_t i = 0; i < conf->labels.n; i++) {
                const char *eq = strchr(conf->labels.v[i], '=');
                size_t n = eq != NULL ? (size_t)(eq - conf->labels.v[i]) : strlen(conf->labels.v[i]);

                (void)strv_pushn(&c->label_keys, conf->labels.v[i], n);
                (void)strv_push(&c->label_values, eq != NULL ? eq + 1 : "");
        }
}

/* A folder may carry another name than configured (identity.c): what the configuration calls a member is found again. */
static struct member *engine_configured_member(struct fleet *f, const struct fleetconf_member *conf)
{
        struct member *c, *tmp;

        HASH_ITER (hh, f->members, c, tmp)
                if (strcmp(c->configured, conf->name) == 0)
                        return c;
        return NULL;
}

static int engine_add_member(struct engine *e, struct fleet *f, const struct fleetconf_member *conf, struct err *err)
{
        char name[FOLDER_NAME_MAX + 1];
        struct member *c;
        int r;

        /* Another cluster may have been given a folder of that name (identity.c). */
        r = identity_free_name(e, f, conf->name, NULL, name, err);
        if (r < 0)
                return r;
        c = fleet_add_member(f, name);
        if (c == NULL)
                return err_set(err, -ENOMEM, "add cluster %s", conf->name);
        snprintf(c->configured, sizeof(c->configured), "%s", conf->name);
        identity_load(c);
        engine_member_data(c, conf);
        model_touch_member(c, true);
        rollup_fleet(e, f);
        return member_start(e, c, conf, err);
}

void engine_disown_member(struct engine *e, struct member *c)
{
        struct velero_object *v;
        struct object *o, *otmp;

        /* Its tasks wait for a cluster that is away: their objects were not deleted. */
        for (int k = 0; k < VELERO_KINDS; k++) {
                VELERO_EACH (v, &c->velero[k])
                        model_touch_velero(v, true);
                member_remove_all_velero(c, (enum velero_kind)k);
                c->synced[k] = false;
        }
        for (int k = 0; k < OBJECT_KINDS; k++)
                HASH_ITER (hh, c->fleet->objects[k], o, otmp)
                        if (!o->own && !list_linked(&o->velero))
                                engine_object_shrunk(e, o);
        engine_kick_member(e, c);
        rollup_fleet(e, c->fleet);
}

void engine_release_aliases(struct engine *e, const struct member *gone)
{
        struct member *c, *tmp;

        HASH_ITER (hh, gone->fleet->members, c, tmp) {
                if (strcmp(c->alias_of, gone->name) != 0)
                        continue;
                c->alias_of[0] = '\0';
                model_touch_member(c, true);
                member_restart(c);
        }
}

/* The cluster is forgotten, never cleaned. */
static void engine_remove_member(struct engine *e, struct member *c)
{
        engine_event(e, "ClusterRemoved", c->fleet, "cluster", c->name, NULL);
        member_stop(c);
        engine_release_aliases(e, c);
        engine_disown_member(e, c);
        model_touch_member(c, true);
        fleet_remove_member(c);
}

/* ---------------------------------------------------------------- fleets */

static int engine_set_text(char **to, const char *text)
{
        free(*to);
        *to = text != NULL ? strdup(text) : NULL;
        return text != NULL && *to == NULL ? -ENOMEM : 0;
}

/* Documents of Kurator's have it, so it is read; who expects of it what Kurator does must not have
 * to find out. */
static int engine_warn_plugin(struct fleet *f)
{
        return strv_printf(&f->warnings,
                "FLT-0121 fleet.yaml has spec.plugin.backup, and fleetfs does not install or "
                "change Velero by it: install Velero on each cluster with its default location in "
                "bucket %s%s%s, or say `storage` in each policy",
                f->bucket != NULL ? f->bucket : "?", f->prefix != NULL ? ", prefix " : "",
                f->prefix != NULL ? f->prefix : "");
}

/* What was said of its records stays true (ops/object.c). */
static void engine_unwarn_plugin(struct fleet *f)
{
        for (size_t i = f->warnings.n; i-- > 0;)
                if (strncmp(f->warnings.v[i], "FLT-0121", strlen("FLT-0121")) == 0)
                        strv_remove(&f->warnings, i);
}

static int engine_fleet_data(struct fleet *f, const struct fleetconf_fleet *conf)
{
        const struct fleetconf_storage *s = &conf->backup.storage;
        struct member *c, *tmp;
        int r = engine_set_text(&f->yaml, conf->yaml);

        if (r == 0)
                r = engine_set_text(&f->bucket, s->bucket);
        if (r == 0)
                r = engine_set_text(&f->prefix, s->prefix);
        engine_unwarn_plugin(f);
        if (r == 0 && conf->backup.present)
                r = engine_warn_plugin(f);
        /* What a cluster says of its default location depends on it. */
        HASH_ITER (hh, f->members, c, tmp)
                model_touch_member(c, false);
        return r;
}

static void engine_remove_fleet(struct engine *e, struct fleet *f)
{
        struct member *c, *ctmp;
        struct object *o, *otmp;

        /* As long as its clusters are known: records name them. */
        engine_store_objects(e, f);
        HASH_ITER (hh, f->members, c, ctmp)
                engine_remove_member(e, c);
        for (int k = 0; k < OBJECT_KINDS; k++)
                HASH_ITER (hh, f->objects[k], o, otmp)
                        engine_forget(e, o);
        (void)engine_store_fleet(e, f);
        model_touch_fleet(f, true);
        model_remove_fleet(f);
}

/* Half of a fleet is none: what its clusters tell would be stored over records that were not read. */
static void engine_drop_fleet(struct engine *e, struct fleet *f)
{
        struct object *o, *otmp;

        for (int k = 0; k < OBJECT_KINDS; k++)
                HASH_ITER (hh, f->objects[k], o, otmp)
                        engine_forget(e, o);
        model_touch_fleet(f, true);
        model_remove_fleet(f);
}

/* Without its members. One that fails is not in the model, and is tried again after a while. */
static int engine_load_fleet(struct engine *e, const struct fleetconf_fleet *conf, struct err *err)
{
        struct fleet *f = model_add_fleet(&e->model, conf->name);
        int r;

        if (f == NULL) {
                r = err_set(err, -ENOMEM, "add fleet %s", conf->name);
        } else {
                r = engine_fleet_data(f, conf);
                model_touch_fleet(f, true);
                if (r == 0)
                        r = identity_read(e, f, err);
                if (r == 0)
                        r = object_load_all(e, f, err);
                if (r == 0 && e->on_fleet != NULL)
                        r = e->on_fleet(e->on_fleet_arg, f, err);
                if (r < 0)
                        engine_drop_fleet(e, f);
        }
        if (r < 0 && !loop_timer_armed(&e->conf->again))
                loop_timer_after(e->loop, &e->conf->again, LIMIT_FLEET_RETRY_MS);
        return r;
}

/* `f`: NULL while the model has no such fleet. */
static int engine_apply_fleet(struct engine *e, struct fleet *f, const struct fleetconf_change *ch, struct err *err)
{
        int r;

        if (ch->kind == FLEETCONF_ADDED && f == NULL)
                return engine_load_fleet(e, ch->fleet, err);
        if (f == NULL)
                return 0;
        if (ch->kind == FLEETCONF_REMOVED) {
                engine_remove_fleet(e, f);
                return 0;
        }
        r = engine_fleet_data(f, ch->fleet);
        model_touch_fleet(f, false);
        return r;
}

static int engine_apply_member(struct engine *e, struct fleet *f, const struct fleetconf_change *ch, struct err *err)
{
        const unsigned reconnect = FLEETCONF_CONNECTION | FLEETCONF_CREDENTIAL | FLEETCONF_VELERO_NAMESPACE | FLEETCONF_ERROR;
        struct member *c = engine_configured_member(f, ch->member);

        switch (ch->kind) {
        case FLEETCONF_REMOVED:
                if (c != NULL)
                        engine_remove_member(e, c);
                return 0;
        case FLEETCONF_ADDED:
                return engine_add_member(e, f, ch->member, err);
        case FLEETCONF_CHANGED:
                break;
        }
        if (c == NULL)
                return 0;
        engine_member_data(c, ch->member);
        model_touch_member(c, false);
        if ((ch->what & reconnect) == 0)
                return 0;
        member_stop(c);
        return member_start(e, c, ch->member, err);
}

static int engine_apply_change(struct engine *e, const struct fleetconf_change *ch, struct err *err)
{
        struct fleet *f = model_fleet(&e->model, ch->fleet->name);

        if (ch->member == NULL)
                return engine_apply_fleet(e, f, ch, err);
        return f != NULL ? engine_apply_member(e, f, ch, err) : 0;
}

/* ---------------------------------------------------------------- another configuration */

static void engine_follow_conf(struct engine *e)
{
        struct fleet *f, *tmp;

        HASH_ITER (hh, e->model.fleets, f, tmp) {
                standing_follow_fleet(e, f);
                rollup_fleet(e, f);
        }
        engine_kick_all(e);
}

/* Those that are in force and could not be loaded. */
static void engine_load_again(void *arg)
{
        struct engine *e = arg;
        const struct fleetconf *conf = e->conf->in_force;
        bool some = false;

        engine_write(e);
        for (size_t i = 0; i < conf->n_fleets; i++) {
                const struct fleetconf_fleet *fc = &conf->fleets[i];
                struct err err = ERR_INIT;
                int r = 0;

                if (model_fleet(&e->model, fc->name) != NULL || engine_load_fleet(e, fc, NULL) < 0)
                        continue;
                for (size_t k = 0; k < fc->n_members && r == 0; k++)
                        r = engine_add_member(e, model_fleet(&e->model, fc->name), &fc->members[k], &err);
                if (r < 0)
                        log_error("configuration applied in part", LOG_ERR(&err));
                some = true;
        }
        if (!some)
                return;
        engine_follow_conf(e);
        engine_event(e, "ConfigurationRead", NULL, NULL);
}

/* Takes conf. */
static int engine_apply_conf(struct engine *e, struct fleetconf *conf, struct err *err)
{
        struct fleetconf_diff diff;
        int r = fleetconf_diff(e->conf->in_force, conf, &diff);

        if (r < 0) {
                fleetconf_free(conf);
                return err_set(err, r, "compare configurations");
        }
        engine_write(e);
        /* One that fails does not keep the others from being applied; the first failure is told. */
        for (size_t i = 0; i < diff.n_changes; i++) {
                int k = engine_apply_change(e, &diff.changes[i], r == 0 ? err : NULL);
                if (k < 0 && r == 0)
                        r = k;
        }
        fleetconf_diff_done(&diff);
        engine_follow_conf(e);
        fleetconf_free(e->conf->in_force);
        e->conf->in_force = conf;
        return r;
}

const struct fleetconf_fleet *engine_fleetconf(const struct engine *e, const char *fleet)
{
        return e->conf != NULL && e->conf->in_force != NULL ? fleetconf_find(e->conf->in_force, fleet) : NULL;
}

/* What every fleet's status tells: `why` NULL when what is there is in force. */
static void engine_tell_refusal(struct engine *e, const struct err *why)
{
        struct fleet *f, *tmp;

        if (why == NULL && e->model.conf_err.code == 0)
                return;
        if (why == NULL || e->model.conf_err.code == 0)
                e->model.conf_at = clock_realtime();
        err_clear(&e->model.conf_err);
        err_copy(&e->model.conf_err, why);
        HASH_ITER (hh, e->model.fleets, f, tmp)
                rollup_fleet(e, f);
}

static void engine_conf_changed(void *arg, struct fleetconf *conf, const struct err *why)
{
        struct engine *e = arg;
        struct err err = ERR_INIT;

        engine_write(e);
        engine_tell_refusal(e, conf == NULL ? why : NULL);
        if (conf == NULL) {
                char line[16], column[16];

                snprintf(line, sizeof(line), "%d", why->line);
                snprintf(column, sizeof(column), "%d", why->column);
                engine_event(e, "ConfigurationRefused", NULL, "message", why->msg, "line", why->line > 0 ? line : NULL, "column",
                        why->line > 0 ? column : NULL, NULL);
                log_warn("configuration refused; the one in force stays", LOG_ERR(why));
                return;
        }
        if (engine_apply_conf(e, conf, &err) < 0) {
                engine_event(e, "ConfigurationAppliedInPart", NULL, "code", err.id, "message", err.msg, NULL);
                log_error("configuration applied in part", LOG_ERR(&err));
        } else {
                engine_event(e, "ConfigurationRead", NULL, NULL);
        }
}

void engine_reload(struct engine *e)
{
        fleetconf_watch_reload(e->conf->watch);
}

/* ---------------------------------------------------------------- life */

int engine_conf_load(struct engine *e, struct err *err)
{
        struct fleetconf *conf = NULL;
        int r;

        e->conf = calloc(1, sizeof(*e->conf));
        if (e->conf == NULL)
                return err_set(err, -ENOMEM, "read the configuration");
        loop_timer_init(&e->conf->again, engine_load_again, e);
        r = fleetconf_load(e->options.source, &conf, err);
        return r < 0 ? r : engine_apply_conf(e, conf, err);
}

int engine_conf_watch(struct engine *e, struct err *err)
{
        return fleetconf_watch_new(
                &e->conf->watch, e->loop, e->options.source, e->conf->in_force, engine_conf_changed, e, err);
}

void engine_conf_free(struct engine *e)
{
        if (e->conf == NULL)
                return;
        loop_timer_cancel(e->loop, &e->conf->again);
        fleetconf_watch_free(e->conf->watch);
        fleetconf_free(e->conf->in_force);
        free(e->conf);
        e->conf = NULL;
}
