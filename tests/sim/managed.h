/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * metadata.managedFields: who set which field.
 *
 * A field set is a FieldsV1 tree, `{"f:spec":{"f:ttl":{}}}`; lists are single fields here, where
 * Kubernetes looks into those that have keys.
 */
#include <jansson.h>
#include <stdbool.h>

#include "tests/sim/mem.h"

/* All fields of an object but its identity. New reference. */
json_t *fieldset_of(const json_t *obj);
/* Removes from @set what is in @other. */
void fieldset_subtract(json_t *set, const json_t *other);

/*
 * Records that @manager changed @prev (NULL: nothing) into @obj: its entry gains what differs, the
 * others lose that, and nobody keeps a field that is gone. @prev's entries are the start, whatever
 * @obj brings along.
 */
void managed_update(json_t *obj, const json_t *prev, const char *manager, const char *api_version,
        const char *time, bool status_only);

/*
 * Server-side apply of @config by @manager. Returns the merged object (new reference) with its
 * entries, or NULL with a sentence about conflicts in @why and their fields in @causes (a JSON
 * array).
 * @live NULL: the object is created.
 */
json_t *managed_apply(const json_t *live, const json_t *config, const char *manager,
        const char *api_version, const char *time, bool force, struct str *why, json_t **causes);
