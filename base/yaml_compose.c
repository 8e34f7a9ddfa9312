/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libyaml turns the bytes into events; the composer turns events into nodes and refuses what
 * events alone cannot show. It recurses once per level, LIMIT_YAML_DEPTH at most.
 *
 * An alias is the anchored node itself, so the tree is a graph without cycles whose written-out
 * size can be far above its memory ("billion laughs"). Each node therefore knows its written-out
 * cost and height when it is complete, an anchor can only be used once its node is complete (no
 * cycles), and each use of an alias is charged with the whole cost.
 */
#include "base/yaml_compose.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/yaml_children.h"
#include "base/yaml_private.h"

static int new_node(struct yaml_composer *c, const yaml_event_t *event, enum yaml_kind kind,
        enum yaml_type type, struct yaml_node **ret, struct err *err)
{
        struct yaml_node *node;

        if (c->n_nodes == LIMIT_YAML_NODES) {
                (void)yaml_refuse_at(err, -EFBIG, event->start_mark, ERR_ID_TOO_LARGE,
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
        (void)yaml_refuse_at(err, -EINVAL, event->start_mark, ERR_ID_DEPTH,
                "values are nested more than %d deep", LIMIT_YAML_DEPTH);
        (void)err_remedy(err, "nest less");
        return -EINVAL;
}

#define TAG_CORE "tag:yaml.org,2002:"

static int refuse_tag(const yaml_event_t *event, const char *tag, struct err *err)
{
        (void)yaml_refuse_at(err, -EINVAL, event->start_mark, ERR_ID_SYNTAX,
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
        struct yaml_composer *c, const yaml_event_t *event, struct yaml_node **ret, struct err *err)
{
        const char *text = (const char *)event->data.scalar.value;
        size_t len = event->data.scalar.length;
        struct yaml_node *node = NULL;
        int r;

        if (memchr(text, '\0', len)) {
                (void)yaml_refuse_at(err, -EINVAL, event->start_mark, ERR_ID_ENCODING,
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
static int compose_alias(struct yaml_composer *c, const yaml_event_t *event, unsigned depth,
        const struct yaml_node **ret, struct err *err)
{
        const char *name = (const char *)event->data.alias.anchor;
        const struct yaml_anchor *anchor = NULL;

        for (size_t i = c->n_anchors; i > 0 && !anchor; i--)
                if (strcmp(c->anchors[i - 1].name, name) == 0)
                        anchor = &c->anchors[i - 1];
        if (!anchor) {
                (void)yaml_refuse_at(err, -EINVAL, event->start_mark, ERR_ID_ALIAS,
                        "the alias \"*%s\" has no anchor before it", name);
                (void)err_remedy(err, "quote it if it is text: \"*%s\"", name);
                return -EINVAL;
        }
        if (!anchor->node) {
                (void)yaml_refuse_at(err, -EINVAL, event->start_mark, ERR_ID_ALIAS,
                        "the alias \"*%s\" stands inside its own anchor", name);
                (void)err_remedy(err, "write the value out");
                return -EINVAL;
        }
        c->n_aliases++;
        c->alias_cost += anchor->node->cost;
        if (c->n_aliases > LIMIT_YAML_ALIASES || c->alias_cost > LIMIT_YAML_ALIAS_COST) {
                (void)yaml_refuse_at(err, -EINVAL, event->start_mark, ERR_ID_ALIAS,
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

static int compose_sequence(
        struct yaml_composer *c, unsigned depth, struct yaml_node *node, struct err *err)
{
        _cleanup_(yaml_children_done) struct yaml_children children = { 0 };
        const struct yaml_node **items;
        int r;

        for (;;) {
                _cleanup_(yaml_event_delete) yaml_event_t event = { 0 };
                struct yaml_pair pair = { 0 };

                r = yaml_next_event(c, &event, err);
                if (r < 0)
                        return r;
                if (event.type == YAML_SEQUENCE_END_EVENT)
                        break;
                r = yaml_compose_node(c, &event, depth + 1, &pair.value, err);
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
                (void)yaml_refuse_at(err, -EINVAL, event->start_mark, ERR_ID_SYNTAX, "the key is %s",
                        yaml_type_name(key->type));
                (void)err_remedy(err, "use text as the key; quote it if it begins with [ or {");
                return -EINVAL;
        }
        if (key->type == YAML_TYPE_NULL) {
                (void)yaml_refuse_at(err, -EINVAL, event->start_mark, ERR_ID_SYNTAX, "the key is %s",
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
static int compose_pair(struct yaml_composer *c, const yaml_event_t *key_event, unsigned depth,
        struct draft *draft, struct err *err)
{
        _cleanup_(yaml_event_delete) yaml_event_t event = { 0 };
        struct yaml_pair pair = { 0 };
        int r;

        r = yaml_compose_node(c, key_event, depth, &pair.key, err);
        if (r == 0)
                r = check_key(key_event, pair.key, err);
        if (r == 0)
                r = yaml_next_event(c, &event, err);
        if (r == 0)
                r = yaml_compose_node(c, &event, depth, &pair.value, err);
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
        struct yaml_composer *c, unsigned depth, struct yaml_node *node, struct err *err)
{
        _cleanup_(draft_done) struct draft draft = { 0 };
        struct yaml_children *pairs = &draft.pairs;
        size_t n_explicit;
        int r;

        for (;;) {
                _cleanup_(yaml_event_delete) yaml_event_t event = { 0 };

                r = yaml_next_event(c, &event, err);
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
static int open_anchor(struct yaml_composer *c, const yaml_event_t *event, const yaml_char_t *name,
        int *ret, struct err *err)
{
        struct yaml_anchor *anchor = &c->anchors[c->n_anchors];

        *ret = -1;
        if (!name)
                return 0;
        if (c->n_anchors == ARRAY_SIZE(c->anchors)) {
                (void)yaml_refuse_at(err, -EINVAL, event->start_mark, ERR_ID_ALIAS,
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
static int compose_collection(struct yaml_composer *c, const yaml_event_t *event, unsigned depth,
        struct yaml_node **ret, struct err *err)
{
        bool is_mapping = event->type == YAML_MAPPING_START_EVENT;
        struct yaml_node *node = NULL;
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

int yaml_compose_node(struct yaml_composer *c, const yaml_event_t *event, unsigned depth,
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
