/* SPDX-License-Identifier: Apache-2.0 */
#include "velero/names.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/sha.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/timefmt.h"

#define HASH_HEX   6  /* hex digits that tell names apart */
#define LABEL_KEEP 57 /* of a name that is too long for a label: 57 + 6 = 63 */
_Static_assert(LABEL_KEEP + HASH_HEX == LIMIT_LABEL_VALUE, "Velero's label.GetValidName");

static void sha256_hex(const void *bytes, size_t len, size_t digits, char *ret)
{
        static const char alphabet[] = "0123456789abcdef";
        unsigned char digest[SHA256_DIGEST_LENGTH];

        (void)SHA256(bytes, len, digest);
        for (size_t i = 0; i < digits; i++)
                ret[i] = alphabet[i % 2 ? digest[i / 2] & 15 : digest[i / 2] >> 4];
        ret[digits] = '\0';
}

static bool is_alnum(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Each part ends in a NUL, so that no two identities run together. */
static void identity_hash(const struct velero_identity *id, char ret[HASH_HEX + 1])
{
        const char *parts[] = { id->store, id->kind, id->policy, id->sub ? id->sub : "",
                id->cluster_uid };
        char bytes[ARRAY_SIZE(parts) * (LIMIT_NAME_DNS1123_SUBDOMAIN + 1)];
        size_t len = 0;

        for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
                size_t n = strlen(parts[i]);

                assert(n <= LIMIT_NAME_DNS1123_SUBDOMAIN);
                memcpy(bytes + len, parts[i], n + 1);
                len += n + 1;
        }
        sha256_hex(bytes, len, HASH_HEX, ret);
}

/* Appends text to a name of at most LIMIT_VELERO_NAME_BASE, as far as it fits, in a name's letters.
 */
static void name_append(char *name, size_t *len, const char *text)
{
        for (; *text && *len < LIMIT_VELERO_NAME_BASE; text++) {
                char c = *text;

                if (c >= 'A' && c <= 'Z')
                        c = (char)(c - 'A' + 'a');
                else if (!is_alnum(c) && c != '.')
                        c = '-';
                name[(*len)++] = c;
        }
}

void velero_name_base(const struct velero_identity *id, char ret[VELERO_NAME_BASE_MAX + 1])
{
        size_t len = 0;

        name_append(ret, &len, id->policy);
        if (id->sub && *id->sub) {
                name_append(ret, &len, "-");
                name_append(ret, &len, id->sub);
        }
        name_append(ret, &len, "-");
        name_append(ret, &len, id->cluster);
        while (len > 0 && !is_alnum(ret[len - 1]))
                len--;
        /* In a subdomain a dot stands between letters or digits, and none of those comes first. */
        for (size_t i = 0; i < len; i++)
                if (ret[i] == '.' && (i == 0 || !is_alnum(ret[i - 1]) || !is_alnum(ret[i + 1])))
                        ret[i] = '-';
        if (len == 0 || !is_alnum(ret[0])) {
                ret[0] = 'x';
                len = len ? len : 1;
        }
        ret[len++] = '-';
        identity_hash(id, ret + len);
}

void velero_name_run(
        const struct velero_identity *id, int64_t run, char ret[VELERO_NAME_RUN_MAX + 1])
{
        char base[VELERO_NAME_BASE_MAX + 1];
        char stamp[STAMP_SIZE];

        velero_name_base(id, base);
        (void)snprintf(ret, VELERO_NAME_RUN_MAX + 1, "%s-%s", base, stamp_format_name(stamp, run));
}

void velero_label_value(const char *name, char ret[LIMIT_LABEL_VALUE + 1])
{
        size_t len = strlen(name);

        if (len <= LIMIT_LABEL_VALUE) {
                memcpy(ret, name, len + 1);
                return;
        }
        memcpy(ret, name, LABEL_KEEP);
        sha256_hex(name, len, HASH_HEX, ret + LABEL_KEEP);
}

void velero_label_safe(const char *text, char ret[LIMIT_LABEL_VALUE + 1])
{
        size_t len;

        while (*text && !is_alnum(*text))
                text++;
        velero_label_value(text, ret);
        len = strlen(ret);
        for (size_t i = 0; i < len; i++)
                if (!is_alnum(ret[i]) && ret[i] != '-' && ret[i] != '_' && ret[i] != '.')
                        ret[i] = '-';
        while (len > 0 && !is_alnum(ret[len - 1]))
                ret[--len] = '\0';
}

