/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/test.h"

#include <jansson.h>
#include <malloc.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/record.h"
#include "base/timefmt.h"

enum phase { PHASE_NEW, PHASE_RUNNING, PHASE_DONE, PHASE_UNKNOWN };

static const char *const phase_names[] = { NULL, "InProgress", "Completed" };
static const struct record_enum phases = { phase_names, ARRAY_SIZE(phase_names), PHASE_UNKNOWN };

/* One row of every type. */
struct thing {
        const char *name;
        const char *schedule;
        const char *phase_text;
        const char *mode_text;
        const char *spec;
        const char *namespaces;
        const char *mapping;
        const char *location;
        int64_t started;
        int64_t generation;
        const char *errors;
        const char *labels;
        int mode;
        int32_t delta;
        uint32_t items;
        uint16_t hooks;
        uint8_t phase;
        bool paused;
        bool deleting;
};

static const struct record_field thing_fields[] = {
        FIELD(struct thing, name, "metadata.name", RECORD_REQUIRED),
        FIELD(struct thing, generation, "metadata.generation", 0),
        FIELD(struct thing, schedule, "metadata.labels[velero.io/schedule-name]", RECORD_SHARED),
        FIELD_JOINED(struct thing, labels, "metadata.labels", "; ", 0),
        FIELD_PRESENT(struct thing, deleting, "metadata.deletionTimestamp", 0),
        FIELD_JSON(struct thing, spec, "spec", 0),
        FIELD(struct thing, location, "spec.storageLocation", 0),
        FIELD(struct thing, location, "metadata.labels[velero.io/storage-location]",
                RECORD_FALLBACK),
        FIELD_JOINED(struct thing, namespaces, "spec.includedNamespaces", ", ", 0),
        FIELD_JOINED(struct thing, mapping, "spec.namespaceMapping", "; ", 0),
        FIELD(struct thing, paused, "spec.paused", 0),
        FIELD_ENUM(struct thing, mode, mode_text, "spec.mode", &phases, 0),
        FIELD_ENUM(struct thing, phase, phase_text, "status.phase", &phases, 0),
        FIELD_TIME(struct thing, started, "status.startTimestamp", 0),
        FIELD(struct thing, items, "status.progress.totalItems", 0),
        FIELD(struct thing, hooks, "status.hookStatus.hooksAttempted", 0),
        FIELD(struct thing, delta, "status.delta", 0),
        FIELD_JOINED(struct thing, errors, "status.validationErrors", "|", 0),
};
static struct record_type thing_type = RECORD_TYPE("Thing", struct thing, thing_fields);

static const char whole[] =
        "{\"kind\":\"Thing\",\"metadata\":{\"name\":\"n\\u00e4ghtly\",\"generation\":7,\"managedFields\":[{\"a\":"
        "{\"f:spec\":{\"}\":\"]\"}}}],\"labels\":{\"velero.io/schedule-name\":\"daily\",\"a\":\"b\"},"
        "\"deletionTimestamp\":\"2026-09-01T09:41:00Z\"},"
        "\"spec\":{\"storageLocation\":\"default\",\"includedNamespaces\":[\"web\",\"db\"],"
        "\"namespaceMapping\":{\"a\":\"b\",\"c\":\"d\"},\"paused\":true,"
        "\"hooks\":{\"resources\":[{},{}]},\"mode\":\"InProgress\"},"
        "\"status\":{\"phase\":\"Completed\",\"startTimestamp\":\"2026-09-01T09:41:00Z\","
        "\"progress\":{\"totalItems\":4294967295},\"hookStatus\":{\"hooksAttempted\":70000},"
        "\"delta\":-5,\"validationErrors\":[\"one\",\"t\\\"wo\",\"\"]}}";

static struct thing *decode(const char *json)
{
        struct thing *t = NULL;
        struct err err = ERR_INIT;

        assert_ok(record_decode(&thing_type, json, strlen(json), (void **)&t, &err), &err);
        return t;
}

