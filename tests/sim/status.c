/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/status.h"

#include <stdlib.h>

static const char *reason_of(int code)
{
        static const struct {
                int code;
                const char *reason;
        } rows[] = {
                { 400, "BadRequest" },
                { 401, "Unauthorized" },
                { 403, "Forbidden" },
                { 404, "NotFound" },
                { 405, "MethodNotAllowed" },
                { 406, "NotAcceptable" },
                { 409, "Conflict" },
                { 410, "Expired" },
                { 413, "RequestEntityTooLarge" },
                { 415, "UnsupportedMediaType" },
                { 422, "Invalid" },
                { 429, "TooManyRequests" },
                { 500, "InternalError" },
                { 503, "ServiceUnavailable" },
                { 504, "Timeout" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                if (rows[i].code == code)
                        return rows[i].reason;
        return "";
}

static void status_begin(
        struct str *out, const char *status, const char *message, const char *reason)
{
        str_printf(out,
                "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"%s\"",
                status);
        if (message) {
                str_puts(out, ",\"message\":");
                str_json(out, message);
        }
        if (reason && *reason) {
                str_puts(out, ",\"reason\":");
                str_json(out, reason);
        }
}

static void status_details(struct str *out, const struct status_about *about)
{
        const char *sep = "";

        if (!about || (!about->type && !about->name))
                return;
        str_puts(out, ",\"details\":{");
        if (about->name) {
                str_puts(out, "\"name\":");
                str_json(out, about->name);
                sep = ",";
        }
        if (about->type && *about->type->group) {
                str_printf(out, "%s\"group\":\"%s\"", sep, about->type->group);
                sep = ",";
        }
        if (about->type)
                str_printf(out, "%s\"kind\":\"%s\"", sep, about->type->plural);
        if (about->uid)
                str_printf(out, ",\"uid\":\"%s\"", about->uid);
        str_putc(out, '}');
}

static void status_send(struct exchange *x, int code, const char *reason,
        const struct status_about *about, const char *message)
{
        struct str out = { 0 };

        status_begin(&out, "Failure", message, reason);
        status_details(&out, about);
        str_printf(&out, ",\"code\":%d}\n", code);
        exchange_reply(x, code, "application/json", &out);
}

static char *format(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0)));
static char *format(const char *fmt, va_list ap)
{
        char *s = NULL;

        if (vasprintf(&s, fmt, ap) < 0)
                abort();
        return s;
}

void status_reply(
        struct exchange *x, int code, const struct status_about *about, const char *fmt, ...)
{
        _cleanup_(freep) char *message = NULL;
        va_list ap;

        va_start(ap, fmt);
        message = format(fmt, ap);
        va_end(ap);
        status_send(x, code, reason_of(code), about, message);
}

void status_reply_reason(struct exchange *x, int code, const char *reason,
        const struct status_about *about, const char *fmt, ...)
{
        _cleanup_(freep) char *message = NULL;
        va_list ap;

        va_start(ap, fmt);
        message = format(fmt, ap);
        va_end(ap);
        status_send(x, code, reason, about, message);
}

void status_invalid_list(
        struct exchange *x, const struct restype *type, const char *name, json_t *causes)
{
        size_t n = json_array_size(causes), i;
        struct str message = { 0 }, out = { 0 };
        json_t *cause;
        char *text;

        str_printf(&message, "%s%s%s \"%s\" is invalid: %s", type->kind, *type->group ? "." : "",
                type->group, name, n > 1 ? "[" : "");
        json_array_foreach (causes, i, cause)
                str_printf(&message, "%s%s: %s", i ? ", " : "",
                        json_string_value(json_object_get(cause, "field")),
                        json_string_value(json_object_get(cause, "message")));
        str_puts(&message, n > 1 ? "]" : "");
        status_begin(&out, "Failure", message.s, "Invalid");
        str_puts(&out, ",\"details\":{");
        if (*name) {
                str_puts(&out, "\"name\":");
                str_json(&out, name);
                str_putc(&out, ',');
        }
        if (*type->group)
                str_printf(&out, "\"group\":\"%s\",", type->group);
        text = json_dumps(causes, JSON_COMPACT);
        str_printf(&out, "\"kind\":\"%s\",\"causes\":%s},\"code\":422}\n", type->kind, text);
        free(text);
        str_done(&message);
        exchange_reply(x, 422, "application/json", &out);
}

void status_invalid(struct exchange *x, const struct restype *type, const char *name,
        const char *reason, const char *field, const char *detail)
{
        json_t *causes =
                json_pack("[{s:s, s:s, s:s}]", "reason", reason, "message", detail, "field", field);

        status_invalid_list(x, type, name, causes);
        json_decref(causes);
}

void status_deleted(struct exchange *x, const struct status_about *about)
{
        struct str out = { 0 };

        status_begin(&out, "Success", NULL, NULL);
        status_details(&out, about);
        str_puts(&out, "}\n");
        exchange_reply(x, 200, "application/json", &out);
}

void status_expired(struct str *out, uint64_t asked, uint64_t now)
{
        _cleanup_(freep) char *message = mem_printf("too old resource version: %llu (%llu)",
                (unsigned long long)asked, (unsigned long long)now);

        status_begin(out, "Failure", message, "Expired");
        str_puts(out, ",\"code\":410}");
}

void status_no_path(struct exchange *x)
{
        struct str out = { 0 };

        exchange_header(x, "x-content-type-options", "nosniff");
        str_puts(&out, "404 page not found\n");
        exchange_reply(x, 404, "text/plain; charset=utf-8", &out);
}