/* Whether a key's prefix is this domain or below it. */
static bool key_in_domain(const char *key, const char *domain)
{
        const char *slash = strchr(key, '/');
        size_t n = strlen(domain), prefix = slash ? (size_t)(slash - key) : 0;

        if (prefix < n || strncmp(key + prefix - n, domain, n) != 0)
                return false;
        return prefix == n || key[prefix - n - 1] == '.';
}

/* Kurator deletes by its labels, Velero reads its own, and ours are not the user's to set. */
static bool label_reserved(const char *key)
{
        return key_in_domain(key, "fleetfs.dev") || key_in_domain(key, "velero.io") ||
               key_in_domain(key, "kurator.dev");
}

/* Velero's annotations on a Backup are settings (velero.io/resource-timeout); kubectl's is ballast.
 */
static bool annotation_reserved(const char *key)
{
        return key_in_domain(key, "fleetfs.dev") || key_in_domain(key, "kurator.dev") ||
               key_in_domain(key, "kubectl.kubernetes.io");
}

/* Copies the user's own, as far as they are strings and theirs to set. */
static int merge_extra(json_t *to, const json_t *extra, bool (*reserved)(const char *key))
{
        const char *key;
        json_t *value;

        json_object_foreach ((json_t *)(uintptr_t)extra, key, value)
                if (json_is_string(value) && !reserved(key) && json_object_set(to, key, value) < 0)
                        return -ENOMEM;
        return 0;
}

static int set_text(json_t *to, const char *key, const char *value)
{
        return json_object_set_new(to, key, json_string(value)) < 0 ? -ENOMEM : 0;
}

static int set_label(json_t *to, const char *key, const char *value)
{
        char safe[LIMIT_LABEL_VALUE + 1];

        velero_label_safe(value, safe);
        return set_text(to, key, safe);
}

static int meta_labels(const struct velero_meta *meta, json_t *labels)
{
        const struct velero_identity *id = meta->id;
        const char *rows[][2] = {
                { VELERO_LABEL_OWNER, id->store },
                { VELERO_LABEL_FLEET, id->fleet },
                { VELERO_LABEL_KIND, id->kind },
                { VELERO_LABEL_NAME, id->policy },
                { VELERO_LABEL_CLUSTER_UID, id->cluster_uid },
        };
        char run[STAMP_SIZE];
        int r = merge_extra(labels, json_object_get(meta->extra, "labels"), label_reserved);

        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(rows); i++)
                r = set_label(labels, rows[i][0], rows[i][1]);
        if (r == 0 && meta->run)
                r = set_text(labels, VELERO_LABEL_RUN, stamp_format_run(run, meta->run));
        return r;
}

static int meta_annotations(const struct velero_meta *meta, json_t *annotations, struct err *err)
{
        const char *rows[][2] = {
                { VELERO_ANNOTATION_SPEC, meta->spec_sha256 },
                { VELERO_ANNOTATION_CRON, meta->cron },
                { VELERO_ANNOTATION_SUB, meta->id->sub && *meta->id->sub ? meta->id->sub : NULL },
        };
        json_t *policy;
        int r = merge_extra(
                annotations, json_object_get(meta->extra, "annotations"), annotation_reserved);

        for (size_t i = 0; r == 0 && i < ARRAY_SIZE(rows); i++)
                if (rows[i][1])
                        r = set_text(annotations, rows[i][0], rows[i][1]);
        if (r < 0 || !meta->policy)
                return r;
        policy = json_stringn(meta->policy, meta->policy_len);
        if (!policy)
                return err_set(err, -EINVAL, "the policy of %s is not UTF-8", meta->name);
        return json_object_set_new(annotations, VELERO_ANNOTATION_POLICY, policy) < 0 ? -ENOMEM : 0;
}

int velero_meta_json(const struct velero_meta *meta, json_t **ret, struct err *err)
{
        json_t *labels = json_object(), *annotations = json_object();
        json_t *m = json_pack("{s:s, s:o*, s:o*}", "name", meta->name, "labels", labels,
                "annotations", annotations);
        int r = m && labels && annotations ? 0 : -ENOMEM;

        if (r == 0)
                r = meta_labels(meta, labels);
        if (r == 0)
                r = meta_annotations(meta, annotations, err);
        if (r < 0) {
                json_decref(m);
                return r == -ENOMEM ? err_set(err, r, "out of memory") : r;
        }
        *ret = m;
        return 0;
}

int velero_spec_sha256(const json_t *spec, char ret[VELERO_SHA256_HEX + 1])
{
        _cleanup_(freep) char *text = json_dumps(spec, JSON_COMPACT | JSON_SORT_KEYS);

        if (!text)
                return -ENOMEM;
        sha256_hex(text, strlen(text), VELERO_SHA256_HEX, ret);
        return 0;
}
