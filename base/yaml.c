/* SPDX-License-Identifier: Apache-2.0 */
#include "base/yaml.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "base/yaml_children.h"
#include "base/yaml_private.h"
#include "base/yaml_syntax.h"

/*
 * libyaml turns the bytes into events; the composer below turns events into nodes and refuses what
 * events alone cannot show. It recurses once per level, LIMIT_YAML_DEPTH at most.
 *
 * An alias is the anchored node itself, so the tree is a graph without cycles whose written-out
 * size can be far above its memory ("billion laughs"). Each node therefore knows its written-out
 * cost and height when it is complete, an anchor can only be used once its node is complete (no
 * cycles), and each use of an alias is charged with the whole cost.
 */

/* --- the composer --- */

struct anchor {
        const char *name;
        const struct yaml_node *node; /* NULL while its content is being read */
};

struct composer {
        yaml_parser_t parser;
        const char *bytes; /* the input without its byte order mark */
        size_t len;
        const struct yaml_options *options;
        struct yaml_docs *docs;
        struct anchor anchors[LIMIT_YAML_ALIASES]; /* of the current document */
        size_t n_anchors;
        size_t n_nodes, n_aliases, alias_cost;
};

__attribute__((format(printf, 5, 6))) static int refuse_at(
        struct err *err, int code, yaml_mark_t mark, const char *id, const char *fmt, ...)
{
        va_list ap;

        va_start(ap, fmt);
        (void)err_setv(err, code, fmt, ap);
        va_end(ap);
        (void)err_place(err, (int)mark.line + 1, (int)mark.column + 1);
        (void)err_id(err, id);
        return code;
}

/* The place of a byte of the input; what lies behind its end counts as the end. */
static yaml_mark_t mark_of_offset(const struct composer *c, size_t offset)
{
        size_t end = offset < c->len ? offset : c->len, line_start = 0;
        yaml_mark_t mark = { .index = end };

        for (size_t i = 0; i < end; i++) {
                if (c->bytes[i] == '\n' ||
                        (c->bytes[i] == '\r' && i + 1 < c->len && c->bytes[i + 1] != '\n')) {
                        mark.line++;
                        line_start = i + 1;
                }
        }
        mark.column = utf8_count(c->bytes + line_start, end - line_start);
        return mark;
}

/* The byte of a mark, whose index counts characters. */
static size_t offset_of_mark(const struct composer *c, yaml_mark_t mark)
{
        size_t offset = 0;

        for (size_t i = 0; i < mark.index && offset < c->len; i++)
                offset += utf8_sequence(c->bytes + offset, c->len - offset);
        return offset;
}

/* --- what libyaml refuses, in our words --- */

/*
 * True if the mistake at the offset is a tab: the character itself, or the line's indentation where
 * that means something (inside brackets it does not).
 */
static bool is_tab_mistake(const struct composer *c, size_t offset, size_t *ret)
{
        size_t start = offset;

        if (offset < c->len && c->bytes[offset] == '\t') {
                *ret = offset;
                return true;
        }
        if (c->parser.flow_level > 0)
                return false;
        while (start > 0 && c->bytes[start - 1] != '\n' && c->bytes[start - 1] != '\r')
                start--;
        while (start < c->len && c->bytes[start] == ' ')
                start++;
        *ret = start;
        return start < c->len && c->bytes[start] == '\t';
}

/* Translates the error that libyaml stopped with. */
static int refuse_syntax(const struct composer *c, struct err *err)
{
        const yaml_parser_t *p = &c->parser;
        const char *problem = p->problem ? p->problem : "the YAML cannot be read";
        const char *context = p->context ? p->context : "";
        const struct yaml_complaint *complaint = yaml_complaint_find(problem, context);
        yaml_mark_t mark = p->problem_mark;
        size_t tab;

        if (p->error == YAML_MEMORY_ERROR)
                return yaml_no_memory(err);
        if (p->error == YAML_READER_ERROR) {
                mark = mark_of_offset(c, p->problem_offset);
        } else if (is_tab_mistake(c, offset_of_mark(c, mark), &tab)) {
                (void)refuse_at(err, -EINVAL, mark_of_offset(c, tab), ERR_ID_SYNTAX,
                        "a tab is used for indentation");
                (void)err_remedy(err, "use spaces");
                return -EINVAL;
        }
        if (!complaint) {
                (void)refuse_at(err, -EINVAL, mark, ERR_ID_SYNTAX, "%s%s%s", problem,
                        *context ? " " : "", context);
                (void)err_remedy(err, "mend it; a text with special characters needs quotes");
                return -EINVAL;
        }
        (void)refuse_at(err, -EINVAL, complaint->at_context ? p->context_mark : mark, ERR_ID_SYNTAX,
                "%s", complaint->msg);
        (void)err_remedy(err, "%s", complaint->remedy);
        return -EINVAL;
}

