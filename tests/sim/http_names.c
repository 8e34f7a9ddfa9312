/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/http_names.h"

#include <stddef.h>

#include "tests/sim/mem.h"

const char *http_reason(int status)
{
        static const struct {
                int status;
                const char *reason;
        } rows[] = {
                { 200, "OK" },
                { 201, "Created" },
                { 202, "Accepted" },
                { 400, "Bad Request" },
                { 401, "Unauthorized" },
                { 403, "Forbidden" },
                { 404, "Not Found" },
                { 405, "Method Not Allowed" },
                { 406, "Not Acceptable" },
                { 409, "Conflict" },
                { 410, "Gone" },
                { 413, "Request Entity Too Large" },
                { 415, "Unsupported Media Type" },
                { 422, "Unprocessable Entity" },
                { 429, "Too Many Requests" },
                { 500, "Internal Server Error" },
                { 502, "Bad Gateway" },
                { 503, "Service Unavailable" },
                { 504, "Gateway Timeout" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                if (rows[i].status == status)
                        return rows[i].reason;
        return "Unknown";
}
