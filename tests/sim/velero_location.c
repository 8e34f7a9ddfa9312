/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BackupStorageLocations: whether their store can be used, looked at when they are made, when
 * their spec changes and every validation period.
 */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/velero_impl.h"

#define PATIENCE_US 3000000ULL

static const char *string_of(const json_t *obj, const char *key)
{
        const char *s = json_string_value(json_object_get(obj, key));

        return s ? s : "";
}

/* The keys that the AWS plugin knows. */
static bool known_config(const char *key)
{
        static const char *const keys[] = {
                "region",
                "s3Url",
                "publicUrl",
                "kmsKeyId",
                "customerKeyEncryptionFile",
                "customerKeyEncryptionSecret",
                "s3ForcePathStyle",
                "signatureVersion",
                "credentialsFile",
                "profile",
                "serverSideEncryption",
                "insecureSkipTLSVerify",
                "enableSharedConfig",
                "tagging",
                "checksumAlgorithm",
        };

        for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
                if (strcmp(keys[i], key) == 0)
                        return true;
        return false;
}

static int check_provider(const json_t *spec, struct str *why)
{
        const char *provider = string_of(spec, "provider");
        const char *key;
        json_t *v;

        if (strcmp(provider, "aws") != 0 && strcmp(provider, "velero.io/aws") != 0) {
                str_printf(why, "unable to locate ObjectStore plugin named %s%s",
                        strchr(provider, '/') ? "" : "velero.io/", provider);
                return -1;
        }
        json_object_foreach (json_object_get(spec, "config"), key, v) {
                if (known_config(key))
                        continue;
                str_printf(why, "rpc error: code = Unknown desc = config has invalid key %s", key);
                return -1;
        }
        return 0;
}

/* True where the file has the keys that the object storage knows. */
static bool genuine_keys(struct jspan base64)
{
        _cleanup_(freep) char *file = mem_zalloc(base64.n + 4);

        if (EVP_DecodeBlock((unsigned char *)file, (const unsigned char *)base64.p, (int)base64.n) <
                0)
                return false;
        return strstr(file, BUCKET_ACCESS_KEY) && strstr(file, BUCKET_SECRET_KEY);
}

/* The Secret that the location names, or the one that the server was started with. */
static int check_credential(struct velero *v, const json_t *spec, struct str *why)
{
        json_t *credential = json_object_get(spec, "credential");
        const char *name = credential ? string_of(credential, "name") : "cloud-credentials";
        const char *key = credential ? string_of(credential, "key") : "cloud";
        struct doc *d = velero_find(v, RT_SECRETS, name);
        struct jspan data;

        if (!d) {
                str_printf(why,
                        "unable to get credentials: unable to get key for secret: Secret \"%s\" "
                        "not found",
                        name);
                return -1;
        }
        data = jscan_unquote(jscan_member(jscan(doc_json(d), "data", NULL), key));
        if (!data.p) {
                str_printf(why,
                        "unable to get credentials: unable to get key for secret: Key \"%s\" "
                        "not found in Secret \"%s\"",
                        key, name);
                return -1;
        }
        if (genuine_keys(data))
                return 0;
        str_puts(why, "rpc error: code = Unknown desc = operation error S3: ListObjectsV2, https "
                      "response error StatusCode: 403, RequestID: , "
                      "HostID: , api error InvalidAccessKeyId: The AWS Access Key Id you provided "
                      "does not exist in our records.");
        return -1;
}

/* Another address than the object storage's own: nobody answers there. */
static bool reachable(struct velero *v, const json_t *spec)
{
        const char *url = string_of(json_object_get(spec, "config"), "s3Url");
        char own[48];

        snprintf(own, sizeof own, "http://127.0.0.1:%d", v->c->sim->store.port);
        return !v->c->faults.location_unavailable &&
               (!*url || (strncmp(url, own, strlen(own)) == 0 &&
                                 strspn(url + strlen(own), "/") == strlen(url + strlen(own))));
}

struct prefix *velero_store(struct velero *v, const json_t *location, struct str *why)
{
        const json_t *spec = json_object_get(location, "spec");
        const json_t *storage = json_object_get(spec, "objectStorage");
        const char *bucket = string_of(storage, "bucket");
        struct buckets *all = &v->c->sim->buckets;
        struct str dirs = { 0 };
        struct prefix *p;