/* --- events to nodes --- */

static int next_event(struct composer *c, yaml_event_t *event, struct err *err)
{
        if (!yaml_parser_parse(&c->parser, event))
                return refuse_syntax(c, err);
        return 0;
}

static int new_node(struct composer *c, const yaml_event_t *event, enum yaml_kind kind,
        enum yaml_type type, struct yaml_node **ret, struct err *err)
{
        struct yaml_node *node;

        if (c->n_nodes == LIMIT_YAML_NODES) {
                (void)refuse_at(err, -EFBIG, event->start_mark, ERR_ID_TOO_LARGE,
                        "the document has more than %d values", LIMIT_YAML_NODES);
                (void)err_remedy(err, "split it into several files");
                return -EFBIG;
        }
        node = arena_alloc(c->docs->arena, sizeof(*node));
        if (!node)
                return yaml_no_memory(err);
        c->n_nodes++;
        node->kind = kind;
        node->type = type;
        node->line = (int)event->start_mark.line + 1;
        node->column = (int)event->start_mark.column + 1;
        node->text = "";
        node->cost = 1;
        node->height = 1;
        *ret = node;
        return 0;
}

static int check_depth(const yaml_event_t *event, unsigned depth, struct err *err)
{
        if (depth <= LIMIT_YAML_DEPTH)
                return 0;
        (void)refuse_at(err, -EINVAL, event->start_mark, ERR_ID_DEPTH,
                "values are nested more than %d deep", LIMIT_YAML_DEPTH);
        (void)err_remedy(err, "nest less");
        return -EINVAL;
}

#define TAG_CORE "tag:yaml.org,2002:"

static int refuse_tag(const yaml_event_t *event, const char *tag, struct err *err)
{
        (void)refuse_at(err, -EINVAL, event->start_mark, ERR_ID_SYNTAX,
                "the tag \"%s\" does not fit this value", tag);
        (void)err_remedy(err, "remove the tag");
        return -EINVAL;
}

/* A list or mapping may be tagged as just that. */
static int check_collection_tag(
        const yaml_event_t *event, const yaml_char_t *tag, const char *name, struct err *err)
{
        const char *t = (const char *)tag;

        if (!t || strcmp(t, "!") == 0)
                return 0;
        if (strncmp(t, TAG_CORE, strlen(TAG_CORE)) == 0 && strcmp(t + strlen(TAG_CORE), name) == 0)
                return 0;
        return refuse_tag(event, t, err);
}

/* The type that a scalar's style, tag and text give it. */
static int resolve_scalar(const yaml_event_t *event, struct yaml_node *node, struct err *err)
{
        static const struct {
                const char *tag;
                enum yaml_type type;
        } rows[] = {
                { "null", YAML_TYPE_NULL },
                { "bool", YAML_TYPE_BOOL },
                { "int", YAML_TYPE_INT },
                { "float", YAML_TYPE_FLOAT },
        };
        const char *tag = (const char *)event->data.scalar.tag;
        enum yaml_type plain = yaml_resolve_plain(node->text, node->len, NULL);

        node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
        if (!tag) {
                node->type = node->quoted ? YAML_TYPE_STRING : plain;
                return 0;
        }
        if (strcmp(tag, "!") == 0 || strcmp(tag, TAG_CORE "str") == 0) {
                node->quoted = true;
                node->type = YAML_TYPE_STRING;
                return 0;
        }
        if (strncmp(tag, TAG_CORE, strlen(TAG_CORE)) != 0)
                return refuse_tag(event, tag, err);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                if (strcmp(tag + strlen(TAG_CORE), rows[i].tag) != 0)
                        continue;
                if (plain != rows[i].type &&
                        !(plain == YAML_TYPE_INT && rows[i].type == YAML_TYPE_FLOAT))
                        break;
                node->quoted = false;
                node->type = rows[i].type;
                return 0;
        }
        return refuse_tag(event, tag, err);
}

