/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/download.h"

#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/archive.h"
#include "tests/sim/sim.h"

/* How long a URL is good for. */
#define URL_SECONDS 600
#define SIGNING_KEY "fleetfs-sim"

/* Where each kind of file is stored, and how it is made. */
struct file_kind {
        const char *kind;
        bool restore;
        const char *name; /* %s: the backup's or restore's name */
        void (*backup)(struct str *out, const struct stored_backup *s);
        void (*of_restore)(struct str *out, const struct stored_restore *s);
};

static void gzip_json(struct str *out, const json_t *json)
{
        char *text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS);

        archive_gzip(out, text, strlen(text));
        free(text);
}

static void backup_log(struct str *out, const struct stored_backup *s)
{
        archive_log(out, "backup", s->name, s->results, s->items, archive_started(s));
}

static void backup_results(struct str *out, const struct stored_backup *s)
{
        if (s->results)
                gzip_json(out, s->results);
        else
                archive_gzip(out, "{\"errors\":{},\"warnings\":{}}", 27);
}

static void empty_list(struct str *out, const struct stored_backup *s)
{
        archive_gzip(out, "[]", 2);
}

static void restore_log(struct str *out, const struct stored_restore *s)
{
        archive_log(out, "restore", s->name, s->results, NULL, s->started);
}

static void restore_results(struct str *out, const struct stored_restore *s)
{
        gzip_json(out, s->results);
}

static void restore_resources(struct str *out, const struct stored_restore *s)
{
        gzip_json(out, s->resources);
}

static void restore_empty(struct str *out, const struct stored_restore *s)
{
        archive_gzip(out, "[]", 2);
}

/* Kinds without a maker are signed for and then not found, as of a backup that has no such file. */
static const struct file_kind kinds[] = {
        { "BackupContents", false, "%s.tar.gz", archive_contents, NULL },
        { "BackupLog", false, "%s-logs.gz", backup_log, NULL },
        { "BackupResults", false, "%s-results.gz", backup_results, NULL },
        { "BackupResourceList", false, "%s-resource-list.json.gz", archive_resource_list, NULL },
        { "BackupItemOperations", false, "%s-itemoperations.json.gz", empty_list, NULL },
        { "BackupVolumeInfos", false, "%s-volumeinfo.json.gz", empty_list, NULL },
        { "BackupVolumeSnapshots", false, "%s-volumesnapshots.json.gz", empty_list, NULL },
        { "CSIBackupVolumeSnapshots", false, "%s-csi-volumesnapshots.json.gz", NULL, NULL },
        { "CSIBackupVolumeSnapshotContents", false, "%s-csi-volumesnapshotcontents.json.gz", NULL,
                NULL },
        { "RestoreLog", true, "restore-%s-logs.gz", NULL, restore_log },
        { "RestoreResults", true, "restore-%s-results.gz", NULL, restore_results },
        { "RestoreResourceList", true, "restore-%s-resource-list.json.gz", NULL,
                restore_resources },
        { "RestoreItemOperations", true, "restore-%s-itemoperations.json.gz", NULL, restore_empty },
        { "RestoreVolumeInfo", true, "%s-volumeinfo.json.gz", NULL, restore_empty },
};

bool download_is_restore(const char *kind)
{
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
                if (strcmp(kinds[i].kind, kind) == 0)
                        return kinds[i].restore;
        return false;
}

/* kinds[i].name with the name in it; free it. */
static char *file_name(const struct file_kind *k, const char *name)
{
        const char *at = strstr(k->name, "%s");

        return mem_printf("%.*s%s%s", (int)(at - k->name), k->name, name, at + 2);
}

static void sign(const char *path, const char *date, char *hex)
{
        _cleanup_(freep) char *text = mem_printf("%s\n%s", path, date);
        unsigned char mac[EVP_MAX_MD_SIZE];
        unsigned n = 0;

        HMAC(EVP_sha256(), SIGNING_KEY, sizeof SIGNING_KEY - 1, (unsigned char *)text, strlen(text),
                mac, &n);
        for (unsigned i = 0; i < n; i++)
                snprintf(hex + 2 * i, 3, "%02x", mac[i]);
}