/* The strings of the record take this many bytes, but for what malloc() rounds up. */
static void assert_room(struct thing *t, size_t strings)
{
        assert_in_range(malloc_usable_size(t), sizeof(*t) + strings, sizeof(*t) + strings + 24);
}

static void decodes_every_type(void **state)
{
        struct thing *t = decode(whole);

        (void)state;
        assert_string_equal(t->name, "n\xc3\xa4ghtly");
        assert_true(t->generation == 7);
        assert_string_equal(t->schedule, "daily");
        assert_string_equal(t->labels, "velero.io/schedule-name -> daily; a -> b");
        assert_true(t->deleting);
        assert_memory_equal(t->spec, "{\"storageLocation\"", 18);
        assert_int_equal(t->spec[strlen(t->spec) - 1], '}');
        assert_string_equal(t->location, "default");
        assert_string_equal(t->namespaces, "web, db");
        assert_string_equal(t->mapping, "a -> b; c -> d");
        assert_true(t->paused);
        assert_int_equal(t->mode, PHASE_RUNNING);
        assert_string_equal(t->mode_text, "InProgress");
        assert_int_equal(t->phase, PHASE_DONE);
        assert_ptr_equal(t->phase_text, phase_names[PHASE_DONE]);
        assert_true(t->started == 1788255660);
        assert_int_equal(t->items, UINT32_MAX);
        assert_int_equal(t->hooks, UINT16_MAX);
        assert_int_equal(t->delta, -5);
        assert_string_equal(t->errors, "one|t\"wo|");
        free(t);
}

static void what_is_absent_is_empty(void **state)
{
        static const char *const forms[] = { "{\"metadata\":{\"name\":\"x\"}}",
                "{\"metadata\":{\"name\":\"x\",\"labels\":null},\"spec\":null,\"status\":null}",
                "{\"metadata\":{\"name\":\"x\",\"labels\":{\"velero.io/schedule-name\":null}}}" };

        (void)state;
        for (size_t i = 0; i < 2; i++) {
                struct thing *t = decode(forms[i]);

                assert_string_equal(t->schedule, "");
                assert_string_equal(t->spec, "");
                assert_string_equal(t->namespaces, "");
                assert_string_equal(t->phase_text, "");
                assert_int_equal(t->phase, PHASE_NEW);
                assert_string_equal(t->errors, "");
                assert_false(t->deleting);
                assert_true(t->started == 0);
                assert_room(t, 2);
                free(t);
        }
        /* null is no string, and a map of strings says so. */
        assert_int_equal(
                record_decode(&thing_type, forms[2], strlen(forms[2]), (void **)&state, NULL),
                -EBADMSG);
}

static void keeps_the_text_of_an_unknown_phase(void **state)
{
        struct thing *t =
                decode("{\"metadata\":{\"name\":\"x\"},\"status\":{\"phase\":\"Pondering\"}}");

        (void)state;
        assert_int_equal(t->phase, PHASE_UNKNOWN);
        assert_string_equal(t->phase_text, "Pondering");
        assert_room(t, 2 + 10);
        free(t);
        t = decode("{\"metadata\":{\"name\":\"x\"},\"status\":{\"phase\":\"Comple\\u0074ed\"}}");
        assert_int_equal(t->phase, PHASE_DONE);
        free(t);
}

static void a_fallback_fills_only_what_is_empty(void **state)
{
        static const struct {
                const char *json, *location;
        } rows[] = {
                { "{\"metadata\":{\"name\":\"x\",\"labels\":{\"velero.io/storage-location\":\"l\"}}}",
                        "l" },
                { "{\"metadata\":{\"name\":\"x\",\"labels\":{\"velero.io/storage-location\":\"l\"}},"
                  "\"spec\":{\"storageLocation\":\"\"}}",
                        "l" },
                { "{\"metadata\":{\"name\":\"x\",\"labels\":{\"velero.io/storage-location\":\"l\"}},"
                  "\"spec\":{\"storageLocation\":\"s\"}}",
                        "s" },
                { "{\"spec\":{\"storageLocation\":\"s\"},\"metadata\":{\"name\":\"x\"}}", "s" },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                struct thing *t = decode(rows[i].json);

                assert_string_equal(t->location, rows[i].location);
                free(t);
        }
}

