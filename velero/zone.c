/* SPDX-License-Identifier: Apache-2.0 */
#include "velero/zone.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <uthash.h>

#include "base/err.h"
#include "base/limits.h"
#include "base/timefmt.h"
#include "velero/zone_rule.h"

#define ZONE_NAME_MAX   64
#define ZONE_OFFSET_MAX (26 * 3600)
#define TZIF_HEADER     44

struct zone_type {
        int32_t offset;
        bool dst;
};

struct zone_change {
        int64_t when;
        uint8_t type;
};

struct zone {
        struct zone_type types[256];
        size_t n_types;
        size_t first;          /* type before the first change */
        struct zone_rule rule; /* after the last change */
        bool has_rule;
        size_t n_changes;
        struct zone_change changes[]; /* at least one, ascending */
};

/* --- bytes --- */

/* What is left of a file; an attempt to take more leaves `bad` and gives zeroes. */
struct tzif {
        const uint8_t *p;
        size_t n;
        bool bad;
};

static const uint8_t *tzif_take(struct tzif *f, uint64_t n)
{
        const uint8_t *p = f->p;

        if (f->bad || n > f->n) {
                f->bad = true;
                return NULL;
        }
        f->p += n;
        f->n -= (size_t)n;
        return p;
}

/* A big-endian number of 4 or 8 bytes. */
static int64_t tzif_number(const uint8_t *p, size_t size)
{
        uint64_t v = 0;

        for (size_t i = 0; i < size; i++)
                v = v << 8 | p[i];
        return size == 4 ? (int32_t)(uint32_t)v : (int64_t)v;
}

/* The six counts of a header, in the file's order. */
struct tzif_counts {
        uint64_t utc, wall, leaps, changes, types, chars;
        int version;
};

static bool tzif_header(struct tzif *f, struct tzif_counts *ret)
{
        const uint8_t *p = tzif_take(f, TZIF_HEADER);
        uint64_t *const counts[] = { &ret->utc, &ret->wall, &ret->leaps, &ret->changes, &ret->types,
                &ret->chars };

        if (!p || memcmp(p, "TZif", 4) != 0 || (p[4] != 0 && (p[4] < '2' || p[4] > '4')))
                return false;
        ret->version = p[4] == 0 ? 1 : p[4] - '0';
        for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
                *counts[i] = (uint32_t)tzif_number(p + 20 + 4 * i, 4);
        return true;
}

/* All behind the header, but for what follows the last block. */
static uint64_t tzif_block_size(const struct tzif_counts *c, size_t time_size)
{
        return c->changes * (time_size + 1) + c->types * 6 + c->chars + c->leaps * (time_size + 4) +
               c->wall + c->utc;
}

/* The type that Go takes before the first change; RFC 9636 says type 0, older files need more. */
static size_t zone_first_type(const struct zone *z)
{
        bool used = false;

        for (size_t i = 0; i < z->n_changes; i++)
                used = used || z->changes[i].type == 0;
        if (!used)
                return 0;
        if (z->types[z->changes[0].type].dst)
                for (size_t i = z->changes[0].type; i-- > 0;)
                        if (!z->types[i].dst)
                                return i;
        for (size_t i = 0; i < z->n_types; i++)
                if (!z->types[i].dst)
                        return i;
        return 0;
}

/* One block of data into a zone that has room for its changes. */
static bool zone_fill(struct zone *z, struct tzif *f, const struct tzif_counts *c, size_t size)
{
        const uint8_t *times = tzif_take(f, c->changes * size);
        const uint8_t *indices = tzif_take(f, c->changes);
        const uint8_t *types = tzif_take(f, c->types * 6);

        (void)tzif_take(f, c->chars + c->leaps * (size + 4) + c->wall + c->utc);
        if (f->bad)
                return false;
        z->n_types = (size_t)c->types;
        for (size_t i = 0; i < z->n_types; i++) {
                z->types[i].offset = (int32_t)tzif_number(types + 6 * i, 4);
                z->types[i].dst = types[6 * i + 4] != 0;
                if (z->types[i].offset < -ZONE_OFFSET_MAX || z->types[i].offset > ZONE_OFFSET_MAX)
                        return false;
        }
        z->n_changes = (size_t)c->changes;
        for (size_t i = 0; i < z->n_changes; i++) {
                struct zone_change *change = &z->changes[i];

                change->when = tzif_number(times + size * i, size);
                change->type = indices[i];
                if (change->type >= z->n_types || (i > 0 && change->when <= change[-1].when))
                        return false;
        }
        if (z->n_changes == 0)
                z->changes[z->n_changes++] = (struct zone_change){ .when = INT64_MIN, .type = 0 };
        z->first = zone_first_type(z);
        return true;
}

