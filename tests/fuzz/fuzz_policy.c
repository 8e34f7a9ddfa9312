/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes in any folder: a policy or an error with id and remedy. A policy makes its specs, those
 * pass the rules users are held to, it means the same as itself, and its Kurator document is again a
 * policy of the same meaning.
 */
#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/limits.h"
#include "base/schema.h"
#include "ops/policy.h"
#include "velero/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static const char *const clusters[] = { "eu-1", "eu-2", "us-1" };

static const char *label(void *userdata, const char *cluster, const char *key)
{
        (void)userdata;
        return strcmp(key, "zone") == 0 ? (cluster[0] == 'e' ? "eu" : "us") : NULL;
}

static const struct policy_env fleet = {
        .fleet = "prod",
        .clusters = clusters,
        .n_clusters = ARRAY_SIZE(clusters),
        .label = label,
};

static void assert_spec(const struct schema *schema, const json_t *spec)
{
        /* Durations and filters that a user wrote were checked; a restore may lack its source here. */
        const struct yaml_options options = { .max_bytes = LIMIT_CONFIG_BYTES };
        _cleanup_(yaml_docs_freep) struct yaml_docs *docs = NULL;
        _cleanup_(freep) char *text = json_dumps(spec, JSON_COMPACT);
        struct err err = ERR_INIT;

        assert(text && yaml_parse(text, strlen(text), &options, &docs, &err) == 0);
        assert(schema_check(schema, docs->roots[0], "spec", &err) == 0);
}

static void assert_specs(const struct policy *p, size_t sub)
{
        const struct policy_cluster cluster = { .velero_namespace = "velero", .has_node_agent = true };
        json_t *spec = NULL;
        struct err err = ERR_INIT;

        if (p->kind != POLICY_RESTORE) {
                assert(policy_backup_spec(p, sub, &cluster, &spec, &err) == 0);
                assert_spec(&velero_backup_spec_schema, spec);
                json_decref(spec);
        }
        if (p->kind == POLICY_BACKUP && *p->schedule) {
                assert(policy_schedule_spec(p, sub, &cluster, NULL, &spec, &err) == 0);
                assert_spec(&velero_schedule_spec_schema, spec);
                json_decref(spec);
        }
        if (p->kind != POLICY_BACKUP) {
                int r = policy_restore_spec(p, sub, "b", &cluster, &spec, &err);

                assert(r == 0 || (r == -EINVAL && strcmp(err.id, "FLT-0225") == 0));
                if (r == 0) {
                        assert_spec(&velero_restore_spec_schema, spec);
                        json_decref(spec);
                }
        }
}

/* Kurator's document says all of a Kurator-style policy. */
static void assert_document(const struct policy *p)
{
        struct policy *again = NULL;
        struct err err = ERR_INIT;
        json_t *document = NULL;
        _cleanup_(freep) char *text = NULL;
        int r;

        assert(policy_kurator_json(p, &document) == 0);
        text = json_dumps(document, JSON_COMPACT);
        json_decref(document);
        if (p->style == POLICY_VELERO || strlen(text) > LIMIT_POLICY_BYTES)
                return;
        r = policy_parse(p->kind, p->name, text, strlen(text), &fleet, &again, &err);
        assert(r == 0);
        assert(policy_same_meaning(p, again));
        policy_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
        struct err err = ERR_INIT;
        struct policy *p = NULL;
        enum policy_kind kind;
        int r;

        if (n == 0)
                return 0;
        kind = (enum policy_kind)(bytes[0] % 3);
        r = policy_parse(kind, "p", (const char *)bytes + 1, n - 1, &fleet, &p, &err);
        if (r < 0) {
                assert(r == -EINVAL || r == -EFBIG);
                assert(err.code == r && !p && err.msg[0] && err.remedy[0]);
                assert(strncmp(err.id, "FLT-02", 6) == 0);
                return 0;
        }
        assert(err.code == 0 && p->n_subs > 0);
        for (size_t i = 0; i < p->n_subs; i++) {
                assert(policy_find_sub(p, p->subs[i].id) == (int)i);
                assert_specs(p, i);
        }
        assert(policy_same_meaning(p, p));
        assert_document(p);
        policy_free(p);
        return 0;
}