static void the_last_of_a_repeated_key_counts(void **state)
{
        struct thing *t = decode("{\"metadata\":{\"name\":\"first\",\"name\":\"x\"},"
                                 "\"status\":{\"delta\":1,\"delta\":null,\"phase\":\"Completed\"},"
                                 "\"status\":{\"delta\":2}}");

        (void)state;
        assert_string_equal(t->name, "x");
        assert_int_equal(t->delta, 2);
        assert_int_equal(t->phase, PHASE_DONE);
        free(t);
        t = decode(
                "{\"metadata\":{\"name\":\"x\"},\"status\":{\"phase\":\"Completed\"},\"status\":null}");
        assert_int_equal(t->phase, PHASE_NEW);
        free(t);
}

static const struct refused_row {
        const char *name, *json, *error;
} refused[] = {
        { "no_name", "{\"metadata\":{}}", "Thing: metadata.name: missing" },
        { "null_name", "{\"metadata\":{\"name\":null}}", "Thing: metadata.name: missing" },
        { "no_metadata", "{}", "Thing: metadata.name: missing" },
        { "number_name", "{\"metadata\":{\"name\":1}}", "Thing: metadata.name: expected a string" },
        { "metadata_array", "{\"metadata\":[]}", "Thing: metadata.name: expected an object" },
        { "string_count", "{\"status\":{\"progress\":{\"totalItems\":\"1\"}}}",
                "Thing: status.progress.totalItems: expected an integer" },
        { "fraction", "{\"status\":{\"delta\":1.5}}", "Thing: status.delta: expected an integer" },
        { "int32_range", "{\"status\":{\"delta\":2147483648}}",
                "Thing: status.delta: an integer out of range" },
        { "uint32_negative", "{\"status\":{\"progress\":{\"totalItems\":-1}}}",
                "Thing: status.progress.totalItems: an integer out of range" },
        { "uint32_range", "{\"status\":{\"progress\":{\"totalItems\":4294967296}}}",
                "out of range" },
        { "bool_text", "{\"spec\":{\"paused\":\"true\"}}",
                "Thing: spec.paused: expected true or false" },
        { "bad_time", "{\"status\":{\"startTimestamp\":\"2026-13-01T00:00:00Z\"}}",
                "Thing: status.startTimestamp: expected a time such as 2026-09-01T09:41:00Z" },
        { "bad_day", "{\"status\":{\"startTimestamp\":\"2026-02-30T00:00:00Z\"}}",
                "status.startTimestamp: expected a time" },
        { "list_of_numbers", "{\"status\":{\"validationErrors\":[\"a\",1]}}",
                "Thing: status.validationErrors: expected a string" },
        { "list_is_text", "{\"status\":{\"validationErrors\":\"a\"}}",
                "Thing: status.validationErrors: expected an array" },
        { "map_of_numbers", "{\"metadata\":{\"labels\":{\"a\":1}}}",
                "Thing: metadata.labels: expected a string" },
        { "joined_text", "{\"spec\":{\"includedNamespaces\":\"a\"}}",
                "Thing: spec.includedNamespaces: expected an array" },
        { "no_list", "{\"status\":{\"validationErrors\":1}}",
                "Thing: status.validationErrors: expected an array" },
        { "nul", "{\"metadata\":{\"name\":\"a\\u0000\"}}",
                "Thing: metadata.name: a NUL in a string" },
        { "nul_in_a_list", "{\"status\":{\"validationErrors\":[\"\\u0000\"]}}",
                "a NUL in a string" },
        { "nul_in_a_key", "{\"metadata\":{\"labels\":{\"\\u0000\":\"\"}}}", "a NUL in a string" },
        { "array", "[]", "Thing: expected an object" },
        { "nothing", "", "Thing: byte 1: it ends in the middle" },
        { "half", "{\"metadata\":{\"name\":\"x\"}", "Thing: byte 25: it ends in the middle" },
        { "tail", "{\"metadata\":{\"name\":\"x\"}}}",
                "Thing: byte 26: more follows after the end" },
};