/* The rule stands between two newlines at the end; one that nobody understands is none. */
static void zone_read_footer(struct zone *z, const struct tzif *f)
{
        char text[ZONE_RULE_MAX];

        if (f->n <= 2 || f->n - 2 >= sizeof(text) || f->p[0] != '\n' || f->p[f->n - 1] != '\n')
                return;
        memcpy(text, f->p + 1, f->n - 2);
        text[f->n - 2] = '\0';
        z->has_rule = zone_rule_parse(text, &z->rule);
}

static int zone_refuse_bytes(struct err *err)
{
        (void)err_set(err, -EBADMSG, "the time zone's data is damaged");
        (void)err_remedy(err, "install Debian's package tzdata again");
        return -EBADMSG;
}

int zone_decode(const void *bytes, size_t n, struct zone **ret, struct err *err)
{
        _cleanup_(zone_freep) struct zone *z = NULL;
        struct tzif f = { .p = bytes, .n = n };
        struct tzif_counts c = { 0 };
        size_t size = 4;

        if (!tzif_header(&f, &c))
                return zone_refuse_bytes(err);
        if (c.version > 1) {
                /* The same again in 64 bits, behind the block for old readers. */
                size = 8;
                (void)tzif_take(&f, tzif_block_size(&c, 4));
                if (!tzif_header(&f, &c))
                        return zone_refuse_bytes(err);
        }
        if (tzif_block_size(&c, size) > f.n || c.types == 0 || c.types > ARRAY_SIZE(z->types))
                return zone_refuse_bytes(err);
        z = calloc(1, sizeof(*z) + (size_t)(c.changes + 1) * sizeof(z->changes[0]));
        if (!z)
                return err_set(err, -ENOMEM, "no memory for a time zone");
        if (!zone_fill(z, &f, &c, size))
                return zone_refuse_bytes(err);
        if (c.version > 1)
                zone_read_footer(z, &f);
        *ret = TAKE(z);
        return 0;
}

void zone_free(struct zone *zone)
{
        free(zone);
}

/* --- time --- */

static void zone_span_set(struct zone_span *span, int64_t start, int64_t end, int32_t offset)
{
        *span = (struct zone_span){ .start = start, .end = end, .offset = offset };
}

void zone_at(const struct zone *zone, int64_t t, struct zone_span *ret)
{
        size_t low = 0, high;
        int64_t end = INT64_MAX;

        if (!zone) {
                zone_span_set(ret, INT64_MIN, INT64_MAX, 0);
                return;
        }
        if (t < zone->changes[0].when) {
                zone_span_set(
                        ret, INT64_MIN, zone->changes[0].when, zone->types[zone->first].offset);
                return;
        }
        for (high = zone->n_changes; high - low > 1;) {
                size_t middle = low + (high - low) / 2;

                if (t < zone->changes[middle].when) {
                        high = middle;
                        end = zone->changes[middle].when;
                } else {
                        low = middle;
                }
        }
        zone_span_set(
                ret, zone->changes[low].when, end, zone->types[zone->changes[low].type].offset);
        if (low == zone->n_changes - 1 && zone->has_rule)
                zone_rule_at(&zone->rule, t, ret);
}

int64_t zone_instant(const struct zone *zone, int64_t local)
{
        struct zone_span span;
        int64_t t;

        /* A guess that is right unless the local time is near a change. */
        zone_at(zone, local, &span);
        t = local - span.offset;
        if (span.offset != 0 && (t < span.start || t >= span.end)) {
                zone_at(zone, t, &span);
                t = local - span.offset;
        }
        return t;
}

/* --- files --- */

static bool zone_name_ok(const char *name)
{
        size_t part = 0;

        if (strlen(name) >= ZONE_NAME_MAX)
                return false;
        for (const char *p = name;; p++) {
                if (*p == '/' || *p == '\0') {
                        const char *start = p - part;

                        if (part == 0 || start[strspn(start, ".")] == *p)
                                return false;
                        if (*p == '\0')
                                return true;
                        part = 0;
                } else if (strchr("0123456789_-+.", *p) || (*p >= 'a' && *p <= 'z') ||
                           (*p >= 'A' && *p <= 'Z')) {
                        part++;
                } else {
                        return false;
                }
        }
}

