/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/auth.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ANONYMOUS "system:anonymous"

static const char *auth_unauthorized(struct cluster *c, struct exchange *x)
{
        x->verb = requests_method(x->method);
        x->resource = "";
        status_reply(x, 401, NULL, "Unauthorized");
        return NULL;
}

static const char *auth_identity(struct cluster *c, struct exchange *x)
{
        const char *h = x->authorization;

        if (h && strncasecmp(h, "Bearer ", 7) == 0) {
                if (c->auth.token && strcmp(h + 7, c->auth.token) == 0)
                        return "admin";
                return auth_unauthorized(c, x);
        }
        if (h && strncasecmp(h, "Basic ", 6) == 0) {
                if (c->auth.basic && strcmp(h + 6, c->auth.basic) == 0)
                        return "admin";
                return auth_unauthorized(c, x);
        }
        if (h)
                return auth_unauthorized(c, x);
        if (c->auth.cert && x->conn->user)
                return x->conn->user;
        if (x->conn->user)
                return auth_unauthorized(c, x);
        return ANONYMOUS;
}

/* Whether each line of one text is in the other. */
static bool lines_within(const char *lines, const char *all)
{
        for (size_t n; *lines; lines += n) {
                const char *at = all;

                n = strcspn(lines, "\n") + 1;
                while (*at && strncasecmp(at, lines, n) != 0)
                        at += strcspn(at, "\n") + 1;
                if (!*at)
                        return false;
        }
        return true;
}

const char *auth_user(struct cluster *c, struct exchange *x)
{
        const char *user = auth_identity(c, x), *given = x->impersonation.s;

        if (!user)
                return NULL;
        if (c->auth.as && !(given && lines_within(c->auth.as, given) && lines_within(given, c->auth.as))) {
                x->verb = requests_method(x->method);
                x->resource = "";
                status_reply(x, 403, NULL, "User \"%s\" is let in only as another one, not with: %s",
                        user, given ? given : "no Impersonate header");
                return NULL;
        }
        return x->impersonate_user ? x->impersonate_user : user;
}

static const char *rbac_verb(const char *verb)
{
        static const char *const names[][2] = {
                { "GET", "get" },
                { "LIST", "list" },
                { "WATCH", "watch" },
                { "POST", "create" },
                { "PUT", "update" },
                { "PATCH", "patch" },
                { "DELETE", "delete" },
                { "DELETECOLLECTION", "deletecollection" },
        };

        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (strcmp(names[i][0], verb) == 0)
                        return names[i][1];
        return "get";
}

void auth_forbid(struct exchange *x, const struct restype *type, const char *ns, const char *name,
        const char *user)
{
        struct status_about about = { .type = type, .name = name && *name ? name : NULL };
        _cleanup_(freep) char *where = ns && *ns ? mem_printf("in the namespace \"%s\"", ns)
                                                 : mem_strdup("at the cluster scope");
        _cleanup_(freep) char *what = about.name ? mem_printf(" \"%s\"", name) : mem_strdup("");

        status_reply(x, 403, &about,
                "%s%s is forbidden: User \"%s\" cannot %s resource \"%s\" in API group \"%s\" %s",
                type->crd_name, what, user, rbac_verb(x->verb), type->plural, type->group, where);
}

bool auth_allows(struct api_request *r)
{
        if (strcmp(r->user, ANONYMOUS) != 0)
                return true;
        auth_forbid(r->x, r->type, r->ns, r->name, r->user);
        return false;
}

bool auth_allows_path(struct exchange *x, const char *user)
{
        static const char *const open_paths[] = { "/version", "/healthz", "/livez", "/readyz" };

        if (strcmp(user, ANONYMOUS) != 0)
                return true;
        for (size_t i = 0; i < ARRAY_SIZE(open_paths); i++)
                if (strcmp(open_paths[i], x->path) == 0)
                        return true;
        status_reply(x, 403, NULL, "forbidden: User \"%s\" cannot get path \"%s\"", user, x->path);
        return false;
}

static char *basic_header(const char *user, const char *password)
{
        _cleanup_(freep) char *plain = mem_printf("%s:%s", user, password);
        size_t n = strlen(plain);
        char *out = mem_zalloc(4 * ((n + 2) / 3) + 1);

        EVP_EncodeBlock((unsigned char *)out, (const unsigned char *)plain, (int)n);
        return out;
}

/* `as HEADER…`; without one any will do. */
static int auth_as(struct cluster *c, char **headers, size_t n)
{
        struct str lines = { 0 };

        for (size_t i = 0; i < n; i++)
                str_printf(&lines, "%s\n", headers[i]);
        free(c->auth.as);
        c->auth.as = lines.s;
        return 0;
}

int auth_command(struct cluster *c, char **args, size_t n, struct str *why)
{
        const char *kind = n ? args[0] : "";
        struct auth auth = { .as = c->auth.as };

        if (strcmp(kind, "as") == 0)
                return auth_as(c, args + 1, n - 1);
        if (strcmp(kind, "cert") == 0 && n == 1) {
                auth.cert = true;
        } else if (strcmp(kind, "token") == 0 && n == 2) {
                auth.token = mem_strdup(args[1]);
        } else if (strcmp(kind, "basic") == 0 && n == 3) {
                auth.basic = basic_header(args[1], args[2]);
        } else if (strcmp(kind, "none") != 0 || n != 1) {
                str_puts(why, "auth takes one of: cert | token TOKEN | basic USER PASSWORD | none | as [HEADER…]");
                return -1;
        }
        free(c->auth.token);
        free(c->auth.basic);
        c->auth = auth;
        return 0;
}
