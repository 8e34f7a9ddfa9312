/* SPDX-License-Identifier: Apache-2.0 */
/* GET, LIST and WATCH. */
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "tests/sim/api.h"
#include "tests/sim/watch.h"

/* The API server compresses from this size on. */
#define GZIP_MIN ((size_t)128 * 1024)

static void gzip_into(struct str *out, const struct str *in)
{
        z_stream z = { 0 };

        if (deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
                die("deflate");
        str_reserve(out, deflateBound(&z, in->len));
        z.next_in = (unsigned char *)in->s;
        z.avail_in = (unsigned)in->len;
        z.next_out = (unsigned char *)out->s;
        z.avail_out = (unsigned)out->cap;
        if (deflate(&z, Z_FINISH) != Z_STREAM_END)
                die("deflate");
        out->len = z.total_out;
        deflateEnd(&z);
}

void api_reply_json(struct exchange *x, int code, struct str *body)
{
        struct str packed = { 0 };

        exchange_header(x, "cache-control", "no-cache, private");
        if (!x->accepts_gzip || body->len < GZIP_MIN) {
                exchange_reply(x, code, "application/json", body);
                return;
        }
        gzip_into(&packed, body);
        str_done(body);
        exchange_header(x, "content-encoding", "gzip");
        exchange_header(x, "vary", "Accept-Encoding");
        exchange_reply(x, code, "application/json", &packed);
}

void api_reply_doc(struct exchange *x, int code, const struct doc *d)
{
        struct str body = { 0 };

        str_add(&body, doc_json(d), d->json_len);
        str_putc(&body, '\n');
        api_reply_json(x, code, &body);
}

void api_not_found(struct api_request *r)
{
        struct status_about about = { .type = r->type, .name = r->name };

        status_reply(r->x, 404, &about, "%s \"%s\" not found", r->type->crd_name, r->name);
}

void api_get(struct api_request *r)
{
        struct doc *d = table_find(r->table, r->ns, r->name);

        if (*r->subresource && (r->type->no_status || strcmp(r->subresource, "status") != 0)) {
                status_reply(r->x, 404, NULL, "the server could not find the requested resource");
                return;
        }
        if (!d)
                api_not_found(r);
        else
                api_reply_doc(r->x, 200, d);
}

/* Both selectors of a list or watch. On failure answers and returns -1. */
static int api_selectors(struct api_request *r, struct selector *labels, struct selector *fields)
{
        struct str why = { 0 };

        if (selector_parse(labels, exchange_param(r->x, "labelSelector"), &why) < 0 ||
                selector_parse(fields, exchange_param(r->x, "fieldSelector"), &why) < 0) {
                status_reply(r->x, 400, NULL, "%s", why.s);
                str_done(&why);
                selector_done(labels);
                selector_done(fields);
                return -1;
        }
        for (size_t i = 0; !r->type->builtin && i < fields->n; i++) {
                const char *key = fields->v[i].key;

                if (strcmp(key, "metadata.name") == 0 || strcmp(key, "metadata.namespace") == 0)
                        continue;
                status_reply(r->x, 400, NULL, "field label not supported: %s", key);
                selector_done(labels);
                selector_done(fields);
                return -1;
        }
        return 0;
}

/* ---- continue tokens: unpadded base64url of {"v":"meta.k8s.io/v1","rv":1,"start":"key"} ---- */

static char *token_encode(uint64_t rv, const char *key)
{
        struct str plain = { 0 };
        char *out;

        str_printf(
                &plain, "{\"v\":\"meta.k8s.io/v1\",\"rv\":%llu,\"start\":", (unsigned long long)rv);
        str_json(&plain, key);
        str_putc(&plain, '}');
        out = mem_zalloc(4 * ((plain.len + 2) / 3) + 1);
        EVP_EncodeBlock((unsigned char *)out, (const unsigned char *)plain.s, (int)plain.len);
        for (char *p = out; *p; p++)
                *p = *p == '+' ? '-' : *p == '/' ? '_' : *p;
        out[strcspn(out, "=")] = '\0';
        str_done(&plain);
        return out;
}

static int token_decode(const char *token, uint64_t *rv, char **key)
{
        size_t n = strlen(token), padded = (n + 3) / 4 * 4;
        _cleanup_(freep) char *text = mem_zalloc(padded + 1), *plain = mem_zalloc(padded + 1);
        json_t *t;

        memset(text, '=', padded);
        for (size_t i = 0; i < n; i++)
                text[i] = token[i] == '-' ? '+' : token[i] == '_' ? '/' : token[i];
        if (EVP_DecodeBlock((unsigned char *)plain, (const unsigned char *)text, (int)padded) < 0)
                return -1;
        t = json_loads(plain, JSON_DISABLE_EOF_CHECK, NULL);
        *key = mem_strdup(json_string_value(json_object_get(t, "start")));
        *rv = (uint64_t)json_integer_value(json_object_get(t, "rv"));
        json_decref(t);
        return *key ? 0 : -1;
}

/* The head of a list up to its items, or behind them: typed and custom resources differ. */
static void list_metadata(struct str *out, uint64_t rv, const char *token, size_t remaining)
{
        str_puts(out, "\"metadata\":{");
        if (token) {
                str_printf(out, "\"continue\":\"%s\",", token);
                /* With a selector the server does not count what is left. */
                if (remaining)
                        str_printf(out, "\"remainingItemCount\":%zu,", remaining);
        }
        str_printf(out, "\"resourceVersion\":\"%llu\"}", (unsigned long long)rv);
}

/* Items of typed lists come without apiVersion and kind. */
static void list_item(struct str *out, const struct restype *type, const struct doc *d)
{
        size_t head = type->builtin ? strlen(type->head) : 0;

        if (head)
                str_putc(out, '{');
        str_add(out, doc_json(d) + head, d->json_len - head);
}

struct page {
        struct doc **v;
        size_t n;
        uint64_t rv;
        char *token; /* NULL on the last page */
        size_t remaining;
};

/* Picks the docs of a page that starts behind @after as of @rv. Returns -1 when @rv is forgotten.
 */
static int page_pick(struct api_request *r, const struct selector *labels,
        const struct selector *fields, uint64_t rv, const char *after, size_t limit,
        struct page *page)
{
        struct table *t = r->table;
        size_t max = t->n + t->n_events;
        struct doc **all = mem_realloc(NULL, (max ? max : 1) * sizeof *all);
        size_t ns_len = strlen(r->ns);
        ssize_t n = table_at(t, rv, after, all, max);

        *page = (struct page){ .v = all, .rv = rv };
        if (n < 0)
                return -1;
        for (ssize_t i = 0; i < n; i++) {
                struct doc *d = all[i];

                if (ns_len && (d->ns_len != ns_len || memcmp(doc_key(d), r->ns, ns_len) != 0))
                        continue;
                if (!selector_match_labels(labels, doc_json(d)) ||
                        !selector_match_fields(fields, doc_json(d)))
                        continue;
                if (limit && page->n == limit) {
                        if (!page->token)
                                page->token = token_encode(rv, doc_key(all[page->n - 1]));
                        page->remaining++;
                } else {
                        all[page->n++] = d;
                }
        }
        if (labels->n || fields->n)
                page->remaining = 0;
        return 0;
}

static void page_send(struct api_request *r, const struct page *page)
{
        struct str out = { 0 };
        const struct restype *type = r->type;
        size_t bytes = 512;

        for (size_t i = 0; i < page->n; i++)
                bytes += page->v[i]->json_len + 2;
        str_reserve(&out, bytes);
        if (type->builtin) {
                str_printf(&out, "{\"kind\":\"%sList\",\"apiVersion\":\"%s\",", type->kind,
                        type->api_version);
                list_metadata(&out, page->rv, page->token, page->remaining);
                str_putc(&out, ',');
        } else {
                str_printf(&out, "{\"apiVersion\":\"%s\",", type->api_version);
        }
        str_puts(&out, "\"items\":[");
        for (size_t i = 0; i < page->n; i++) {
                if (i)
                        str_putc(&out, ',');
                list_item(&out, type, page->v[i]);
        }
        str_putc(&out, ']');
        if (!type->builtin) {
                str_printf(&out, ",\"kind\":\"%sList\",", type->kind);
                list_metadata(&out, page->rv, page->token, page->remaining);
        }
        str_puts(&out, "}\n");
        api_reply_json(r->x, 200, &out);
}

/* A version of the future does not come: 504. The real server waits three seconds for it. */
static void list_future_version(struct api_request *r, unsigned long long rv)
{
        struct str out = { 0 };

        str_printf(&out,
                "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},"
                "\"status\":\"Failure\",\"message\":\"Timeout: Too large "
                "resource version: %llu, current: %llu\",\"reason\":\"Timeout\","
                "\"details\":{\"causes\":[{\"reason\":"
                "\"ResourceVersionTooLarge\",\"message\":\"Too large resource version\"}],"
                "\"retryAfterSeconds\":1},\"code\":504}\n",
                rv, (unsigned long long)r->cluster->rv);
        exchange_header(r->x, "retry-after", "1");
        exchange_reply(r->x, 504, "application/json", &out);
}

static void list_expired(struct api_request *r)
{
        status_reply(r->x, 410, NULL,
                "The provided continue parameter is too old to display a consistent list "
                "result. You can start a new list without the "
                "continue parameter.");
}

void api_list(struct api_request *r)
{
        struct selector labels = { 0 }, fields = { 0 };
        const char *limit = exchange_param(r->x, "limit");
        const char *token = exchange_param(r->x, "continue");
        const char *asked = exchange_param(r->x, "resourceVersion");
        uint64_t rv = r->cluster->rv;
        _cleanup_(freep) char *after = NULL;
        struct page page;

        if (api_selectors(r, &labels, &fields) < 0)
                return;
        if (token && *token && token_decode(token, &rv, &after) < 0) {
                status_reply(r->x, 400, NULL,
                        "invalid continue token: continue key is not valid: invalid character "
                        "looking for beginning of value");
        } else if (asked && strtoull(asked, NULL, 10) > r->cluster->rv) {
                list_future_version(r, strtoull(asked, NULL, 10));
        } else {
                if (page_pick(r, &labels, &fields, rv, after ? after : "",
                            limit ? strtoul(limit, NULL, 10) : 0, &page) < 0)
                        list_expired(r);
                else
                        page_send(r, &page);
                free(page.v);
                free(page.token);
        }
        selector_done(&labels);
        selector_done(&fields);
}

void api_watch(struct api_request *r)
{
        struct watch_options options = { .ns = r->ns };
        const char *rv = exchange_param(r->x, "resourceVersion");
        const char *timeout = exchange_param(r->x, "timeoutSeconds");
        struct str error = { 0 };

        if (api_selectors(r, &options.labels, &options.fields) < 0)
                return;
        options.bookmarks = exchange_param_true(r->x, "allowWatchBookmarks");
        options.initial_events = exchange_param_true(r->x, "sendInitialEvents");
        options.from_now = !rv || !*rv || strcmp(rv, "0") == 0;
        options.rv = rv ? strtoull(rv, NULL, 10) : 0;
        options.timeout_s = timeout ? (unsigned)strtoul(timeout, NULL, 10) : 0;
        if (!options.from_now && !options.initial_events && options.rv < r->table->forgotten_rv) {
                selector_done(&options.labels);
                selector_done(&options.fields);
                str_puts(&error, "{\"type\":\"ERROR\",\"object\":");
                status_expired(&error, options.rv, r->table->forgotten_rv);
                str_puts(&error, "}\n");
                exchange_reply(r->x, 200, "application/json", &error);
                return;
        }
        watch_start(r->table, r->x, &options);
        if (r->cluster->faults.half_watch_line)
                watch_break_all(r->table);
}
