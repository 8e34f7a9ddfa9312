/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/http_internal.h"
#include "base/limits.h"

/* From what a caller asks for to what a transfer needs: URL, headers, copies, defaults. */

/* libcurl's copies of the token are its own; ours is wiped. */
void http_headers_free(struct curl_slist *headers)
{
        for (struct curl_slist *h = headers; h; h = h->next)
                if (strncasecmp(h->data, "authorization:", 14) == 0)
                        explicit_bzero(h->data, strlen(h->data));
        curl_slist_free_all(headers);
}

/* A header must be one line: what follows a line break would be another header. */
static bool header_is_clean(const char *header)
{
        for (; *header; header++)
                if ((unsigned char)*header < ' ' && *header != '\t')
                        return false;
        return true;
}

static int add_header(struct http_transfer *t, const char *name, const char *value, struct err *err)
{
        _cleanup_(buf_wipe) struct buf line = BUF_INIT(LIMIT_HTTP_HEADER_BYTES);
        struct curl_slist *grown;
        int r = buf_reserve(&line, strlen(name) + strlen(value) + 3);

        if (r == 0)
                r = buf_printf(&line, "%s%s%s", name, *name ? ": " : "", value);
        if (r < 0)
                return err_set(err, r, "a header of more than %u bytes", LIMIT_HTTP_HEADER_BYTES);
        if (!header_is_clean(line.data))
                return err_set(err, -EINVAL, "a header with a line break or control character");
        grown = curl_slist_append(t->headers, line.data);
        if (!grown)
                return err_set(err, -ENOMEM, "out of memory");
        t->headers = grown;
        return 0;
}

static int add_headers(struct http_transfer *t, const struct http_request *rq, struct err *err)
{
        /* libcurl waits a second for the permission to send a large body unless told not to, and
         * invents a content type. */
        int r = add_header(t, "", "Expect:", err);

        for (const char *const *h = rq->headers; h && *h && r == 0; h++)
                r = add_header(t, "", *h, err);
        if (r == 0 && rq->authorization)
                r = add_header(t, "Authorization", rq->authorization, err);
        if (r == 0 && rq->body)
                r = add_header(t, "Content-Type",
                        rq->content_type ? rq->content_type : "application/octet-stream", err);
        return r;
}

static bool is_loopback(const char *host)
{
        return strcasecmp(host, "localhost") == 0 || strncmp(host, "127.", 4) == 0 ||
               strcmp(host, "[::1]") == 0;
}

struct url_parts {
        CURLU *url;
        char *scheme, *host, *port, *path;
};

static void url_parts_done(struct url_parts *u)
{
        curl_free(u->scheme);
        curl_free(u->host);
        curl_free(u->port);
        curl_free(u->path);
        curl_url_cleanup(u->url);
}

/*
 * libcurl has no option for the name that a server is asked and verified for. So the name goes into
 * the URL, CONNECT_TO leads to the real address, and the header Host says what the URL said.
 */
static int set_server_name(struct http_transfer *t, struct url_parts *u, struct err *err)
{
        _cleanup_(freep) char *to = NULL, *host = NULL;
        const char *name = t->host->tls_server_name;
        char *url = NULL;

        if (asprintf(&to, "%s:%s:%s:%s", name, u->port, u->host, u->port) < 0)
                to = NULL;
        if (asprintf(&host, "%s:%s", u->host, u->port) < 0)
                host = NULL;
        if (!to || !host || add_header(t, "Host", host, err) < 0)
                return err_set(err, -ENOMEM, "out of memory");
        t->connect_to = curl_slist_append(NULL, to);
        if (!t->connect_to)
                return err_set(err, -ENOMEM, "out of memory");
        if (curl_url_set(u->url, CURLUPART_HOST, name, 0) != CURLUE_OK ||
                curl_url_get(u->url, CURLUPART_URL, &url, 0) != CURLUE_OK)
                return err_set(err, -EINVAL, "tls-server-name \"%s\" is no host name", name);
        free(t->url);
        t->url = strdup(url);
        curl_free(url);
        return t->url ? 0 : err_set(err, -ENOMEM, "out of memory");
}

static int set_url(struct http_transfer *t, const char *url, struct err *err)
{
        _cleanup_(url_parts_done) struct url_parts u = { .url = curl_url() };
        CURLUcode code;

        t->url = strdup(url);
        if (!u.url || !t->url)
                return err_set(err, -ENOMEM, "out of memory");
        code = curl_url_set(u.url, CURLUPART_URL, url, CURLU_DISALLOW_USER);
        if (code == CURLUE_OK)
                code = curl_url_get(u.url, CURLUPART_SCHEME, &u.scheme, 0);
        if (code == CURLUE_OK && strcmp(u.scheme, "https") != 0 && strcmp(u.scheme, "http") != 0)
                code = CURLUE_UNSUPPORTED_SCHEME;
        if (code == CURLUE_OK)
                code = curl_url_get(u.url, CURLUPART_HOST, &u.host, 0);
        if (code == CURLUE_OK)
                code = curl_url_get(u.url, CURLUPART_PORT, &u.port, CURLU_DEFAULT_PORT);
        if (code == CURLUE_OK)
                code = curl_url_get(u.url, CURLUPART_PATH, &u.path, 0);
        if (code == CURLUE_OUT_OF_MEMORY)
                return err_set(err, -ENOMEM, "out of memory");
        if (code != CURLUE_OK) /* not the URL itself: it may be signed */
                return err_set(
                        err, -EINVAL, "not a URL of http or https: %s", curl_url_strerror(code));
        t->path = strdup(u.path);
        if (asprintf(&t->where, "%s:%s", u.host, u.port) < 0)
                t->where = NULL;
        if (!t->where || !t->path)
                return err_set(err, -ENOMEM, "out of memory");
        t->loopback = !t->host->proxy_url && is_loopback(u.host);
        if (t->host->tls_server_name && strcmp(u.scheme, "https") == 0)
                return set_server_name(t, &u, err);
        return 0;
}

static int64_t or_default(int64_t value, int64_t fallback)
{
        return value ? value : fallback;
}

int http_transfer_fill(struct http_transfer *t, const struct http_request *rq, struct err *err)
{
        const char *method = rq->method ? rq->method : "GET";
        int r;

        t->method = strdup(method);
        if (rq->body) {
                t->body = malloc(rq->body_len + 1);
                if (t->body)
                        memcpy(t->body, rq->body, rq->body_len);
        }
        if (!t->method || (rq->body && !t->body))
                return err_set(err, -ENOMEM, "out of memory");
        t->body_len = rq->body_len;
        t->flags = rq->flags;
        if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0)
                t->flags |= HTTP_IDEMPOTENT;
        t->max_redirects = rq->max_redirects;
        t->connect_ms = or_default(rq->connect_ms, LIMIT_CONNECT_MS);
        t->total_ms = or_default(rq->total_ms, LIMIT_REQUEST_MS);
        t->idle_ms = rq->idle_ms;
        t->max_body = rq->max_body; /* 0: only what is kept is bounded, by the buffer */
        t->on_head = rq->on_head;
        t->on_data = rq->on_data;
        t->on_done = rq->on_done;
        t->arg = rq->arg;
        r = set_url(t, rq->url, err);
        return r < 0 ? r : add_headers(t, rq, err);
}