static int compose_scalar(
        struct composer *c, const yaml_event_t *event, struct yaml_node **ret, struct err *err)
{
        const char *text = (const char *)event->data.scalar.value;
        size_t len = event->data.scalar.length;
        struct yaml_node *node;
        int r;

        if (memchr(text, '\0', len)) {
                (void)refuse_at(err, -EINVAL, event->start_mark, ERR_ID_ENCODING,
                        "the text holds a NUL character");
                (void)err_remedy(err, "remove the escape \\0");
                return -EINVAL;
        }
        r = new_node(c, event, YAML_SCALAR, YAML_TYPE_STRING, &node, err);
        if (r < 0)
                return r;
        node->text = arena_copy(c->docs->arena, text, len);
        if (!node->text)
                return yaml_no_memory(err);
        node->len = len;
        node->cost = 1 + len;
        r = resolve_scalar(event, node, err);
        if (r < 0)
                return r;
        *ret = node;
        return 0;
}

/* Looks the alias up, charges for it, and gives the anchored node itself. */
static int compose_alias(struct composer *c, const yaml_event_t *event, unsigned depth,
        const struct yaml_node **ret, struct err *err)
{
        const char *name = (const char *)event->data.alias.anchor;
        const struct anchor *anchor = NULL;

        for (size_t i = c->n_anchors; i > 0 && !anchor; i--)
                if (strcmp(c->anchors[i - 1].name, name) == 0)
                        anchor = &c->anchors[i - 1];
        if (!anchor) {
                (void)refuse_at(err, -EINVAL, event->start_mark, ERR_ID_ALIAS,
                        "the alias \"*%s\" has no anchor before it", name);
                (void)err_remedy(err, "quote it if it is text: \"*%s\"", name);
                return -EINVAL;
        }
        if (!anchor->node) {
                (void)refuse_at(err, -EINVAL, event->start_mark, ERR_ID_ALIAS,
                        "the alias \"*%s\" stands inside its own anchor", name);
                (void)err_remedy(err, "write the value out");
                return -EINVAL;
        }
        c->n_aliases++;
        c->alias_cost += anchor->node->cost;
        if (c->n_aliases > LIMIT_YAML_ALIASES || c->alias_cost > LIMIT_YAML_ALIAS_COST) {
                (void)refuse_at(err, -EINVAL, event->start_mark, ERR_ID_ALIAS,
                        "the aliases make the document too large");
                (void)err_remedy(err, "use fewer aliases; %d are allowed, with %u bytes in all",
                        LIMIT_YAML_ALIASES, LIMIT_YAML_ALIAS_COST);
                return -EINVAL;
        }
        *ret = anchor->node;
        return check_depth(event, depth - 1 + anchor->node->height, err);
}

static void node_account(struct yaml_node *node, const struct yaml_node *child)
{
        node->cost += child->cost;
        if (node->height <= child->height)
                node->height = child->height + 1;
}

static int compose_node(struct composer *c, const yaml_event_t *event, unsigned depth,
        const struct yaml_node **ret, struct err *err);

static int compose_sequence(
        struct composer *c, unsigned depth, struct yaml_node *node, struct err *err)
{
        _cleanup_(yaml_children_done) struct yaml_children children = { 0 };
        const struct yaml_node **items;
        int r;

