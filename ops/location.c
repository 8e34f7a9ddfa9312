/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/location.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/limits.h"
#include "ops/engine_private.h"
#include "ops/fleetconf.h"
#include "ops/location_private.h"
#include "ops/op_tasks.h"
#include "ops/policy.h"

/* ---------------------------------------------------------------- places */

/* "aws" is "velero.io/aws". */
static const char *provider_name(const char *provider)
{
        static const char domain[] = "velero.io/";

        return strncmp(provider, domain, strlen(domain)) == 0 ? provider + strlen(domain) : provider;
}

bool location_same_bucket(const struct velero_bsl *a, const struct velero_bsl *b)
{
        return strcmp(provider_name(a->provider), provider_name(b->provider)) == 0 && strcmp(a->bucket, b->bucket) == 0 &&
               strcmp(a->s3_url, b->s3_url) == 0;
}

bool location_is_temporary(const struct velero_bsl *b)
{
        return b->owner[0] != '\0' && strcmp(b->access_mode, "ReadOnly") == 0 && strncmp(b->backup_sync_period, "0", 1) == 0;
}

/* Velero trims the slashes at both ends. */
static const char *trimmed(const char *prefix, size_t *len)
{
        while (*prefix == '/')
                prefix++;
        *len = strlen(prefix);
        while (*len > 0 && prefix[*len - 1] == '/')
                (*len)--;
        return prefix;
}

enum location_overlap location_overlap_of(const char *a, const char *b)
{
        size_t n, m;

        a = trimmed(a, &n);
        b = trimmed(b, &m);
        if (memcmp(a, b, n < m ? n : m) != 0)
                return LOCATION_APART;
        if (n == m)
                return LOCATION_SAME;
        if (n > m)
                return m == 0 || a[m] == '/' ? LOCATION_INSIDE : LOCATION_APART;
        return n == 0 || b[n] == '/' ? LOCATION_AROUND : LOCATION_APART;
}

bool location_want(const struct policy *p, const struct member *c, struct location_want *ret)
{
        const struct policy_storage *s = p != NULL ? p->storage : NULL;
        const char *prefix;
        size_t len;

        if (s == NULL)
                return false;
        prefix = trimmed(s->prefix, &len);
        snprintf(ret->prefix, sizeof(ret->prefix), "%.*s%s%s", (int)len, prefix, len > 0 ? "/" : "", c->name);
        ret->bsl = (struct velero_bsl){
                .name = "", .uid = "", .owner = "", .provider = s->provider, .bucket = s->bucket, .prefix = ret->prefix,
                .s3_url = s->s3_url, .public_url = "", .region = s->region, .config = s->config,
                .config_set = "", .credential_name = s->secret, .credential_key = "cloud", .access_mode = "", .backup_sync_period = "", .validation_frequency = "",
                .phase_text = "", .message = "",
        };
        return true;
}

const struct velero_object *location_at(const struct member *c, const struct velero_bsl *home)
{
        const struct velero_object *found = NULL;
        struct velero_object *v;

        /* Of several the oldest, so that the choice lasts. */
        VELERO_EACH (v, &c->velero[VELERO_LOCATION])
                if (location_same_bucket(v->bsl, home) && location_overlap_of(v->bsl->prefix, home->prefix) == LOCATION_SAME &&
                        !location_is_temporary(v->bsl) && v->bsl->deletion == 0 &&
                        (found == NULL || v->bsl->created < found->bsl->created))
                        found = v;
        return found;
}

/* The identity that tells places apart is the hash in the name; bucket and cluster are what people read. */
void location_own_name(const struct object *o, const struct member *c, const struct velero_bsl *want,
        char ret[VELERO_NAME_BASE_MAX + 1])
{
        json_t *place = json_pack("[s, s, s, s]", provider_name(want->provider), want->s3_url, want->bucket, want->prefix);
        char sha[VELERO_SHA256_HEX + 1] = "";
        const struct velero_identity id = {
                .store = o->owner,
                .fleet = o->fleet->name,
                .kind = LOCATION_KIND,
                .policy = want->bucket,
                .cluster = c->name,
                .cluster_uid = sha,
        };

        (void)velero_spec_sha256(place, sha);
        json_decref(place);
        velero_name_base(&id, ret);
}

const char *location_name(const struct object *o, const struct policy *p, const struct member *c,
        char own[VELERO_NAME_BASE_MAX + 1])
{
        struct location_want want;
        const struct velero_object *v;

        if (!location_want(p, c, &want))
                return NULL;
        v = location_at(c, &want.bsl);
        if (v != NULL)
                return v->name;
        location_own_name(o, c, &want.bsl, own);
        return own;
}

bool location_is_ours(const struct velero_bsl *b, const char *store)
{
        return strcmp(b->owner, store) == 0 && strcmp(b->kind, LOCATION_KIND) == 0;
}

/* ---------------------------------------------------------------- what speaks against it */

static int refuse_prefix(const struct velero_object *v, const struct velero_bsl *want, enum location_overlap how, struct err *err)
{
        static const char *const words[] = { [LOCATION_SAME] = "is written by", [LOCATION_INSIDE] = "is inside that of",
                [LOCATION_AROUND] = "contains that of" };

        err_set(err, -EINVAL, "prefix \"%s\" of bucket %s %s location %s of cluster %s", want->prefix, want->bucket,
                words[how], v->name, v->member->name);
        err_id(err, "FLT-0114");
        return err_remedy(err, "choose another prefix: one writer for each");
}

