/* SPDX-License-Identifier: Apache-2.0 */
/*
 * object, the record: what is known of an object as one line of JSON, and the user's bytes behind
 * it. Structs are tables of their members; what is 0, false, "" or NULL is left out.
 */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/intern.h"
#include "base/json.h"
#include "base/limits.h"
#include "ops/object.h"
#include "velero/names.h"

/* ---------------------------------------------------------------- structs as tables */

enum field_type { FIELD_CHARS, FIELD_STRING, FIELD_INTERNED, FIELD_I64, FIELD_I32, FIELD_BOOL, FIELD_NAMED };

struct field {
        const char *key;
        enum field_type type;
        size_t offset, size;
        const char *const *names; /* of FIELD_NAMED, an enum of int's size; ends with NULL */
        size_t max;               /* of FIELD_INTERNED: its longest text; 0 any */
};

#define MEMBER(T, m, type_, ...)                                                                   \
        {                                                                                          \
                .key = #m, .type = (type_), .offset = offsetof(T, m), .size = sizeof(((T *)0)->m), \
                ##__VA_ARGS__                                                                      \
        }

static const char *const draft_states[] = {
        [DRAFT_NONE] = "None",
        [DRAFT_OPEN] = "Open",
        [DRAFT_ACCEPTED] = "Accepted",
        [DRAFT_INERT] = "Inert",
        [DRAFT_REJECTED] = "Rejected",
        [DRAFT_INTERRUPTED] = "Interrupted",
        NULL,
};
static const char *const task_verbs[] = {
        [TASK_BACKUP] = "Backup", [TASK_RESTORE] = "Restore", [TASK_SCHEDULE] = "Schedule",
        [TASK_ADOPT] = "Adopt", NULL
};
static const char *const task_states[] = {
        [TASK_PENDING] = "Pending",
        [TASK_POSTED] = "Posted",
        [TASK_CANCELLED] = "Cancelled",
        [TASK_EXPIRED] = "Expired",
        [TASK_CONFLICT] = "Conflict",
        [TASK_REJECTED] = "Rejected",
        [TASK_DONE] = "Done",
        NULL,
};
static const char *const task_steps[] = {
        [STEP_POST] = "Post",
        [STEP_LOCATION] = "Location",
        [STEP_HANDOVER] = "Handover",
        [STEP_RESTORE] = "Restore",
        [STEP_CLEANUP] = "Cleanup",
        [STEP_END] = "End",
        NULL,
};

static const struct field task_fields[] = {
        MEMBER(struct task, verb, FIELD_NAMED, .names = task_verbs),
        MEMBER(struct task, state, FIELD_NAMED, .names = task_states),
        MEMBER(struct task, step, FIELD_NAMED, .names = task_steps),
        MEMBER(struct task, member, FIELD_INTERNED, .max = FOLDER_NAME_MAX),
        MEMBER(struct task, uid, FIELD_INTERNED, .max = UID_MAX - 1),
        MEMBER(struct task, sub, FIELD_STRING),
        MEMBER(struct task, velero_name, FIELD_CHARS),
        MEMBER(struct task, first_name, FIELD_STRING),
        MEMBER(struct task, backup_name, FIELD_INTERNED, .max = VELERO_NAME_MAX),
        MEMBER(struct task, location, FIELD_STRING),
        MEMBER(struct task, location_made, FIELD_BOOL),
        MEMBER(struct task, handed_over, FIELD_BOOL),
        MEMBER(struct task, attempt, FIELD_I64),
        MEMBER(struct task, deadline, FIELD_I64),
        MEMBER(struct task, started, FIELD_I64),
        MEMBER(struct task, completed, FIELD_I64),
        MEMBER(struct task, phase_text, FIELD_INTERNED),
        MEMBER(struct task, code, FIELD_CHARS),
        MEMBER(struct task, reason, FIELD_STRING),
        MEMBER(struct task, since, FIELD_I64),
        MEMBER(struct task, items_done, FIELD_I32),
        MEMBER(struct task, items_total, FIELD_I32),
        MEMBER(struct task, errors, FIELD_I32),
        MEMBER(struct task, warnings, FIELD_I32),
        MEMBER(struct task, expires, FIELD_I64),
        MEMBER(struct task, hostpath, FIELD_INTERNED),
        MEMBER(struct task, spec_sha256, FIELD_INTERNED, .max = VELERO_SHA256_HEX),
        MEMBER(struct task, sent, FIELD_BOOL),
        MEMBER(struct task, given_up, FIELD_BOOL),
        MEMBER(struct task, unwanted, FIELD_BOOL),
        MEMBER(struct task, secret_made, FIELD_BOOL),
        MEMBER(struct task, resend, FIELD_BOOL),
        MEMBER(struct task, doomed, FIELD_BOOL),
        MEMBER(struct task, doomed_at, FIELD_I64),
};