        for (;;) {
                _cleanup_(yaml_event_delete) yaml_event_t event = { 0 };
                struct yaml_pair pair = { 0 };

                r = next_event(c, &event, err);
                if (r < 0)
                        return r;
                if (event.type == YAML_SEQUENCE_END_EVENT)
                        break;
                r = compose_node(c, &event, depth + 1, &pair.value, err);
                if (r == 0)
                        r = yaml_children_add(&children, pair, err);
                if (r < 0)
                        return r;
                node_account(node, pair.value);
        }
        items = arena_alloc(c->docs->arena, children.n * sizeof(struct yaml_node *));
        if (!items)
                return yaml_no_memory(err);
        for (size_t i = 0; i < children.n; i++)
                items[i] = children.v[i].value;
        node->items = items;
        node->n = children.n;
        return 0;
}

static int check_key(const yaml_event_t *event, const struct yaml_node *key, struct err *err)
{
        if (key->kind != YAML_SCALAR) {
                (void)refuse_at(err, -EINVAL, event->start_mark, ERR_ID_SYNTAX, "the key is %s",
                        yaml_type_name(key->type));
                (void)err_remedy(err, "use text as the key; quote it if it begins with [ or {");
                return -EINVAL;
        }
        if (key->type == YAML_TYPE_NULL) {
                (void)refuse_at(err, -EINVAL, event->start_mark, ERR_ID_SYNTAX, "the key is %s",
                        key->len ? "null" : "missing");
                (void)err_remedy(err, key->len ? "quote it" : "write a key before the colon");
                return -EINVAL;
        }
        return 0;
}

static bool is_merge_key(const struct yaml_node *key)
{
        return !key->quoted && strcmp(key->text, "<<") == 0;
}

/* A mapping while it is being read. */
struct draft {
        struct yaml_children pairs;  /* as written */
        struct yaml_children merged; /* what its merge key brings in */
        const struct yaml_node *merge_key;
};

static void draft_done(struct draft *draft)
{
        yaml_children_done(&draft->pairs);
        yaml_children_done(&draft->merged);
}

/* Reads one "key: value" after the key's event. */
static int compose_pair(struct composer *c, const yaml_event_t *key_event, unsigned depth,
        struct draft *draft, struct err *err)
{
        _cleanup_(yaml_event_delete) yaml_event_t event = { 0 };
        struct yaml_pair pair = { 0 };
        int r;

        r = compose_node(c, key_event, depth, &pair.key, err);
        if (r == 0)
                r = check_key(key_event, pair.key, err);
        if (r == 0)
                r = next_event(c, &event, err);
        if (r == 0)
                r = compose_node(c, &event, depth, &pair.value, err);
        if (r < 0)
                return r;
        if (!is_merge_key(pair.key))
                return yaml_children_add(&draft->pairs, pair, err);
        if (draft->merge_key)
                return yaml_refuse_duplicate(draft->merge_key, pair.key, err);
        draft->merge_key = pair.key;
        return yaml_children_merge(&draft->merged, pair.value, err);
}

static int compose_mapping(
        struct composer *c, unsigned depth, struct yaml_node *node, struct err *err)
{
        _cleanup_(draft_done) struct draft draft = { 0 };
        struct yaml_children *pairs = &draft.pairs;
        size_t n_explicit;
        int r;

        for (;;) {
                _cleanup_(yaml_event_delete) yaml_event_t event = { 0 };

                r = next_event(c, &event, err);
                if (r < 0)
                        return r;
                if (event.type == YAML_MAPPING_END_EVENT)
                        break;
                r = compose_pair(c, &event, depth + 1, &draft, err);
                if (r < 0)
                        return r;
        }
        n_explicit = pairs->n;
        for (size_t i = 0; i < draft.merged.n; i++) {
                r = yaml_children_add(pairs, draft.merged.v[i], err);
                if (r < 0)
                        return r;
        }
        r = yaml_children_unique(pairs, n_explicit, err);
        if (r < 0)
                return r;
        for (size_t i = 0; i < pairs->n; i++) {
                node_account(node, pairs->v[i].key);
                node_account(node, pairs->v[i].value);
        }
        node->pairs = arena_copy(c->docs->arena, pairs->v, pairs->n * sizeof(*pairs->v));
        if (!node->pairs)
                return yaml_no_memory(err);
        node->n = pairs->n;
        return 0;
}

/* Registers the anchor of a node whose content is about to be read; *ret is its index, or -1
 * without one. */
