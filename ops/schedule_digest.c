/* SPDX-License-Identifier: Apache-2.0 */
/* What the spec of a Schedule means, also as one digest: Velero and its client write out what was left out, and durations
   anew. */
#include "ops/standing.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/duration.h"
#include "base/limits.h"
#include "base/record.h"
#include "ops/schedule_private.h"
#include "velero/names.h"

/* Velero's types write these out as 0s where they are unset. */
static bool is_zero_duration(const char *key, const json_t *value)
{
        static const char *const keys[] = { "ttl", "csiSnapshotTimeout", "itemOperationTimeout" };
        int64_t ns;

        for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
                if (strcmp(key, keys[i]) == 0)
                        return json_is_string(value) && duration_parse(json_string_value(value), &ns, NULL) == 0 &&
                               ns == 0;
        return false;
}

static bool is_duration(const char *key)
{
        static const char *const keys[] = { "ttl", "csiSnapshotTimeout", "itemOperationTimeout", "timeout" };

        for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
                if (strcmp(key, keys[i]) == 0)
                        return true;
        return false;
}

static bool is_void(const char *key, const json_t *value)
{
        return json_is_null(value) || (json_is_array(value) && json_array_size(value) == 0) ||
               (json_is_object(value) && json_object_size(value) == 0) || is_zero_duration(key, value);
}

static int digest_normalize(json_t *value)
{
        const char *key;
        json_t *item;
        void *next;
        size_t i;

        json_object_foreach_safe (value, next, key, item) {
                char text[DURATION_SIZE];
                int64_t ns;

                if (digest_normalize(item) < 0)
                        return -ENOMEM;
                if (is_void(key, item))
                        (void)json_object_del(value, key);
                else if (json_is_string(item) && is_duration(key) &&
                         duration_parse(json_string_value(item), &ns, NULL) == 0 &&
                         json_string_set(item, duration_format(text, ns)) < 0)
                        return -ENOMEM;
        }
        json_array_foreach (value, i, item)
                if (digest_normalize(item) < 0)
                        return -ENOMEM;
        return 0;
}

int schedule_normalize(json_t *spec)
{
        static const char *const switches[] = { "paused", "useOwnerReferencesInBackup" };

        (void)json_object_del(spec, "skipImmediately");
        for (size_t i = 0; i < ARRAY_SIZE(switches); i++)
                if (json_is_false(json_object_get(spec, switches[i])))
                        (void)json_object_del(spec, switches[i]);
        return spec != NULL ? digest_normalize(spec) : -ENOMEM;
}

/* Changes the spec, which may be NULL: no memory. */
static int digest_of_own(json_t *spec, char ret[VELERO_SHA256_HEX + 1])
{
        int r = schedule_normalize(spec);

        return r == 0 ? velero_spec_sha256(spec, ret) : r;
}

int schedule_digest(const json_t *spec, char ret[VELERO_SHA256_HEX + 1])
{
        json_t *copy = json_deep_copy(spec);
        int r = digest_of_own(copy, ret);

        json_decref(copy);
        return r;
}

/* Each event of a Schedule comes here, and most of its bytes are the policy and managed fields. */
struct schedule_spec {
        const char *spec; /* JSON */
};
static const struct record_field schedule_spec_fields[] = {
        FIELD_JSON(struct schedule_spec, spec, "spec", 0),
};
static struct record_type schedule_spec_type = RECORD_TYPE("Schedule", struct schedule_spec, schedule_spec_fields);

/* A new reference; NULL without memory or when it is none. */
static json_t *spec_of(const char *bytes, size_t len)
{
        _cleanup_(freep) void *record = NULL;
        struct err err = ERR_INIT;

        if (record_decode(&schedule_spec_type, bytes, len, &record, &err) < 0)
                return NULL;
        return json_loads(((const struct schedule_spec *)record)->spec, 0, NULL);
}

char *schedule_digest_of(const char *bytes, size_t len)
{
        _cleanup_(freep) char *ret = malloc(VELERO_SHA256_HEX + 1);
        json_t *spec;
        int r;

        if (ret == NULL)
                return NULL;
        spec = spec_of(bytes, len);
        r = digest_of_own(spec, ret);
        json_decref(spec);
        return r == 0 ? TAKE(ret) : NULL;
}

char *schedule_meaning_of(const char *bytes, size_t len)
{
        json_t *spec = spec_of(bytes, len);
        _cleanup_(freep) char *ret = schedule_normalize(spec) == 0 ? json_dumps(spec, JSON_COMPACT) : NULL;

        json_decref(spec);
        return ret != NULL && strlen(ret) <= LIMIT_DRIFT_BYTES ? TAKE(ret) : NULL;
}
