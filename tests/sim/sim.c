/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/api.h"
#include "tests/sim/auth.h"
#include "tests/sim/kube.h"
#include "tests/sim/velero.h"

#define TOKEN    "fleetfs-sim-token"
#define USER     "admin"
#define PASSWORD "fleetfs-sim-password"

uint64_t sim_scaled_us(const struct sim *sim, uint64_t us)
{
        return (uint64_t)((double)us / sim->options.speed);
}

struct cluster *sim_cluster(const struct sim *sim, const char *name)
{
        struct cluster *c;

        HASH_FIND(hh, sim->clusters, name, strlen(name), c);
        return c;
}

/* eu-1 us-1 ap-1 c4 c5 … */
static void default_name(unsigned i, char *buf, size_t size)
{
        static const char *const first[] = { "eu-1", "us-1", "ap-1" };

        if (i < ARRAY_SIZE(first))
                snprintf(buf, size, "%s", first[i]);
        else
                snprintf(buf, size, "c%u", i + 1);
}

/* A listener of its own, or the shared one and a path. */
static void cluster_listen(struct sim *sim, struct cluster *c)
{
        if (sim->options.one_port) {
                c->url = mem_printf("https://127.0.0.1:%d/clusters/%s", sim->shared.port, c->name);
                return;
        }
        c->lis = mem_zalloc(sizeof *c->lis);
        c->lis->cluster = c;
        c->lis->ctx = sim->pki.ctx[PKI_GOOD];
        listener_open(c->lis);
        c->url = mem_printf("https://127.0.0.1:%d", c->lis->port);
}

static void cluster_authenticate(struct sim *sim, struct cluster *c)
{
        const char *kind = sim->options.auth;
        char how[16], token[] = TOKEN, user[] = USER, password[] = PASSWORD;
        struct str why = { 0 };

        snprintf(how, sizeof how, "%s", kind);
        if (strcmp(kind, "token") == 0)
                auth_command(c, (char *[]){ how, token }, 2, &why);
        else if (strcmp(kind, "basic") == 0)
                auth_command(c, (char *[]){ how, user, password }, 3, &why);
        str_done(&why);
}

static void set_fault(struct cluster *c, const char *name)
{
        _cleanup_(freep) char *arg = mem_strdup(name);
        struct str why = { 0 };

        fault_command(c, &arg, 1, &why);
        str_done(&why);
}

static void add_cluster(struct sim *sim, const char *name)
{
        struct cluster *c = cluster_new(sim, name);

        cluster_listen(sim, c);
        cluster_authenticate(sim, c);
        seed_cluster(sim->seeds, c);
        if (sim->options.backups_per_cluster)
                seed_backups(sim->seeds, c, "seed", sim->options.backups_per_cluster, true);
        c->kube = kube_new(c);
        c->velero = velero_new(c);
        if (sim->options.bare)
                set_fault(c, "no-velero");
        velero_recheck(c->velero);
}

static void set_away(struct sim *sim, const char *name)
{
        if (!sim_cluster(sim, name))
                add_cluster(sim, name);
        set_fault(sim_cluster(sim, name), "refuse");
}

void sim_start(struct sim *sim, const struct sim_options *options)
{
        char name[24];

        sim->options = *options;
        if (options->n_clusters + options->n_away > SIM_MAX_PORTS)
                sim->options.one_port = true;
        pki_init(&sim->pki, options->http1);
        sim->seeds = seeds_new();
        bucket_add(&sim->buckets, BUCKET_NAME);
        listener_open(&sim->store);
        if (sim->options.one_port) {
                sim->shared.ctx = sim->pki.ctx[PKI_GOOD];
                listener_open(&sim->shared);
        }
        router_init(sim);
        for (unsigned i = 0; i < options->n_clusters; i++) {
                default_name(i, name, sizeof name);
                add_cluster(sim, name);
        }
        for (size_t i = 0; i < options->n_away; i++)
                set_away(sim, options->away[i]);
}

void sim_stop(struct sim *sim)
{
        struct cluster *c, *tmp;

        listener_done(&sim->shared);
        listener_done(&sim->store);
        HASH_ITER (hh, sim->clusters, c, tmp) {
                HASH_DEL(sim->clusters, c);
                cluster_free(c);
        }
        seeds_free(sim->seeds);
        buckets_done(&sim->buckets);
        pki_done(&sim->pki);
        requests_log_done();
}