static int open_anchor(struct composer *c, const yaml_event_t *event, const yaml_char_t *name,
        int *ret, struct err *err)
{
        struct anchor *anchor = &c->anchors[c->n_anchors];

        *ret = -1;
        if (!name)
                return 0;
        if (c->n_anchors == ARRAY_SIZE(c->anchors)) {
                (void)refuse_at(err, -EINVAL, event->start_mark, ERR_ID_ALIAS,
                        "the document has more than %d anchors", LIMIT_YAML_ALIASES);
                (void)err_remedy(err, "use fewer anchors");
                return -EINVAL;
        }
        anchor->node = NULL;
        anchor->name = arena_copy(c->docs->arena, name, strlen((const char *)name));
        if (!anchor->name)
                return yaml_no_memory(err);
        *ret = (int)c->n_anchors++;
        return 0;
}

/* A sequence or mapping and everything in it. */
static int compose_collection(struct composer *c, const yaml_event_t *event, unsigned depth,
        struct yaml_node **ret, struct err *err)
{
        bool is_mapping = event->type == YAML_MAPPING_START_EVENT;
        struct yaml_node *node;
        int r;

        r = is_mapping ? check_collection_tag(event, event->data.mapping_start.tag, "map", err)
                       : check_collection_tag(event, event->data.sequence_start.tag, "seq", err);
        if (r == 0)
                r = is_mapping ? new_node(c, event, YAML_MAPPING, YAML_TYPE_MAPPING, &node, err)
                               : new_node(c, event, YAML_SEQUENCE, YAML_TYPE_SEQUENCE, &node, err);
        if (r == 0)
                r = is_mapping ? compose_mapping(c, depth, node, err)
                               : compose_sequence(c, depth, node, err);
        if (r == 0)
                *ret = node;
        return r;
}

static int compose_node(struct composer *c, const yaml_event_t *event, unsigned depth,
        const struct yaml_node **ret, struct err *err)
{
        const yaml_char_t *anchor_name = NULL;
        struct yaml_node *node = NULL;
        int anchor, r;

        if (event->type == YAML_ALIAS_EVENT)
                return compose_alias(c, event, depth, ret, err);
        if (event->type == YAML_SCALAR_EVENT)
                anchor_name = event->data.scalar.anchor;
        else if (event->type == YAML_SEQUENCE_START_EVENT)
                anchor_name = event->data.sequence_start.anchor;
        else if (event->type == YAML_MAPPING_START_EVENT)
                anchor_name = event->data.mapping_start.anchor;
        r = check_depth(event, depth, err);
        if (r == 0)
                r = open_anchor(c, event, anchor_name, &anchor, err);
        if (r == 0)
                r = event->type == YAML_SCALAR_EVENT
                            ? compose_scalar(c, event, &node, err)
                            : compose_collection(c, event, depth, &node, err);
        if (r < 0)
                return r;
        if (anchor >= 0)
                c->anchors[anchor].node = node;
        *ret = node;
        return 0;
}

/* --- documents --- */

/* Adds the document that the event begins, unless it holds nothing. */
static int compose_document(struct composer *c, const yaml_event_t *start, struct err *err)
{
        _cleanup_(yaml_event_delete) yaml_event_t event = { 0 }, end = { 0 };
        const struct yaml_node *root, **roots;
        struct yaml_docs *docs = c->docs;
        int r;

        c->n_anchors = 0;
        r = next_event(c, &event, err);
        if (r == 0)
                r = compose_node(c, &event, 1, &root, err);
        if (r == 0)
                r = next_event(c, &end, err);
        if (r < 0)
                return r;
        if (yaml_is_null(root))
                return 0;
        if (docs->n == 1 && !c->options->multi) {
                (void)refuse_at(err, -EINVAL, start->start_mark, ERR_ID_DOCUMENTS,
                        "a second document begins here, only one is expected");
                (void)err_remedy(err, "write it to a file of its own");
                return -EINVAL;
        }
        roots = reallocarray(docs->roots, docs->n + 1, sizeof(*roots));
        if (!roots)
                return yaml_no_memory(err);
        docs->roots = roots;
        docs->roots[docs->n++] = root;
        return 0;
}

