/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * An engine that reaches no cluster: of the fleet "prod", whose clusters have kubeconfigs that are not there. What clusters
 * would show is the test's to put into the model. It is in the test's folder, and may be opened there again.
 */
#include "tests/support/test.h"

#include "ops/engine.h"
#include "ops/fleetconf.h"

struct lone_engine {
        char fleet_file[128], state[96];
        struct fleetconf_source source;
        struct engine_options options;
        struct engine *e;
        struct fleet *f; /* prod */
};

/* Writes the fleet file; `clusters` ends with NULL. */
static inline void lone_engine_init(struct lone_engine *x, const char *dir, const char *const *clusters)
{
        FILE *out;

        snprintf(x->fleet_file, sizeof(x->fleet_file), "%s/fleet.yaml", dir);
        snprintf(x->state, sizeof(x->state), "%s/state", dir);
        out = fopen(x->fleet_file, "w");
        assert_non_null(out);
        fprintf(out, "apiVersion: fleet.kurator.dev/v1alpha1\nkind: Fleet\nmetadata: {name: prod}\nspec:\n  clusters:\n");
        for (const char *const *c = clusters; *c != NULL; c++)
                fprintf(out, "  - {name: %s, kind: AttachedCluster}\n", *c);
        for (const char *const *c = clusters; *c != NULL; c++)
                fprintf(out, "---\napiVersion: cluster.kurator.dev/v1alpha1\nkind: AttachedCluster\nmetadata: {name: %s}\n"
                             "spec: {kubeconfig: {path: /nonexistent, context: %s}}\n", *c, *c);
        assert_int_equal(fclose(out), 0);
}

/* `listener` may be NULL. */
static inline void lone_engine_open(struct lone_engine *x, model_listener listener, void *arg)
{
        struct err err = ERR_INIT;

        x->source = (struct fleetconf_source){ .fleet_file = x->fleet_file };
        x->options = (struct engine_options){ .source = &x->source, .state_dir = x->state, .start_deadline = 3600 };
        assert_ok(engine_new(&x->e, &x->options, &err), &err);
        engine_listen(x->e, listener, arg);
        assert_ok(engine_load(x->e, &err), &err);
        x->f = model_fleet(&x->e->model, "prod");
}
