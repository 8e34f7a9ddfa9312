/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a path to a handler. Where clusters share a port their paths begin with /clusters/NAME; a
 * port of its own serves what DownloadRequests point at.
 */
#include <string.h>

#include "tests/sim/api.h"
#include "tests/sim/auth.h"
#include "tests/sim/download.h"
#include "tests/sim/sim.h"

#define MAX_SEGMENTS 10

struct route {
        const char *method;
        bool collection; /* no name in the path */
        const char *verb;
        void (*serve)(struct api_request *r);
};

static const struct route routes[] = {
        { "GET", false, "GET", api_get },
        { "GET", true, "LIST", api_list },
        { "POST", true, "POST", api_create },
        { "PUT", false, "PUT", api_update },
        { "PATCH", false, "PATCH", api_patch },
        { "DELETE", false, "DELETE", api_delete },
        { "DELETE", true, "DELETECOLLECTION", api_delete_collection },
};

static const struct route route_watch = { "GET", true, "WATCH", api_watch };
static const struct route route_subresource_create = { "POST", false, "POST", api_create };

/* Splits a path at its slashes, in place. Returns the number of segments, or -1 for too many. */
static int split_path(char *path, const char **segment)
{
        int n = 0;
        char *save = NULL;

        for (char *s = strtok_r(path, "/", &save); s; s = strtok_r(NULL, "/", &save)) {
                if (n == MAX_SEGMENTS)
                        return -1;
                segment[n++] = s;
        }
        return n;
}

/* Fills in type, namespace, name and subresource. Returns -1 where no type is served there. */
static int route_target(struct api_request *r, const char **s, int n)
{
        const char *group = "", *version;
        int i = 0;

        r->ns = r->name = r->subresource = "";
        if (n >= 3 && strcmp(s[0], "api") == 0) {
                version = s[1];
                i = 2;
        } else if (n >= 4 && strcmp(s[0], "apis") == 0) {
                group = s[1];
                version = s[2];
                i = 3;
        } else {
                return -1;
        }
        /* /namespaces/NS/… unless the namespace itself, or a subresource of it, is meant. */
        if (n - i >= 3 && strcmp(s[i], "namespaces") == 0 &&
                !(n - i == 3 &&
                        (strcmp(s[i + 2], "status") == 0 || strcmp(s[i + 2], "finalize") == 0))) {
                r->ns = s[i + 1];
                i += 2;
        }
        r->type = restype_find(group, version, s[i]);
        if (!r->type || !cluster_serves(r->cluster, r->type) || (*r->ns && !r->type->namespaced))
                return -1;
        if (n > i + 1)
                r->name = s[i + 1];
        if (n > i + 2)
                r->subresource = s[i + 2];
        if (n > i + 3 || (*r->name && r->type->namespaced && !*r->ns))
                return -1;
        r->table = cluster_table(r->cluster, r->type->id);
        return 0;
}

static const struct route *find_route(const struct api_request *r)
{
        bool collection = !*r->name;

        if (collection && strcmp(r->x->method, "GET") == 0 && exchange_param_true(r->x, "watch"))
                return &route_watch;
        if (*r->subresource && strcmp(r->x->method, "POST") == 0)
                return &route_subresource_create;
        for (size_t i = 0; i < ARRAY_SIZE(routes); i++)
                if (routes[i].collection == collection &&
                        strcmp(routes[i].method, r->x->method) == 0)
                        return &routes[i];
        return NULL;
}

static void serve_objects(struct cluster *c, struct exchange *x, const char *user)
{
        _cleanup_(freep) char *path = mem_strdup(x->path);
        struct api_request r = { .cluster = c, .x = x, .user = user };
        const char *segment[MAX_SEGMENTS];
        const struct route *route;
        int n = split_path(path, segment);

        x->verb = requests_method(x->method);
        x->resource = "";
        if (n < 0 || route_target(&r, segment, n) < 0) {
                if (!auth_allows_path(x, user) || fault_request(c, x))
                        return;
                if (!discovery_serve(c, x))
                        status_no_path(x);
                return;
        }
        x->resource = r.type->plural;
        route = find_route(&r);
        if (route)
                x->verb = route->verb;
        if (!auth_allows(&r) || fault_request(c, x))
                return;
        if (route)
                route->serve(&r);
        else
                status_reply(x, 405, NULL,
                        "the server does not allow this method on the requested resource");
}

/* Which cluster a request is for; on a shared port its prefix is taken off the path. */
static struct cluster *route_cluster(struct sim *sim, struct exchange *x)
{
        static const char prefix[] = "/clusters/";
        struct cluster *c = x->conn->lis->cluster;
        const char *rest;
        char *path;

        if (c)
                return c;
        if (strncmp(x->path, prefix, sizeof prefix - 1) != 0)
                return NULL;
        rest = strchrnul(x->path + sizeof prefix - 1, '/');
        path = mem_strndup(
                x->path + sizeof prefix - 1, (size_t)(rest - x->path) - (sizeof prefix - 1));
        c = sim_cluster(sim, path);
        free(path);
        path = mem_strdup(*rest ? rest : "/");
        free(x->path);
        x->path = path;
        return c;
}

static struct sim *router_sim;

void router_init(struct sim *sim)
{
        router_sim = sim;
}

static void serve_delayed(struct timer *t)
{
        struct exchange *x = container_of(t, struct exchange, delay);
        const char *user = auth_user(x->cluster, x);

        if (user)
                serve_objects(x->cluster, x, user);
}

void exchange_serve(struct exchange *x)
{
        struct cluster *c;

        if (exchange_parse_target(x) < 0) {
                status_reply(x, 400, NULL, "the request's path is malformed");
                return;
        }
        if (x->conn->lis == &router_sim->store) {
                download_serve(router_sim, x);
                return;
        }
        c = route_cluster(router_sim, x);
        if (!c) {
                status_no_path(x);
                return;
        }
        x->cluster = c;
        x->delay.fire = serve_delayed;
        if (c->faults.delay_ms)
                timer_arm(&x->delay, (uint64_t)c->faults.delay_ms * 1000);
        else
                serve_delayed(&x->delay);
}
