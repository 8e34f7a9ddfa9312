/* SPDX-License-Identifier: Apache-2.0 */
#include "k8s/status.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/record.h"
#include "base/utf8.h"

/* The table: a reason of Kubernetes' and the HTTP status it comes with; what is said when there is
 * no message; what a user can do. */
static const struct status_row {
        const char *reason;
        long http;
        int error;
        const char *sentence, *remedy;
} rows[] = {
        { "BadRequest", 400, -EINVAL, "the request is malformed", NULL },
        { "Unauthorized", 401, -EACCES, "the credential is not accepted",
                "renew the credential of the context in the kubeconfig" },
        { "Forbidden", 403, -EPERM, "the credential may not do this",
                "have a role with that right bound to the user" },
        { "NotFound", 404, -ENOENT, "there is no such object or resource", NULL },
        { "MethodNotAllowed", 405, -EOPNOTSUPP, "the resource does not support this", NULL },
        { "NotAcceptable", 406, -EOPNOTSUPP, "the server cannot answer in JSON", NULL },
        { "RequestTimeout", 408, -ETIMEDOUT, "the server gave up waiting", NULL },
        { "AlreadyExists", 409, -EEXIST, "the object exists already", NULL },
        { "Conflict", 409, -ESTALE, "the object was changed by someone else", NULL },
        { "Expired", 410, -ESTALE, "the resource version is too old", NULL },
        { "Gone", 410, -ESTALE, "the object is gone for good", NULL },
        { "RequestEntityTooLarge", 413, -EFBIG, "the object is too large", NULL },
        { "UnsupportedMediaType", 415, -EINVAL, "the server does not take this format", NULL },
        { "Invalid", 422, -EINVAL, "the object is not valid", NULL },
        { "TooManyRequests", 429, -EBUSY, "the server is overloaded", NULL },
        { "InternalError", 500, -EIO, "the server failed", NULL },
        { "NotImplemented", 501, -EOPNOTSUPP, "the server cannot do this", NULL },
        { "BadGateway", 502, -EHOSTUNREACH, "a proxy does not reach the server", NULL },
        { "ServiceUnavailable", 503, -EHOSTUNREACH, "the server is not available", NULL },
        { "Timeout", 504, -ETIMEDOUT, "the server took too long", NULL },
        { "ServerTimeout", 0, -ETIMEDOUT, "the server took too long", NULL },
        { "StoreReadError", 0, -EIO, "the server cannot read the object", NULL },
        { NULL, 0, -EIO, "the server answered something unexpected", NULL },
};

static const struct status_row *status_row(const char *reason, long http)
{
        const struct status_row *row;

        for (row = rows; row->reason; row++)
                if (strcmp(row->reason, reason) == 0)
                        return row;
        for (row = rows; row->reason && row->http != http; row++)
                ;
        return row;
}

struct status_record {
        const char *kind, *reason, *message;
        int64_t code, retry_after;
};

static const struct record_field status_fields[] = {
        FIELD(struct status_record, kind, "kind", RECORD_REQUIRED),
        FIELD(struct status_record, reason, "reason", 0),
        FIELD(struct status_record, message, "message", 0),
        FIELD(struct status_record, code, "code", 0),
        FIELD(struct status_record, retry_after, "details.retryAfterSeconds", 0),
};
static struct record_type status_type = RECORD_TYPE("Status", struct status_record, status_fields);

static void cut(char *to, size_t size, const char *from)
{
        size_t n = utf8_cut(from, strlen(from), size - 1);

        memcpy(to, from, n);
        to[n] = '\0';
}

int kube_status_parse(struct kube_status *ret, const char *body, size_t len)
{
        _cleanup_(freep) char *strings = NULL;
        struct status_record record;
        int r;

        *ret = (struct kube_status){ 0 };
        r = record_decode_into(&status_type, body, len, &record, &strings, NULL);
        if (r == -ENOMEM)
                return r;
        if (r < 0 || strcmp(record.kind, "Status") != 0)
                return -EBADMSG;
        ret->code = (long)record.code;
        ret->retry_after_s = record.retry_after > 0 ? record.retry_after : 0;
        cut(ret->reason, sizeof(ret->reason), record.reason);
        cut(ret->message, sizeof(ret->message), record.message);
        return 0;
}

int kube_status_set(struct err *err, long http, const struct kube_status *st)
{
        const struct status_row *row = status_row(st->reason, http ? http : st->code);

        if (*st->message)
                (void)err_set(err, row->error, "%s", st->message);
        else
                (void)err_set(
                        err, row->error, "HTTP %ld: %s", http ? http : st->code, row->sentence);
        if (row->remedy)
                (void)err_remedy(err, "%s", row->remedy);
        return row->error;
}

/* The first line of a body, if it is text that a person can read; what HTML says is no help. */
static size_t readable_line(const char *body, size_t len)
{
        size_t n = 0;

        if (len == 0 || *body == '<' || *body == '{')
                return 0;
        while (n < len && n < 160 && body[n] != '\n' && body[n] != '\r')
                n++;
        return utf8_valid_prefix(body, n);
}

int kube_status_err(struct err *err, long http, const char *body, size_t len)
{
        struct kube_status st;
        const struct status_row *row;
        size_t n;
        int r;

        if (kube_status_parse(&st, body, len) == 0)
                return kube_status_set(err, http, &st);
        n = readable_line(body, len);
        if (n == 0)
                return kube_status_set(err, http, &st);
        row = status_row("", http);
        r = err_set(err, row->error, "HTTP %ld: %s: %.*s", http, row->sentence, (int)n, body);
        if (row->remedy)
                (void)err_remedy(err, "%s", row->remedy);
        return r;
}

bool kube_status_retriable(long http)
{
        return http == 408 || http == 429 || http == 500 || (http >= 502 && http <= 504);
}