char *download_url(struct sim *sim, const struct prefix *p, const char *kind, const char *name,
        time_t now, const char *base)
{
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
                _cleanup_(freep) char *file = NULL, *path = NULL;
                char date[20], hex[2 * EVP_MAX_MD_SIZE + 1];
                char own[48];
                struct tm tm;

                if (strcmp(kinds[i].kind, kind) != 0)
                        continue;
                file = file_name(&kinds[i], name);
                path = mem_printf("/%s/%s%s%s/%s/%s", p->bucket, p->path, *p->path ? "/" : "",
                        kinds[i].restore ? "restores" : "backups", name, file);
                snprintf(own, sizeof own, "http://127.0.0.1:%d", sim->store.port);
                gmtime_r(&now, &tm);
                strftime(date, sizeof date, "%Y%m%dT%H%M%SZ", &tm);
                sign(path, date, hex);
                return mem_printf(
                        "%s%s?X-Amz-Algorithm=AWS4-HMAC-SHA256"
                        "&X-Amz-Credential=fleetfs%%2F%.8s%%2Fus-east-1%%2Fs3%%2F"
                        "aws4_request&X-Amz-Date=%s&X-Amz-Expires=%d&X-Amz-SignedHeaders=host"
                        "&x-id=GetObject&X-Amz-Signature=%s",
                        base ? base : own, path, date, date, URL_SECONDS, hex);
        }
        return NULL;
}

static void s3_error(struct exchange *x, int status, const char *code, const char *message)
{
        struct str out = { 0 };

        str_printf(&out,
                "<?xml version=\"1.0\" "
                "encoding=\"UTF-8\"?>\n<Error><Code>%s</Code><Message>%s</Message></Error>",
                code, message);
        exchange_reply(x, status, "application/xml", &out);
}

/* True where the URL was signed here. */
static bool url_genuine(const struct exchange *x)
{
        const char *date = exchange_param(x, "X-Amz-Date"),
                   *given = exchange_param(x, "X-Amz-Signature");
        char hex[2 * EVP_MAX_MD_SIZE + 1] = "";

        if (!date || !given)
                return false;
        sign(x->path, date, hex);
        return strcmp(hex, given) == 0;
}

/* True where the URL is still good at @now. */
static bool url_fresh(const struct exchange *x, time_t now)
{
        struct tm tm = { 0 };
        const char *date = exchange_param(x, "X-Amz-Date");

        return strptime(date, "%Y%m%dT%H%M%SZ", &tm) && timegm(&tm) + URL_SECONDS >= now;
}

/* Fills @out with the file at PREFIX/(backups|restores)/NAME/FILE; false where there is none. */
static bool make_file(const struct prefix *p, const char *rest, struct str *out)
{
        bool restore = strncmp(rest, "restores/", 9) == 0;
        const char *name = restore ? rest + 9 : strncmp(rest, "backups/", 8) == 0 ? rest + 8 : NULL;
        const char *slash = name ? strchr(name, '/') : NULL;
        _cleanup_(freep) char *object = slash ? mem_strndup(name, (size_t)(slash - name)) : NULL;

        for (size_t i = 0; object && i < ARRAY_SIZE(kinds); i++) {
                _cleanup_(freep) char *file = file_name(&kinds[i], object);
                struct stored_backup *b;
                struct stored_restore *r;

                if (kinds[i].restore != restore || strcmp(file, slash + 1) != 0)
                        continue;
                b = restore ? NULL : prefix_backup(p, object);
                r = restore ? prefix_restore(p, object) : NULL;
                if (b && kinds[i].backup)
                        kinds[i].backup(out, b);
                else if (r && kinds[i].of_restore)
                        kinds[i].of_restore(out, r);
                return out->len > 0;
        }
        return false;
}

void download_serve(struct sim *sim, struct exchange *x)
{
        struct str out = { 0 };

        if (!url_genuine(x)) {
                s3_error(x, 403, "SignatureDoesNotMatch",
                        "The request signature we calculated does not match the signature you "
                        "provided.");
                return;
        }
        if (!url_fresh(x, time(NULL))) {
                s3_error(x, 403, "AccessDenied", "Request has expired");
                return;
        }
        for (size_t i = 0; i < sim->buckets.n; i++) {
                const struct prefix *p = sim->buckets.v[i];
                _cleanup_(freep) char *root =
                        mem_printf("/%s/%s%s", p->bucket, p->path, *p->path ? "/" : "");

                if (strncmp(x->path, root, strlen(root)) == 0 &&
                        make_file(p, x->path + strlen(root), &out)) {
                        exchange_reply(x, 200, "binary/octet-stream", &out);
                        return;
                }
        }
        s3_error(x, 404, "NoSuchKey", "The specified key does not exist.");
}