/* Of a TASK_SCHEDULE, beside those. */
static const struct field reached_fields[] = {
        MEMBER(struct task_reached, last_attempt, FIELD_I64),
        MEMBER(struct task_reached, last_success, FIELD_I64),
        MEMBER(struct task_reached, lost_success, FIELD_I64),
        MEMBER(struct task_reached, last_run, FIELD_CHARS),
        MEMBER(struct task_reached, last_result, FIELD_CHARS),
        MEMBER(struct task_reached, last_empty, FIELD_BOOL),
        MEMBER(struct task_reached, next_run, FIELD_I64),
        MEMBER(struct task_reached, overdue_at, FIELD_I64),
};

static const struct field run_fields[] = {
        MEMBER(struct run, id, FIELD_CHARS),
        MEMBER(struct run, created, FIELD_I64),
        MEMBER(struct run, completed, FIELD_I64),
};

static const struct field document_fields[] = {
        MEMBER(struct document, ext, FIELD_CHARS),
        MEMBER(struct document, mtime_ns, FIELD_I64),
        MEMBER(struct document, generation, FIELD_I64),
};

static const struct field err_fields[] = {
        MEMBER(struct err, code, FIELD_I32),
        MEMBER(struct err, line, FIELD_I32),
        MEMBER(struct err, column, FIELD_I32),
        MEMBER(struct err, id, FIELD_CHARS),
        MEMBER(struct err, msg, FIELD_CHARS),
        MEMBER(struct err, remedy, FIELD_CHARS),
};

static const struct field link_fields[] = {
        MEMBER(struct member_link, name, FIELD_STRING),
        MEMBER(struct member_link, target, FIELD_STRING),
        MEMBER(struct member_link, member, FIELD_STRING),
};

static const struct field object_fields[] = {
        MEMBER(struct object, owner, FIELD_CHARS),
        MEMBER(struct object, draft_state, FIELD_NAMED, .names = draft_states),
        MEMBER(struct object, draft_at, FIELD_I64),
        MEMBER(struct object, writes, FIELD_I64),
        MEMBER(struct object, draft_released, FIELD_BOOL),
        MEMBER(struct object, file_gone, FIELD_BOOL),
        MEMBER(struct object, removed, FIELD_BOOL),
        MEMBER(struct object, paused, FIELD_BOOL),
        MEMBER(struct object, adopted_from, FIELD_CHARS),
        MEMBER(struct object, is_folder, FIELD_BOOL),
        MEMBER(struct object, started, FIELD_BOOL),
        MEMBER(struct object, last_run_s, FIELD_I64),
        MEMBER(struct object, created, FIELD_I64),
};

_Static_assert(sizeof(enum task_state) == sizeof(int) && sizeof(enum draft_state) == sizeof(int),
        "FIELD_NAMED is an int");

/* ---------------------------------------------------------------- to JSON */

static void put_key(struct buf *out, const char *key)
{
        if (out->len > 0 && out->data[out->len - 1] != '{')
                buf_putc(out, ',');
        json_put_string(out, key, strlen(key));
        buf_putc(out, ':');
}

static void put_text(struct buf *out, const char *key, const char *text)
{
        if (text == NULL || text[0] == '\0')
                return;
        put_key(out, key);
        json_put_string(out, text, strlen(text));
}

static void put_number(struct buf *out, const char *key, int64_t v)
{
        if (v == 0)
                return;
        put_key(out, key);
        buf_printf(out, "%" PRId64, v);
}

/* What is 0, false, "" or NULL is left out. */
static void put_fields(struct buf *out, const struct field *fields, size_t n, const void *of)
{
        for (size_t i = 0; i < n; i++) {
                const struct field *f = &fields[i];
                const char *at = (const char *)of + f->offset;

                switch (f->type) {
                case FIELD_CHARS:
                        put_text(out, f->key, at);
                        break;
                case FIELD_STRING:
                case FIELD_INTERNED:
                        put_text(out, f->key, *(char *const *)(const void *)at);
                        break;
                case FIELD_I64:
                        put_number(out, f->key, *(const int64_t *)(const void *)at);
                        break;
                case FIELD_I32:
                        put_number(out, f->key, *(const int32_t *)(const void *)at);
                        break;
                case FIELD_BOOL:
                        if (*(const bool *)at) {
                                put_key(out, f->key);
                                buf_puts(out, "true");
                        }
                        break;
                case FIELD_NAMED:
                        put_text(out, f->key, f->names[*(const int *)(const void *)at]);
                        break;
                }
        }
}
#define PUT_FIELDS(out, fields, of) put_fields(out, fields, ARRAY_SIZE(fields), of)