static int zone_refuse_name(const char *name, const char *what, struct err *err)
{
        (void)err_set(err, -EINVAL, "%s \"%s\"", what, name);
        (void)err_remedy(
                err, "use a name of the IANA database, such as Europe/Berlin, or none for UTC");
        return -EINVAL;
}

static int zone_refuse_open(const char *dir, const char *name, int errnum, struct err *err)
{
        struct stat st;

        if (errnum != ENOENT && errnum != ENOTDIR)
                return err_set(err, -errnum, "read %s/%s: %s", dir, name, strerror(errnum));
        if (stat(dir, &st) == 0)
                return zone_refuse_name(name, "there is no time zone", err);
        (void)err_set(err, -ENOENT, "this machine has no time zone data in %s", dir);
        (void)err_remedy(err, "install Debian's package tzdata, or write the schedule in UTC");
        return -ENOENT;
}

int zone_read(const char *dir, const char *name, struct zone **ret, struct err *err)
{
        char path[4096];
        uint8_t bytes[LIMIT_ZONE_BYTES + 1];
        size_t n = 0;
        _cleanup_(closep) int fd = -1;
        struct stat st;
        ssize_t got;
        int r;

        if (!zone_name_ok(name))
                return zone_refuse_name(name, "this is not the form of a time zone:", err);
        if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
                return err_set(err, -ENAMETOOLONG, "%s is too long", dir);
        /* Not blocking: what stands there may be a FIFO. */
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (fd < 0)
                return zone_refuse_open(dir, name, errno, err);
        if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
                return zone_refuse_name(name, "there is no time zone", err);
        while (n < sizeof(bytes) && (got = read(fd, bytes + n, sizeof(bytes) - n)) != 0) {
                if (got > 0)
                        n += (size_t)got;
                else if (errno != EINTR)
                        return err_set(err, -errno, "read %s: %s", path, strerror(errno));
        }
        /* Tables and lists lie beside the zones. */
        if (n < 4 || memcmp(bytes, "TZif", 4) != 0)
                return zone_refuse_name(name, "there is no time zone", err);
        r = n > LIMIT_ZONE_BYTES ? zone_refuse_bytes(err) : zone_decode(bytes, n, ret, err);
        return r < 0 ? err_wrap(err, r, "read %s", path) : 0;
}

/* --- zones in memory --- */

struct zone_entry {
        char name[ZONE_NAME_MAX];
        struct zone *zone;
        UT_hash_handle hh;
};

static struct {
        pthread_mutex_t lock;
        struct zone_entry *by_name; /* entries are never removed */
} zones = { .lock = PTHREAD_MUTEX_INITIALIZER };

static int zone_keep_locked(const char *name, const struct zone **ret, struct err *err)
{
        _cleanup_(zone_freep) struct zone *zone = NULL;
        struct zone_entry *entry;
        int r;

        if (HASH_COUNT(zones.by_name) >= LIMIT_ZONES) {
                (void)err_set(err, -EINVAL, "over %d different time zones are in use", LIMIT_ZONES);
                (void)err_remedy(err, "write the schedule in UTC, or start fleetfs again");
                return -EINVAL;
        }
        r = zone_read(ZONE_DIR, name, &zone, err);
        if (r < 0)
                return r;
        entry = calloc(1, sizeof(*entry));
        if (!entry)
                return err_set(err, -ENOMEM, "no memory for a time zone");
        memcpy(entry->name, name, strlen(name) + 1);
        entry->zone = TAKE(zone);
        HASH_ADD_STR(zones.by_name, name, entry);
        *ret = entry->zone;
        return 0;
}

int zone_get(const char *name, size_t n, const struct zone **ret, struct err *err)
{
        char key[ZONE_NAME_MAX + 1];
        struct zone_entry *entry;

        /* One that is too long stays too long. */
        (void)snprintf(
                key, sizeof(key), "%.*s", n < sizeof(key) ? (int)n : (int)sizeof(key) - 1, name);
        if (!*key || strcmp(key, "UTC") == 0 || strcmp(key, "Local") == 0) {
                *ret = NULL;
                return 0;
        }
        if (strcmp(key, "localtime") == 0)
                return zone_refuse_name(key, "each machine has its own time zone", err);
        LOCK_SCOPE(&zones.lock);
        HASH_FIND_STR(zones.by_name, key, entry);
        if (entry) {
                *ret = entry->zone;
                return 0;
        }
        return zone_keep_locked(key, ret, err);
}