static void refuses(void **state)
{
        const struct refused_row *row = test_row(state);
        void *record = NULL;
        struct err err = ERR_INIT;

        assert_int_equal(
                record_decode(&thing_type, row->json, strlen(row->json), &record, &err), -EBADMSG);
        assert_err(&err, -EBADMSG, row->error);
        assert_null(record);
}

static void times(void **state)
{
        static const struct {
                const char *text;
                int64_t time;
        } rows[] = {
                { "1970-01-01T00:00:00Z", 0 },
                { "2026-09-01T09:41:00Z", 1788255660 },
                { "2026-09-01T11:41:00+02:00", 1788255660 },
                { "2026-09-01T09:41:00.999Z", 1788255660 },
                { "2024-02-29T23:59:59Z", 1709251199 },
                { "2023-12-31T00:00:00Z", 1703980800 },
                { "\\u0032026-09-01T09:41:00Z", 1788255660 },
                { "", 0 },
        };

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                char json[200];
                struct thing *t;

                snprintf(json, sizeof(json),
                        "{\"metadata\":{\"name\":\"x\"},\"status\":{\"startTimestamp\":\"%s\"}}",
                        rows[i].text);
                t = decode(json);
                assert_true(t->started == rows[i].time);
                free(t);
        }
}

static void compares_every_member(void **state)
{
        static const char *const others[] = { "ghtly", ":7,", "daily", "\"a\":\"b\"", "default",
                "web", "true", "InProgress", "Completed", "41:00Z\",\"pr", "4294967295", "70000",
                "-5", "one" };
        struct thing *t = decode(whole), *same = decode(whole);

        (void)state;
        assert_true(record_equal(&thing_type, t, same));
        for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
                char changed[sizeof(whole)];
                char *at;
                struct thing *other;

                memcpy(changed, whole, sizeof(whole));
                at = strstr(changed, others[i]);
                assert_non_null(at);
                if (strcmp(others[i], "true") == 0)
                        memcpy(at, "null", 4);
                else if (strcmp(others[i], "70000") == 0)
                        at[0] = at[1] = '1';
                else
                        at[1] = at[1] == '2' ? '1' : '2';
                other = decode(changed);
                assert_false(record_equal(&thing_type, t, other));
                free(other);
        }
        free(t);
        free(same);
}

static void decodes_into_a_struct_of_the_caller(void **state)
{
        struct thing t;
        char *strings = NULL;

        (void)state;
        assert_ok(record_decode_into(&thing_type, whole, strlen(whole), &t, &strings, NULL), NULL);
        assert_string_equal(t.schedule, "daily");
        assert_non_null(strings);
        free(strings);
}

struct pair {
        const char *a, *b;
        int phase;
};