static void put_document(struct buf *out, const char *key, const struct document *d)
{
        if (d->bytes == NULL)
                return;
        put_key(out, key);
        buf_printf(out, "{\"len\":%zu", d->len);
        PUT_FIELDS(out, document_fields, d);
        buf_putc(out, '}');
}

static void put_link(struct buf *out, const struct member_link *l)
{
        buf_putc(out, '{');
        PUT_FIELDS(out, link_fields, l);
        buf_putc(out, '}');
}

static void put_run(struct buf *out, const struct run *r)
{
        buf_putc(out, '{');
        if (r->id[0] != '\0')
                PUT_FIELDS(out, run_fields, r);
        put_text(out, "phase", phase_text(r->phase));
        put_key(out, "tasks");
        buf_putc(out, '[');
        for (size_t i = 0; i < r->n_tasks; i++) {
                buf_puts(out, i > 0 ? ",{" : "{");
                PUT_FIELDS(out, task_fields, r->tasks[i]);
                PUT_FIELDS(out, reached_fields, task_reached(r->tasks[i]));
                put_text(out, "phase", phase_text(r->tasks[i]->phase));
                buf_putc(out, '}');
        }
        buf_puts(out, "]}");
}

/*
 * The clusters that there are now: a policy that names one of them stays readable when the cluster
 * has left the fleet by the time the record is read back.
 */
static void put_clusters(struct buf *out, const struct object *o)
{
        struct member *c, *tmp;
        bool first = true;

        put_key(out, "clusters");
        buf_putc(out, '[');
        HASH_ITER (hh, o->fleet->members, c, tmp) {
                if (!first)
                        buf_putc(out, ',');
                json_put_string(out, c->name, strlen(c->name));
                first = false;
        }
        buf_putc(out, ']');
}

/* A schedule's run: all that is known of it is what the clusters show. */
static bool run_is_of_clusters(const struct run *r)
{
        for (size_t i = 0; i < r->n_tasks; i++)
                if (!r->tasks[i]->tracked)
                        return false;
        return r->n_tasks > 0;
}

int object_encode(const struct object *o, struct buf *out)
{
        struct object as_stored = *o;
        bool removing = o->removal_at_ms != 0;

        /* A crash undoes a rename-away, and only that. */
        if (removing && o->removal_renamed)
                as_stored.file_gone = removing = false;
        buf_puts(out, "{\"version\":1");
        PUT_FIELDS(out, object_fields, &as_stored);
        if (removing) {
                put_key(out, "removal_uid");
                buf_printf(out, "%" PRIu32, o->removal_uid);
        }
        put_document(out, "in_force", &o->in_force);
        put_document(out, "draft", &o->draft);
        put_document(out, "synced", &o->synced);
        if (o->draft_state != DRAFT_NONE && o->draft_err.code != 0) {
                put_key(out, "draft_err");
                buf_putc(out, '{');
                PUT_FIELDS(out, err_fields, &o->draft_err);
                buf_putc(out, '}');
        }
        if (o->source.name != NULL) {
                put_key(out, "source");
                put_link(out, &o->source);
        }
        if (o->n_targets > 0) {
                put_key(out, "targets");
                buf_putc(out, '[');
                for (size_t i = 0; i < o->n_targets; i++) {
                        if (i > 0)
                                buf_putc(out, ',');
                        put_link(out, &o->targets[i]);
                }
                buf_putc(out, ']');
        }
        put_clusters(out, o);
        if (o->standing != NULL) {
                put_key(out, "standing");
                put_run(out, o->standing);
        }
        put_key(out, "runs");
        buf_putc(out, '[');
        /* Older runs live on in the clusters' own records, unless something of them is still owed.
         */
        for (size_t i = 0, n = 0; i < o->n_runs; i++) {
                bool owed = i + LIMIT_RUNS_KEPT >= o->n_runs && !run_is_of_clusters(o->runs[i]);

                for (size_t k = 0; k < o->runs[i]->n_tasks && !owed; k++)
                        owed = o->runs[i]->tasks[k]->open;
                if (!owed)
                        continue;
                if (n++ > 0)
                        buf_putc(out, ',');
                put_run(out, o->runs[i]);
        }
        buf_puts(out, "]}\n");
        if (o->in_force.bytes != NULL)
                buf_append(out, o->in_force.bytes, o->in_force.len);
        if (o->draft.bytes != NULL)
                buf_append(out, o->draft.bytes, o->draft.len);
        if (o->synced.bytes != NULL)
                buf_append(out, o->synced.bytes, o->synced.len);
        return out->error;
}