static int compose_stream(struct composer *c, struct err *err)
{
        for (;;) {
                _cleanup_(yaml_event_delete) yaml_event_t event = { 0 };
                int r = next_event(c, &event, err);

                if (r == 0 && event.type == YAML_STREAM_END_EVENT)
                        break;
                if (r == 0 && event.type == YAML_DOCUMENT_START_EVENT)
                        r = compose_document(c, &event, err);
                if (r < 0)
                        return r;
        }
        if (c->docs->n > 0)
                return 0;
        (void)refuse_at(err, -EINVAL, (yaml_mark_t){ 0 }, ERR_ID_EMPTY, "the document is empty");
        (void)err_remedy(err, "write its fields");
        return -EINVAL;
}

/* What must hold before libyaml sees a byte. */
static int check_bytes(struct composer *c, struct err *err)
{
        size_t valid;
        const char *nul;

        if (c->len > c->options->max_bytes) {
                (void)err_set(err, -EFBIG, "the document has %zu bytes, at most %zu are allowed",
                        c->len, c->options->max_bytes);
                (void)err_id(err, ERR_ID_TOO_LARGE);
                (void)err_remedy(err, "make it smaller, or split it");
                return -EFBIG;
        }
        if (c->len >= 2 &&
                (memcmp(c->bytes, "\xFF\xFE", 2) == 0 || memcmp(c->bytes, "\xFE\xFF", 2) == 0)) {
                (void)refuse_at(err, -EINVAL, (yaml_mark_t){ 0 }, ERR_ID_ENCODING,
                        "the document is UTF-16");
                (void)err_remedy(err, "save it as UTF-8");
                return -EINVAL;
        }
        valid = utf8_valid_prefix(c->bytes, c->len);
        nul = valid ? memchr(c->bytes, '\0', valid) : NULL;
        if (nul) {
                (void)refuse_at(err, -EINVAL, mark_of_offset(c, (size_t)(nul - c->bytes)),
                        ERR_ID_ENCODING, "the byte at offset %zu is NUL", (size_t)(nul - c->bytes));
                (void)err_remedy(err, "save it as UTF-8 text");
                return -EINVAL;
        }
        if (valid < c->len) {
                (void)refuse_at(err, -EINVAL, mark_of_offset(c, valid), ERR_ID_ENCODING,
                        "the byte 0x%02X at offset %zu is not UTF-8",
                        (unsigned char)c->bytes[valid], valid);
                (void)err_remedy(err, "save it as UTF-8");
                return -EINVAL;
        }
        if (c->len >= 3 && memcmp(c->bytes, "\xEF\xBB\xBF", 3) == 0) {
                c->bytes += 3;
                c->len -= 3;
        }
        return 0;
}

static void composer_free(struct composer *c)
{
        yaml_docs_free(c->docs);
        yaml_parser_delete(&c->parser);
        free(c);
}
DEFINE_CLEANUP(struct composer *, composer_free);

int yaml_parse(const char *bytes, size_t len, const struct yaml_options *options,
        struct yaml_docs **ret, struct err *err)
{
        _cleanup_(composer_freep) struct composer *c = calloc(1, sizeof(*c));
        int r;

        if (!c)
                return yaml_no_memory(err);
        c->bytes = bytes;
        c->len = len;
        c->options = options;
        r = check_bytes(c, err);
        if (r < 0)
                return r;
        c->docs = calloc(1, sizeof(*c->docs));
        if (!c->docs || arena_new(&c->docs->arena) < 0 || !yaml_parser_initialize(&c->parser))
                return yaml_no_memory(err);
        yaml_parser_set_encoding(&c->parser, YAML_UTF8_ENCODING);
        yaml_parser_set_input_string(&c->parser, (const unsigned char *)c->bytes, c->len);
        r = compose_stream(c, err);
        if (r < 0)
                return r;
        *ret = TAKE(c->docs);
        return 0;
}

void yaml_docs_free(struct yaml_docs *docs)
{
        if (!docs)
                return;
        arena_free(docs->arena);
        free(docs->roots);
        free(docs);
}