/* Of what two records have in common there is one copy; all else is the copy's own. */
static void a_kept_copy_is_the_same_and_shares(void **state)
{
        static const char *const documents[] = { whole,
                "{\"metadata\":{\"name\":\"a\",\"labels\":{\"velero.io/schedule-name\":\"daily\"}},\"status\":{\"phase\":\"New\"}}",
                "{\"metadata\":{\"name\":\"a\"},\"status\":{\"phase\":\"Completed\"}}" };
        struct thing *first = NULL;

        (void)state;
        for (size_t i = 0; i < ARRAY_SIZE(documents); i++) {
                struct thing *t = decode(documents[i]), *kept = record_keep(&thing_type, t);

                assert_non_null(kept);
                assert_true(record_equal(&thing_type, t, kept));
                assert_ptr_not_equal(kept->name, t->name);
                free(t);
                t = decode(documents[i]);
                assert_true(record_equal(&thing_type, t, kept));
                free(t);
                if (i == 0) {
                        first = kept;
                        continue;
                }
                if (i == 1)
                        assert_ptr_equal(kept->schedule, first->schedule);
                assert_room(kept, i == 1 ? sizeof("a") + sizeof("New") + sizeof("velero.io/schedule-name -> daily") :
                                           sizeof("a"));
                record_drop(&thing_type, kept);
        }
        assert_string_equal(first->schedule, "daily");
        record_drop(&thing_type, first);
        record_drop(&thing_type, NULL);
}

static const struct check_row {
        const char *name;
        struct record_field fields[2];
        unsigned n;
        const char *error;
} checks[] = {
#define ROW(p)                                                             \
        {                                                                  \
                .path = (p), .offset = 0, .size = 8, .type = RECORD_STRING \
        }
        { "fine", { ROW("a.b[c.d/e].f[g]") }, 1, NULL },
        { "empty_path", { ROW("") }, 1, "bad path \"\"" },
        { "leading_dot", { ROW(".a") }, 1, "bad path \".a\"" },
        { "double_dot", { ROW("a..b") }, 1, "bad path \"a..b\" at \".b\"" },
        { "trailing_dot", { ROW("a.") }, 1, "bad path \"a.\"" },
        { "open_bracket", { ROW("a[b") }, 1, "bad path \"a[b\" at \"[b\"" },
        { "empty_bracket", { ROW("a[]") }, 1, "bad path" },
        { "stray_bracket", { ROW("a]b") }, 1, "bad path" },
        { "text_behind_bracket", { ROW("a[b]c") }, 1, "bad path" },
        { "no_rows", { ROW("a") }, 0, "0 rows" },
        { "member_twice", { ROW("a"), ROW("b") }, 2, "b: its member belongs to a" },
        { "enum_without_table", { { .path = "a", .size = 4, .type = RECORD_ENUM } }, 1,
                "its enum has no table" },
        { "no_separator", { { .path = "a", .size = 8, .type = RECORD_JOINED } }, 1,
                "no separator" },
        { "a_number_to_share", { { .path = "a", .size = 8, .type = RECORD_INT64, .flags = RECORD_SHARED } }, 1,
                "no text to share" },
        { "outside", { { .path = "a", .offset = 24, .size = 8, .type = RECORD_STRING } }, 1,
                "outside of the struct" },
#undef ROW
};

static void checks_tables(void **state)
{
        const struct check_row *row = test_row(state);
        struct record_type type = {
                .name = "T", .size = sizeof(struct pair), .fields = row->fields, .n_fields = row->n
        };
        struct err err = ERR_INIT;
        int r = record_type_check(&type, &err);

        if (!row->error) {
                assert_int_equal(r, 0);
                assert_ok(record_type_check(&thing_type, &err), &err);
                return;
        }
        assert_int_equal(r, -EINVAL);
        assert_err(&err, -EINVAL, row->error);
}

/* --- against jansson, on generated documents --- */

static uint32_t random_state = 4711;

static uint32_t next_random(uint32_t n)
{
        random_state = random_state * 1664525U + 1013904223U;
        return (random_state >> 8) % n;
}

static json_t *random_text(void)
{
        static const char *const pieces[] = { "a", "\"", "\\", "\n", "\xc3\xa4", "\xf0\x9f\x98\x80",
                "]", "{", "velero", "2026-09-01T09:41:00Z", "Completed" };
        char text[200] = "";

        for (uint32_t i = next_random(5); i; i--)
                strcat(text, pieces[next_random(ARRAY_SIZE(pieces))]);
        return json_string(text);
}