/* ---------------------------------------------------------------- from JSON */

static int get_named(const struct field *f, const char *text, int *ret)
{
        for (int i = 0; f->names[i] != NULL; i++)
                if (strcmp(f->names[i], text) == 0) {
                        *ret = i;
                        return 0;
                }
        return -EBADMSG;
}

/* Missing keys leave what is there. */
static int get_field(const struct field *f, const json_t *v, char *at)
{
        const char *text = json_string_value(v);

        switch (f->type) {
        case FIELD_CHARS:
                if (text == NULL || strlen(text) >= f->size)
                        return -EBADMSG;
                memcpy(at, text, strlen(text) + 1);
                return 0;
        case FIELD_STRING: {
                char **p = (char **)(void *)at;
                if (text == NULL)
                        return -EBADMSG;
                free(*p);
                *p = strdup(text);
                return *p == NULL ? -ENOMEM : 0;
        }
        case FIELD_INTERNED:
                if (text == NULL || (f->max != 0 && strlen(text) > f->max))
                        return -EBADMSG;
                return intern_set((const char **)(void *)at, text);
        case FIELD_I64:
                if (!json_is_integer(v))
                        return -EBADMSG;
                *(int64_t *)(void *)at = json_integer_value(v);
                return 0;
        case FIELD_I32:
                if (!json_is_integer(v) || json_integer_value(v) < INT32_MIN ||
                        json_integer_value(v) > INT32_MAX)
                        return -EBADMSG;
                *(int32_t *)(void *)at = (int32_t)json_integer_value(v);
                return 0;
        case FIELD_BOOL:
                if (!json_is_boolean(v))
                        return -EBADMSG;
                *(bool *)at = json_is_true(v);
                return 0;
        case FIELD_NAMED:
                return text == NULL ? -EBADMSG : get_named(f, text, (int *)(void *)at);
        }
        return -EBADMSG;
}

static int get_fields(
        const struct field *fields, size_t n, const json_t *from, void *of, struct err *err)
{
        if (!json_is_object(from))
                return err_set(err, -EBADMSG, "an object is missing");
        for (size_t i = 0; i < n; i++) {
                const json_t *v = json_object_get(from, fields[i].key);
                int r = v != NULL ? get_field(&fields[i], v, (char *)of + fields[i].offset) : 0;

                if (r < 0)
                        return err_set(err, r, "%s has no value that it may have", fields[i].key);
        }
        return 0;
}
#define GET_FIELDS(fields, from, of, err) get_fields(fields, ARRAY_SIZE(fields), from, of, err)

/* Takes the document's bytes from *bytes. */
static int get_document(
        const json_t *from, struct document *d, const char **bytes, size_t *len, struct err *err)
{
        const json_t *n = json_object_get(from, "len");
        struct document read = { .bytes = NULL };
        int r;

        if (from == NULL)
                return 0;
        r = GET_FIELDS(document_fields, from, &read, err);
        if (r < 0)
                return r;
        if (!json_is_integer(n) || json_integer_value(n) < 0 ||
                (uint64_t)json_integer_value(n) > *len)
                return err_set(err, -EBADMSG, "a document is longer than the record");
        r = document_set(d, *bytes, (size_t)json_integer_value(n), read.ext, read.mtime_ns);
        if (r < 0)
                return err_set(err, r, "read a document");
        d->generation = read.generation;
        *bytes += d->len;
        *len -= d->len;
        return 0;
}

static int get_links(const json_t *header, struct object *o, struct err *err)
{
        const json_t *source = json_object_get(header, "source"),
                     *targets = json_object_get(header, "targets");
        size_t n = json_array_size(targets);
        int r = source != NULL ? GET_FIELDS(link_fields, source, &o->source, err) : 0;

        if (r < 0 || n == 0)
                return r;
        o->targets = calloc(n, sizeof(*o->targets));
        if (o->targets == NULL)
                return err_set(err, -ENOMEM, "read the targets");
        for (; o->n_targets < n && r == 0; o->n_targets++)
                r = GET_FIELDS(link_fields, json_array_get(targets, o->n_targets),
                        &o->targets[o->n_targets], err);
        for (size_t i = 0; i < o->n_targets && r == 0; i++)
                if (o->targets[i].name == NULL || o->targets[i].target == NULL ||
                        o->targets[i].member == NULL)
                        r = err_set(err, -EBADMSG, "a link is incomplete");
        return r;
}

