/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/cluster.h"

#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/kube.h"
#include "tests/sim/sim.h"
#include "tests/sim/storm.h"
#include "tests/sim/uninstall.h"
#include "tests/sim/velero.h"

struct cluster *cluster_new(struct sim *sim, const char *name)
{
        struct cluster *c = mem_zalloc(sizeof *c);

        c->sim = sim;
        c->name = mem_strdup(name);
        c->index = HASH_COUNT(sim->clusters);
        c->rv = 1;
        c->auth.cert = true;
        HASH_ADD_KEYPTR(hh, sim->clusters, c->name, strlen(c->name), c);
        return c;
}

void cluster_free(struct cluster *c)
{
        if (!c)
                return;
        if (c->lis) {
                listener_done(c->lis);
                free(c->lis);
        }
        storm_free(c);
        stash_free(c->stash);
        kube_free(c->kube);
        velero_free(c->velero);
        for (size_t i = 0; i < c->n_tables; i++)
                table_free(c->tables[i]);
        free(c->tables);
        free(c->established);
        faults_done(&c->faults);
        requests_done(&c->requests);
        free(c->auth.token);
        free(c->auth.basic);
        free(c->auth.as);
        free(c->name);
        free(c->url);
        free(c);
}

/* Types may have been added since the arrays were made. */
static void cluster_reserve(struct cluster *c, unsigned type)
{
        size_t n = restype_count(), more = n - c->n_tables;

        if (type < c->n_tables)
                return;
        c->tables = mem_realloc(c->tables, n * sizeof *c->tables);
        c->established = mem_realloc(c->established, n * sizeof *c->established);
        memset(c->tables + c->n_tables, 0, more * sizeof *c->tables);
        memset(c->established + c->n_tables, 0, more * sizeof *c->established);
        c->n_tables = n;
}

struct table *cluster_table(struct cluster *c, unsigned type)
{
        cluster_reserve(c, type);
        if (!c->tables[type])
                c->tables[type] = table_new(c, restype(type));
        return c->tables[type];
}

bool cluster_serves(struct cluster *c, const struct restype *type)
{
        if (type->builtin)
                return true;
        cluster_reserve(c, type->id);
        return c->established[type->id];
}

/* A definition came, was accepted or went: the types of that name are served, or no longer. */
static void cluster_established(struct cluster *c, const char *crd_name, bool yes)
{
        for (unsigned i = 0; i < restype_count(); i++) {
                if (restype(i)->builtin || strcmp(restype(i)->crd_name, crd_name) != 0)
                        continue;
                cluster_reserve(c, i);
                c->established[i] = yes;
        }
}

void cluster_changed(struct cluster *c, const struct restype *type, const struct doc *prev,
        const struct doc *next)
{
        if (type->id == RT_CRDS)
                cluster_established(c, doc_name(next ? next : prev),
                        next && jscan(doc_json(next), "status", "conditions", NULL).p);
        if (c->kube)
                kube_changed(c->kube, type, prev, next);
        if (c->velero)
                velero_changed(c->velero, type, prev, next);
}

time_t cluster_now(const struct cluster *c)
{
        return time(NULL) + c->skew_s;
}

char *rfc3339(time_t t, char *buf)
{
        struct tm tm;

        gmtime_r(&t, &tm);
        strftime(buf, RFC3339_LEN, "%Y-%m-%dT%H:%M:%SZ", &tm);
        return buf;
}

time_t rfc3339_parse(const char *s)
{
        struct tm tm = { 0 };

        if (!s || !strptime(s, "%Y-%m-%dT%H:%M:%SZ", &tm))
                return -1;
        return timegm(&tm);
}

static char *uid_format(const unsigned char *b, char *buf)
{
        snprintf(buf, UID_LEN,
                "%02x%02x%02x%02x-%02x%02x-4%x%02x-%x%x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
                b[2], b[3], b[4], b[5], b[6] & 15, b[7], 8 + (b[8] & 3), b[8] >> 4, b[9], b[10],
                b[11], b[12], b[13], b[14], b[15]);
        return buf;
}

char *uid_random(char *buf)
{
        unsigned char bytes[16];

        for (size_t i = 0; i < sizeof bytes; i++)
                bytes[i] = (unsigned char)(random() >> 8);
        return uid_format(bytes, buf);
}

char *uid_of(const char *seed, char *buf)
{
        unsigned char hash[SHA256_DIGEST_LENGTH];

        SHA256((const unsigned char *)seed, strlen(seed), hash);
        return uid_format(hash, buf);
}