static json_t *random_value(int depth)
{
        json_t *v;

        switch (next_random(depth > 3 ? 5 : 7)) {
        case 0:
                return json_null();
        case 1:
                return json_boolean((int)next_random(2));
        case 2:
                return json_integer((int64_t)next_random(100000) - 50000);
        case 3:
                return json_real((double)next_random(100000) / 7);
        case 4:
                return random_text();
        case 5:
                v = json_array();
                for (uint32_t i = next_random(4); i; i--)
                        json_array_append_new(v, random_value(depth + 1));
                return v;
        default:
                v = json_object();
                for (uint32_t i = next_random(4); i; i--) {
                        json_t *key = random_text();

                        json_object_set_new(v, json_string_value(key), random_value(depth + 1));
                        json_decref(key);
                }
                return v;
        }
}

/* Sets a value at a path: mostly one of the right type. */
static void random_set(json_t *doc, const char *const *path, json_t *right)
{
        if (next_random(4) == 0 || (next_random(40) == 0 && path[0][0] != 'm')) {
                json_decref(right);
                return;
        }
        for (; path[1]; path++) {
                json_t *next = json_object_get(doc, path[0]);

                if (!json_is_object(next)) {
                        next = json_object();
                        json_object_set_new(doc, path[0], next);
                        json_object_set_new(next, "noise", random_value(0));
                }
                doc = next;
        }
        if (next_random(30) == 0) {
                json_decref(right);
                right = random_value(0);
        }
        json_object_set_new(doc, path[0], right);
}

#define PATH(...) ((const char *const[]){ __VA_ARGS__, NULL })

static json_t *strings(uint32_t n)
{
        json_t *v = json_array();

        while (n--)
                json_array_append_new(v, random_text());
        return v;
}

static json_t *random_document(void)
{
        json_t *doc = json_object(), *labels = json_object();

        json_object_set_new(doc, "noise", random_value(0));
        json_object_set_new(labels, "velero.io/schedule-name", random_text());
        json_object_set_new(labels, "x", random_text());
        random_set(doc, PATH("metadata", "name"), random_text());
        random_set(doc, PATH("metadata", "labels"), labels);
        random_set(doc, PATH("metadata", "generation"), json_integer(next_random(1000)));
        random_set(doc, PATH("metadata", "deletionTimestamp"), random_text());
        random_set(doc, PATH("spec", "paused"), json_boolean((int)next_random(2)));
        random_set(doc, PATH("status", "phase"),
                next_random(2) ? json_string("Completed") : random_text());
        random_set(doc, PATH("status", "delta"),
                json_integer((int64_t)next_random(1U << 20) * 5000 - 999999));
        random_set(doc, PATH("status", "validationErrors"), strings(next_random(4)));
        return doc;
}

/* What a member should be, from the tree; false where the document must be refused. */
static json_t *tree_at(json_t *doc, const char *const *path, bool *bad)
{
        for (; *path; path++) {
                if (doc && !json_is_object(doc) && !json_is_null(doc))
                        *bad = true;
                doc = json_object_get(doc, *path);
        }
        return json_is_null(doc) ? NULL : doc;
}

static bool same_text(json_t *want, const char *got, bool *bad)
{
        *bad |= want && !json_is_string(want);
        return strcmp(json_is_string(want) ? json_string_value(want) : "", got) == 0;
}

static bool same_integer(json_t *want, int64_t got, int64_t min, int64_t max, bool *bad)
{
        *bad |= want && (!json_is_integer(want) || json_integer_value(want) < min ||
                                json_integer_value(want) > max);
        return json_integer_value(want) == got;
}