static int get_phase(const json_t *from, enum phase *ret)
{
        const char *text = json_string_value(json_object_get(from, "phase"));

        return text != NULL ? phase_parse(text, ret) : 0;
}

static int get_tasks(const json_t *from, struct run *run, struct err *err)
{
        json_t *tasks = json_object_get(from, "tasks"), *item;
        size_t i;
        int r = get_phase(from, &run->phase);

        json_array_foreach (tasks, i, item) {
                struct task *t = r == 0 ? run_add_task(run, TASK_BACKUP, "") : NULL;

                if (t == NULL)
                        break;
                r = GET_FIELDS(task_fields, item, t, err);
                if (r == 0 && t->verb == TASK_SCHEDULE)
                        r = task_reach(t) != NULL ? GET_FIELDS(reached_fields, item, t->reached, err) : -ENOMEM;
                run_index_task(t);
                if (r == 0)
                        r = get_phase(item, &t->phase);
        }
        if (r == 0 && run->n_tasks != json_array_size(tasks))
                r = -ENOMEM;
        return r;
}

static int get_standing(const json_t *from, struct object *o, struct err *err)
{
        int r;

        if (from == NULL)
                return 0;
        r = object_add_standing(o) != NULL ? get_tasks(from, o->standing, err) : -ENOMEM;
        return r < 0 ? err_wrap(err, r, "what is standing") : 0;
}

static int get_run(const json_t *from, struct object *o, struct err *err)
{
        const char *id = json_string_value(json_object_get(from, "id"));
        struct run *run;
        int r;

        if (id == NULL || strlen(id) > RUN_ID_LEN || object_run(o, id) != NULL)
                return err_set(err, -EBADMSG, "a run has no id of its own");
        run = object_add_run(o, id);
        if (run == NULL)
                return err_set(err, -ENOMEM, "read run %s", id);
        r = GET_FIELDS(run_fields, from, run, err);
        if (r == 0)
                r = get_tasks(from, run, err);
        return r < 0 ? err_wrap(err, r, "run %s", id) : 0;
}

int object_decode(struct object *o, const char *bytes, size_t len, struct err *err)
{
        const char *nl = memchr(bytes, '\n', len);
        json_error_t why;
        json_t *header, *item;
        size_t i;
        int r;

        if (nl == NULL)
                return err_set(err, -EBADMSG, "the header does not end");
        header = json_loadb(bytes, (size_t)(nl - bytes), JSON_REJECT_DUPLICATES, &why);
        if (header == NULL)
                return err_set(err, -EBADMSG, "the header is not JSON: %s", why.text);
        len -= (size_t)(nl + 1 - bytes);
        bytes = nl + 1;

        if (json_integer_value(json_object_get(header, "version")) != 1)
                r = err_set(err, -EBADMSG, "the record is of another version of fleetfs");
        else
                r = GET_FIELDS(object_fields, header, o, err);
        if (r == 0)
                r = get_document(
                        json_object_get(header, "in_force"), &o->in_force, &bytes, &len, err);
        if (r == 0)
                r = get_document(json_object_get(header, "draft"), &o->draft, &bytes, &len, err);
        if (r == 0)
                r = get_document(json_object_get(header, "synced"), &o->synced, &bytes, &len, err);
        if (r == 0 && json_object_get(header, "draft_err") != NULL)
                r = GET_FIELDS(
                        err_fields, json_object_get(header, "draft_err"), &o->draft_err, err);
        if (r == 0)
                r = get_links(header, o, err);
        if (r == 0)
                r = get_standing(json_object_get(header, "standing"), o, err);
        json_array_foreach (json_object_get(header, "runs"), i, item) {
                if (r == 0)
                        r = get_run(item, o, err);
        }
        if (r == 0 && json_object_get(header, "removal_uid") != NULL) {
                o->removal_at_ms = 1; /* a time of another boot: acting_loaded() sets a new one */
                o->removal_uid =
                        (uint32_t)json_integer_value(json_object_get(header, "removal_uid"));
        }
        if (r == 0 && len != 0)
                r = err_set(err, -EBADMSG, "%zu bytes are too many", len);
        json_decref(header);
        return r;
}
