/* SPDX-License-Identifier: Apache-2.0 */
#include "base/yaml.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/utf8.h"
#include "base/yaml_compose.h"
#include "base/yaml_private.h"

/* Adds the document that the event begins, unless it holds nothing. */
static int compose_document(struct yaml_composer *c, const yaml_event_t *start, struct err *err)
{
        _cleanup_(yaml_event_delete) yaml_event_t event = { 0 }, end = { 0 };
        const struct yaml_node *root, **roots;
        struct yaml_docs *docs = c->docs;
        int r;

        c->n_anchors = 0;
        r = yaml_next_event(c, &event, err);
        if (r == 0)
                r = yaml_compose_node(c, &event, 1, &root, err);
        if (r == 0)
                r = yaml_next_event(c, &end, err);
        if (r < 0)
                return r;
        if (yaml_is_null(root))
                return 0;
        if (docs->n == 1 && !c->options->multi) {
                (void)yaml_refuse_at(err, -EINVAL, start->start_mark, ERR_ID_DOCUMENTS,
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

static int compose_stream(struct yaml_composer *c, struct err *err)
{
        for (;;) {
                _cleanup_(yaml_event_delete) yaml_event_t event = { 0 };
                int r = yaml_next_event(c, &event, err);

                if (r == 0 && event.type == YAML_STREAM_END_EVENT)
                        break;
                if (r == 0 && event.type == YAML_DOCUMENT_START_EVENT)
                        r = compose_document(c, &event, err);
                if (r < 0)
                        return r;
        }
        if (c->docs->n > 0)
                return 0;
        (void)yaml_refuse_at(err, -EINVAL, (yaml_mark_t){ 0 }, ERR_ID_EMPTY, "the document is empty");
        (void)err_remedy(err, "write its fields");
        return -EINVAL;
}

/* What must hold before libyaml sees a byte. */
static int check_bytes(struct yaml_composer *c, struct err *err)
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
                (void)yaml_refuse_at(err, -EINVAL, (yaml_mark_t){ 0 }, ERR_ID_ENCODING,
                        "the document is UTF-16");
                (void)err_remedy(err, "save it as UTF-8");
                return -EINVAL;
        }
        valid = utf8_valid_prefix(c->bytes, c->len);
        nul = valid ? memchr(c->bytes, '\0', valid) : NULL;
        if (nul) {
                (void)yaml_refuse_at(err, -EINVAL, yaml_mark_of_offset(c, (size_t)(nul - c->bytes)),
                        ERR_ID_ENCODING, "the byte at offset %zu is NUL", (size_t)(nul - c->bytes));
                (void)err_remedy(err, "save it as UTF-8 text");
                return -EINVAL;
        }
        if (valid < c->len) {
                (void)yaml_refuse_at(err, -EINVAL, yaml_mark_of_offset(c, valid), ERR_ID_ENCODING,
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

static void composer_free(struct yaml_composer *c)
{
        yaml_docs_free(c->docs);
        yaml_parser_delete(&c->parser);
        free(c);
}
DEFINE_CLEANUP(struct yaml_composer *, composer_free);

int yaml_parse(const char *bytes, size_t len, const struct yaml_options *options,
        struct yaml_docs **ret, struct err *err)
{
        _cleanup_(composer_freep) struct yaml_composer *c = calloc(1, sizeof(*c));
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