/* "key -> value" of an object, or the strings of an array, with `separator` between them. */
static bool same_joined(json_t *want, json_type type, const char *separator, const char *got, bool *bad)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(LIMIT_TEXT_BYTES);
        json_t *element;
        const char *key, *between = "";
        size_t i;

        *bad |= want && json_typeof(want) != type;
        json_object_foreach (want, key, element) {
                *bad |= !json_is_string(element);
                buf_printf(&text, "%s%s -> %s", between, key, json_is_string(element) ? json_string_value(element) : "");
                between = separator;
        }
        json_array_foreach (want, i, element) {
                *bad |= !json_is_string(element);
                buf_printf(&text, "%s%s", between, json_is_string(element) ? json_string_value(element) : "");
                between = separator;
        }
        return strcmp(text.len > 0 ? text.data : "", got) == 0;
}

static bool same_thing(json_t *doc, const struct thing *t, bool *bad)
{
        static const struct thing nothing = {
                .name = "", .schedule = "", .phase_text = "", .errors = "", .labels = ""
        };
        json_t *v;
        bool ok = true;

        if (!t)
                t = &nothing;
        v = tree_at(doc, PATH("metadata", "name"), bad);
        *bad |= !v;
        ok &= same_text(v, t->name, bad);
        ok &= same_integer(tree_at(doc, PATH("metadata", "generation"), bad), t->generation,
                INT64_MIN, INT64_MAX, bad);
        ok &= same_joined(tree_at(doc, PATH("metadata", "labels"), bad), JSON_OBJECT, "; ", t->labels, bad);
        ok &= same_text(tree_at(doc, PATH("metadata", "labels", "velero.io/schedule-name"), bad),
                t->schedule, bad);
        ok &= t->deleting == (tree_at(doc, PATH("metadata", "deletionTimestamp"), bad) != NULL);
        v = tree_at(doc, PATH("spec", "paused"), bad);
        *bad |= v && !json_is_boolean(v);
        ok &= t->paused == json_is_true(v);
        v = tree_at(doc, PATH("status", "phase"), bad);
        ok &= same_text(v, t->phase_text, bad);
        ok &= same_integer(
                tree_at(doc, PATH("status", "delta"), bad), t->delta, INT32_MIN, INT32_MAX, bad);
        v = tree_at(doc, PATH("status", "validationErrors"), bad);
        ok &= same_joined(v, json_is_object(v) ? JSON_OBJECT : JSON_ARRAY, "|", t->errors, bad);
        v = tree_at(doc, PATH("spec"), bad);
        *bad |= v && !json_is_object(v);
        v = tree_at(doc, PATH("status"), bad);
        *bad |= v && !json_is_object(v);
        return ok;
}

static void agrees_with_jansson(void **state)
{
        int good = 0, refusals = 0;

        (void)state;
        for (int i = 0; i < 20000; i++) {
                json_t *doc = random_document();
                char *text =
                        json_dumps(doc, (next_random(2) ? JSON_ENSURE_ASCII : 0) |
                                                (next_random(2) ? JSON_INDENT(2) : JSON_COMPACT));
                struct thing *t = NULL;
                struct err err = ERR_INIT;
                int r = record_decode(&thing_type, text, strlen(text), (void **)&t, &err);
                bool bad = false, same = same_thing(doc, t, &bad);

                if ((r == 0) != !bad || (r == 0 && !same))
                        fail_msg("document %s: %s", text, err.msg);
                good += r == 0;
                refusals += r < 0;
                free(t);
                free(text);
                json_decref(doc);
        }
        assert_true(good > 2000 && refusals > 2000);
}

int main(void)
{
        TEST(decodes_every_type);
        TEST(what_is_absent_is_empty);
        TEST(keeps_the_text_of_an_unknown_phase);
        TEST(a_fallback_fills_only_what_is_empty);
        TEST(the_last_of_a_repeated_key_counts);
        TEST_ROWS(refuses, refused);
        TEST(times);
        TEST(a_kept_copy_is_the_same_and_shares);
        TEST(compares_every_member);
        TEST(decodes_into_a_struct_of_the_caller);
        TEST_ROWS(checks_tables, checks);
        TEST(agrees_with_jansson);
        return test_run("record");
}