        if (json_object_get(storage, "caCert") && json_object_get(storage, "caCertRef")) {
                str_puts(why, "cannot specify both caCert and caCertRef in objectStorage");
                return NULL;
        }
        if (check_provider(spec, why) < 0 || check_credential(v, spec, why) < 0)
                return NULL;
        if (!reachable(v, spec)) {
                str_puts(why, "rpc error: code = Unknown desc = operation error S3: ListObjectsV2, "
                              "exceeded maximum number of attempts, 3, "
                              "https response error StatusCode: 0, RequestID: , HostID: , request "
                              "send failed: connection refused");
                return NULL;
        }
        if (!bucket_exists(all, bucket)) {
                str_printf(why,
                        "rpc error: code = Unknown desc = operation error S3: ListObjectsV2, "
                        "https response error StatusCode: 404, "
                        "RequestID: , HostID: , NoSuchBucket: The specified bucket does not exist");
                return NULL;
        }
        p = bucket_prefix(all, bucket, string_of(storage, "prefix"));
        if (bucket_invalid_dirs(all, p, &dirs)) {
                str_printf(why, "Backup store contains invalid top-level directories: %s", dirs.s);
                str_done(&dirs);
                return NULL;
        }
        return p;
}

struct prefix *velero_store_of(struct velero *v, const char *location_name)
{
        json_t *location = velero_edit(v, RT_LOCATIONS, location_name ? location_name : "");
        const json_t *storage = json_object_get(json_object_get(location, "spec"), "objectStorage");
        const char *bucket = string_of(storage, "bucket");
        struct prefix *p = NULL;

        if (location && bucket_exists(&v->c->sim->buckets, bucket))
                p = bucket_prefix(&v->c->sim->buckets, bucket, string_of(storage, "prefix"));
        json_decref(location);
        return p;
}

static void location_validate(struct velero *v, const char *name)
{
        json_t *location = velero_edit(v, RT_LOCATIONS, name);
        struct str why = { 0 };
        json_t *status;

        if (!location)
                return;
        status = object_status(location);
        if (velero_store(v, location, &why)) {
                velero_set_phase(location, "Available");
                json_object_del(status, "message");
        } else {
                _cleanup_(freep) char *message =
                        mem_printf("BackupStorageLocation \"%s\" is unavailable: %s", name, why.s);

                velero_set_phase(location, "Unavailable");
                json_object_set_new(status, "message", json_string(message));
        }
        json_object_set_new(status, "lastValidationTime", velero_now(v));
        velero_save(v, RT_LOCATIONS, name, location);
        str_done(&why);
}

/* Our own status writes are events too: only a spec that was not validated yet is looked at. */
static bool needs_validation(struct velero *v, const json_t *location)
{
        const char *phase = velero_phase(location);
        struct str why = { 0 };
        bool usable = velero_store(v, location, &why) != NULL;

        str_done(&why);
        return !*phase || usable != (strcmp(phase, "Available") == 0);
}

/* The client of an unreachable storage tries again for a while before it gives up. */
static void patience_ends(struct timer *t)
{
        struct velero *v = container_of(t, struct velero, patience);

        for (char *name; (name = names_shift(&v->unreachable)); free(name))
                location_validate(v, name);
}

static bool fresh_and_unreachable(struct velero *v, const json_t *location)
{
        return !*velero_phase(location) && !reachable(v, json_object_get(location, "spec"));
}

void velero_locations_work(struct velero *v)
{
        v->patience.fire = patience_ends;
        for (char *name; (name = names_shift(&v->fresh_locations)); free(name)) {
                json_t *location = velero_edit(v, RT_LOCATIONS, name);

                if (location && fresh_and_unreachable(v, location)) {
                        names_add(&v->unreachable, name);
                        if (!timer_armed(&v->patience))
                                velero_after(v, &v->patience, PATIENCE_US);
                } else if (location && needs_validation(v, location)) {
                        location_validate(v, name);
                }
                json_decref(location);
        }
}

void velero_locations_minute(struct velero *v)
{
        struct table *t = cluster_table(v->c, RT_LOCATIONS);
        struct names due = { 0 };

        for (size_t i = 0; i < t->n; i++) {
                struct jspan period = jscan_unquote(
                        jscan(doc_json(t->v[i]), "spec", "validationFrequency", NULL));
                _cleanup_(freep) char *text = period.p ? mem_strndup(period.p, period.n) : NULL;
                double seconds = text ? velero_duration(text) : 60;

                if (seconds > 0 && v->minutes % (unsigned)(seconds < 60 ? 1 : seconds / 60) == 0)
                        names_add(&due, doc_name(t->v[i]));
        }
        for (char *name; (name = names_shift(&due)); free(name))
                location_validate(v, name);
        names_done(&due);
}
