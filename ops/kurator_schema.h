/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/schema.h"

/*
 * Kurator's kinds (backup.kurator.dev/v1alpha1) as tables: the fields of both proposals and those
 * Kurator ships, and the documents a policy may be, Velero's among them. One row is one spelling of
 * apiVersion and kind. Constant; any thread.
 *
 * Beyond Kurator: clusterSelector.matchExpressions, the restore's allowPartiallyFailed, the
 * migration's copyCredentials, and spec.storage with `endpoint`, `prefix` and `secretName`.
 */

/* A kind of document, and the folder it belongs in. */
struct policy_document_type {
        const char *api_version;
        const char *kind;
        int folder;                    /* enum policy_kind */
        bool velero;                   /* sent as it stands */
        const struct schema *document; /* apiVersion, kind, metadata, spec, status */
        const struct schema *spec;     /* of the spec alone, for a bare one */
};

/* All of them; *n is their number. */
const struct policy_document_type *policy_document_types(size_t *n);

/* err.id of the rules; base/yaml.h and velero/spec.h have the others of FLT-02xx. */
#define ERR_ID_BAD_NAME        "FLT-0230"
#define ERR_ID_WRONG_FOLDER    "FLT-0231"
#define ERR_ID_UNKNOWN_KIND    "FLT-0232"
#define ERR_ID_WRONG_FLEET     "FLT-0233"
#define ERR_ID_UNKNOWN_CLUSTER "FLT-0234"
#define ERR_ID_CLUSTERS        "FLT-0235"
#define ERR_ID_BAD_EXTENSION   "FLT-0236"
#define ERR_ID_CREDENTIALS     "FLT-0237"
#define ERR_ID_DUPLICATE_NAME  "FLT-0238"
#define ERR_ID_CUT_OFF         "FLT-0240"
#define ERR_ID_NO_TRANSLATION  "FLT-0241"
#define ERR_ID_OBSERVED_SPEC   "FLT-0242"
#define ERR_ID_REFERENCE       "FLT-0243"
#define ERR_ID_SOURCE          "FLT-0244"
#define ERR_ID_SOURCE_TARGET   "FLT-0245"
#define ERR_ID_LINKS           "FLT-0246"
#define ERR_ID_POLICIES        "FLT-0247"
#define ERR_ID_BAD_SCHEDULE    "FLT-0248"
