/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/http_internal.h"

/*
 * libcurl says what happened as a code and a text. The code decides the errno and the sentence; its
 * text is used where it says more: the reason of a certificate, the errno of a broken connection.
 */

enum {
        TELL_TEXT = 1 << 0,    /* libcurl's text is the end of the sentence */
        TELL_ERRNO = 1 << 1,   /* the errno in libcurl's text wins over the row's */
        TELL_CONNECT = 1 << 2, /* the errno of connect(2) wins and ends the sentence */
        WHEN_HEADED = 1 << 3,  /* only after the response had begun */
};

static const struct error_row {
        CURLcode code;
        int error;
        unsigned flags;
        const char *before, *after; /* around host:port */
} rows[] = {
        { CURLE_COULDNT_RESOLVE_HOST, -ENOENT, 0, "resolve ", ": no such host, or no name server" },
        { CURLE_COULDNT_RESOLVE_PROXY, -ENOENT, 0, "resolve the proxy of ", ": no such host" },
        { CURLE_COULDNT_CONNECT, -EHOSTUNREACH, TELL_CONNECT, "connect to ", "" },
        { CURLE_PROXY, -EHOSTUNREACH, TELL_TEXT, "connect to ", " through its proxy" },
        { CURLE_PEER_FAILED_VERIFICATION, -EKEYREJECTED, TELL_TEXT, "certificate of ", "" },
        { CURLE_SSL_CONNECT_ERROR, -EPROTO, TELL_TEXT | TELL_ERRNO, "TLS with ", "" },
        { CURLE_SSL_CERTPROBLEM, -EINVAL, TELL_TEXT, "client certificate for ", "" },
        { CURLE_PARTIAL_FILE, -EPIPE, 0, "", ": the response was cut off" },
        { CURLE_RECV_ERROR, -EPIPE, WHEN_HEADED | TELL_ERRNO, "", ": the response was cut off" },
        { CURLE_HTTP2_STREAM, -EPIPE, WHEN_HEADED, "", ": the response was cut off" },
        { CURLE_HTTP2, -EPIPE, WHEN_HEADED, "", ": the response was cut off" },
        { CURLE_GOT_NOTHING, -ECONNRESET, 0, "", ": it closed the connection without a response" },
        { CURLE_RECV_ERROR, -ECONNRESET, TELL_ERRNO | TELL_TEXT, "", ": the connection broke" },
        { CURLE_SEND_ERROR, -ECONNRESET, TELL_ERRNO | TELL_TEXT, "", ": the connection broke" },
        { CURLE_HTTP2_STREAM, -EPROTO, TELL_TEXT, "", ": it refused the request" },
        { CURLE_HTTP2, -EPROTO, TELL_TEXT, "", ": broken HTTP/2" },
        { CURLE_WEIRD_SERVER_REPLY, -EPROTO, TELL_TEXT, "", ": that is no HTTP" },
        { CURLE_UNSUPPORTED_PROTOCOL, -EPROTO, TELL_TEXT, "", ": that is no HTTP" },
        { CURLE_BAD_CONTENT_ENCODING, -EPROTO, TELL_TEXT, "", ": a compressed response is broken" },
        { CURLE_TOO_MANY_REDIRECTS, -ELOOP, 0, "", ": too many redirects" },
        { CURLE_URL_MALFORMAT, -EINVAL, TELL_TEXT, "", ": not a URL" },
        { CURLE_OUT_OF_MEMORY, -ENOMEM, 0, "", ": out of memory" },
};

/* "…, errno 104" is how libcurl tells what TLS met. */
static int errno_in(const char *text)
{
        static const struct {
                const char *text;
                int error;
        } words[] = {
                { "Connection reset by peer", ECONNRESET },
                { "Connection timed out", ETIMEDOUT },
                { "No route to host", EHOSTUNREACH },
                { "Network is unreachable", ENETUNREACH },
                { "Broken pipe", ECONNRESET },
        };
        const char *at = strstr(text, "errno ");

        if (at)
                return atoi(at + strlen("errno "));
        for (size_t i = 0; i < ARRAY_SIZE(words); i++)
                if (strstr(text, words[i].text))
                        return words[i].error;
        return 0;
}

/* The part of libcurl's text that is not said yet. */
static const char *reason_of(const char *text)
{
        static const char *const prefixes[] = { "SSL certificate problem: ", "SSL: " };

        for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
                if (strncmp(text, prefixes[i], strlen(prefixes[i])) == 0)
                        return text + strlen(prefixes[i]);
        return text;
}

static void add_remedy(const struct http_failure *f, struct err *err)
{
        static const struct {
                const char *text, *remedy;
        } remedies[] = {
                { "unable to get local issuer",
                        "check certificate-authority of the cluster in the kubeconfig" },
                { "self-signed certificate",
                        "check certificate-authority of the cluster in the kubeconfig" },
                { "certificate signature failure",
                        "check certificate-authority of the cluster in the kubeconfig" },
                { "has expired", "renew the server's certificate, or set this machine's clock" },
                { "not yet valid", "set this machine's clock" },
                { "does not match", "set tls-server-name of the cluster in the kubeconfig" },
                { "no alternative certificate",
                        "set tls-server-name of the cluster in the kubeconfig" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(remedies); i++) {
                if (strstr(f->text, remedies[i].text)) {
                        (void)err_remedy(err, "%s", remedies[i].remedy);
                        return;
                }
        }
}

/* With TLS 1.3 a server tells what it thinks of our certificate only when we begin to read. */
static bool is_client_certificate(const struct http_failure *f)
{
        return strstr(f->text, "alert") && strstr(f->text, "certificate");
}

static int tell_row(const struct error_row *row, const struct http_failure *f, struct err *err)
{
        int error = row->error, found = 0;
        const char *reason = row->flags & TELL_TEXT ? reason_of(f->text) : "";

        if (row->flags & TELL_ERRNO)
                found = errno_in(f->text);
        if (row->flags & TELL_CONNECT)
                found = (int)f->os_errno;
        if (row->flags & TELL_CONNECT)
                reason = found ? strerror(found) : reason_of(f->text);
        else if (found)
                reason = strerror(found);
        if (found == EPIPE)
                found = ECONNRESET;
        if (found)
                error = -found;
        return err_set(err, error, "%s%s%s%s%s", row->before, f->where, row->after,
                *reason ? ": " : "", reason);
}

int http_error(const struct http_failure *f, struct err *err)
{
        if (f->code == CURLE_OPERATION_TIMEDOUT)
                return err_set(err, -ETIMEDOUT, "connect to %s: no answer within %lld s", f->where,
                        (long long)(f->connect_ms + 999) / 1000);
        if (is_client_certificate(f))
                return err_set(err, -EACCES, "%s does not accept the client certificate: %s",
                        f->where, reason_of(f->text));
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                if (rows[i].code != f->code || (rows[i].flags & WHEN_HEADED && !f->headed))
                        continue;
                (void)tell_row(&rows[i], f, err);
                add_remedy(f, err);
                return err ? err->code : rows[i].error;
        }
        return err_set(
                err, -EIO, "%s: %s", f->where, *f->text ? f->text : curl_easy_strerror(f->code));
}