/* On which clusters it is does not matter: Velero sees it in the bucket. */
int location_check_prefix(const struct member *c, const struct velero_bsl *want, struct err *err)
{
        struct fleet *f, *ftmp;
        struct member *m, *mtmp;
        struct velero_object *v;

        HASH_ITER (hh, c->fleet->model->fleets, f, ftmp)
                HASH_ITER (hh, f->members, m, mtmp)
                        VELERO_EACH (v, &m->velero[VELERO_LOCATION]) {
                                enum location_overlap how = location_overlap_of(want->prefix, v->bsl->prefix);

                                if (how == LOCATION_APART || !location_same_bucket(v->bsl, want) ||
                                        location_is_temporary(v->bsl) || v->bsl->deletion != 0)
                                        continue;
                                /* A reader of the same prefix is no harm, and the cluster itself is what is wanted. */
                                if (how == LOCATION_SAME && (strcmp(v->bsl->access_mode, "ReadOnly") == 0 || m == c ||
                                                           (c->uid[0] != '\0' && strcmp(m->uid, c->uid) == 0)))
                                        continue;
                                return refuse_prefix(v, want, how, err);
                        }
        return 0;
}

bool location_selected(const struct fleet *f, const struct policy *p, const struct member *c)
{
        if (p->kind == POLICY_MIGRATION)
                return strcmp(p->source, c->name) == 0;
        for (size_t i = 0; i < p->n_subs; i++) {
                _cleanup_(freep) struct member **members = NULL;
                size_t n = 0;

                if (op_select(f, p, i, &members, &n) < 0)
                        return true;
                for (size_t k = 0; k < n; k++)
                        if (members[k] == c)
                                return true;
        }
        return false;
}

/* The fleet's own storage, which need not be on any cluster yet: each has its prefix there. */
static int check_fleet_prefix(struct engine *e, const struct member *c, const struct velero_bsl *want, struct err *err)
{
        const struct fleetconf_fleet *conf = engine_fleetconf(e, c->fleet->name);
        const struct fleetconf_storage *s = conf != NULL && conf->backup.present ? &conf->backup.storage : NULL;
        const struct velero_bsl home = {
                .provider = s != NULL && s->provider != NULL ? s->provider : "",
                .bucket = s != NULL && s->bucket != NULL ? s->bucket : "",
                .s3_url = s != NULL && s->endpoint != NULL ? s->endpoint : "",
        };
        struct member *m, *tmp;

        if (s == NULL || !location_same_bucket(&home, want))
                return 0;
        HASH_ITER (hh, c->fleet->members, m, tmp) {
                _cleanup_(buf_done) struct buf theirs = BUF_INIT(LIMIT_TEXT_BYTES);
                enum location_overlap how;

                if (m->alias_of[0] != '\0')
                        continue;
                buf_printf(&theirs, "%s/%s", s->prefix != NULL ? s->prefix : "", m->name);
                if (theirs.error < 0)
                        return err_set(err, theirs.error, "out of memory");
                how = location_overlap_of(want->prefix, theirs.data);
                if (how == LOCATION_APART || (how == LOCATION_SAME && m == c))
                        continue;
                err_set(err, -EINVAL, "prefix \"%s\" of bucket %s %s the fleet's storage on cluster %s", want->prefix,
                        want->bucket, how == LOCATION_SAME ? "is that of" : how == LOCATION_INSIDE ? "is inside that of" : "contains that of",
                        m->name);
                err_id(err, "FLT-0114");
                return err_remedy(err, "choose another prefix: one writer for each");
        }
        return 0;
}

int location_admit(struct engine *e, const struct fleet *f, const struct policy *p, struct err *err)
{
        struct location_want want;
        struct member *c, *tmp;
        int r;

        HASH_ITER (hh, f->members, c, tmp) {
                if (!location_want(p, c, &want) || !location_selected(f, p, c) || location_at(c, &want.bsl) != NULL)
                        continue;
                r = location_check_prefix(c, &want.bsl, err);
                if (r == 0)
                        r = check_fleet_prefix(e, c, &want.bsl, err);
                if (r < 0) {
                        (void)err_place(err, p->storage->line, p->storage->column);
                        return r;
                }
        }
        return 0;
}

const struct object *location_rival(const struct object *o, const struct policy_storage *mine)
{
        static const enum object_kind kinds[] = { OBJECT_BACKUP, OBJECT_MIGRATION };
        struct object *other, *tmp;

        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
                HASH_ITER (hh, o->fleet->objects[kinds[i]], other, tmp) {
                        const struct policy_storage *s = other->policy != NULL ? other->policy->storage : NULL;

                        if (other == o || !other->own || other->removed || s == NULL)
                                continue;
                        if (strcmp(s->provider, mine->provider) == 0 && strcmp(s->bucket, mine->bucket) == 0 &&
                                strcmp(s->s3_url, mine->s3_url) == 0 && location_overlap_of(s->prefix, mine->prefix) == LOCATION_SAME &&
                                (strcmp(s->secret, mine->secret) != 0 || strcmp(s->region, mine->region) != 0 ||
                                        strcmp(s->config, mine->config) != 0))
                                return other;
                }
        return NULL;
}
