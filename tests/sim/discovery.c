/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client asks before it asks for objects: version, health, groups and their resources.
 */
#include <stdio.h>
#include <string.h>

#include "tests/sim/api.h"

static void serve_version(struct exchange *x)
{
        struct str out = { 0 };

        str_puts(&out,
                "{\n  \"major\": \"1\",\n  \"minor\": \"34\",\n  \"emulationMajor\": \"1\",\n  "
                "\"emulationMinor\": \"34\",\n"
                "  \"minCompatibilityMajor\": \"1\",\n  \"minCompatibilityMinor\": \"33\",\n"
                "  \"gitVersion\": \"v1.34.2\",\n  \"gitCommit\": "
                "\"0000000000000000000000000000000000000000\",\n"
                "  \"gitTreeState\": \"clean\",\n  \"buildDate\": \"1970-01-01T00:00:00Z\",\n  "
                "\"goVersion\": \"go1.26\",\n"
                "  \"compiler\": \"gc\",\n  \"platform\": \"linux/amd64\"\n}");
        exchange_reply(x, 200, "application/json", &out);
}

/* True where some earlier type of the same group (and version, unless NULL) is served as well. */
static bool seen_before(struct cluster *c, unsigned id, const char *version)
{
        const struct restype *t = restype(id);

        for (unsigned i = 0; i < id; i++) {
                const struct restype *o = restype(i);

                if (strcmp(o->group, t->group) == 0 &&
                        (!version || strcmp(o->version, version) == 0) && cluster_serves(c, o))
                        return true;
        }
        return false;
}

/* The members of an APIGroup; the braces are the caller's. */
static void add_group(struct cluster *c, struct str *out, const char *group)
{
        _cleanup_(freep) char *preferred = NULL;
        const char *sep = "";

        str_printf(out, "\"name\":\"%s\",\"versions\":[", group);
        for (unsigned i = 0; i < restype_count(); i++) {
                const struct restype *t = restype(i);

                if (strcmp(t->group, group) != 0 || !cluster_serves(c, t) ||
                        seen_before(c, i, t->version))
                        continue;
                if (!preferred)
                        preferred = mem_printf("{\"groupVersion\":\"%s\",\"version\":\"%s\"}",
                                t->api_version, t->version);
                str_printf(out, "%s{\"groupVersion\":\"%s\",\"version\":\"%s\"}", sep,
                        t->api_version, t->version);
                sep = ",";
        }
        str_printf(out, "],\"preferredVersion\":%s", preferred);
}

static void serve_groups(struct cluster *c, struct exchange *x)
{
        struct str out = { 0 };
        const char *sep = "";

        str_puts(&out, "{\"kind\":\"APIGroupList\",\"apiVersion\":\"v1\",\"groups\":[");
        for (unsigned i = 0; i < restype_count(); i++) {
                const struct restype *t = restype(i);

                if (!*t->group || !cluster_serves(c, t) || seen_before(c, i, NULL))
                        continue;
                str_printf(&out, "%s{", sep);
                add_group(c, &out, t->group);
                str_putc(&out, '}');
                sep = ",";
        }
        str_puts(&out, "]}\n");
        api_reply_json(x, 200, &out);
}

/* /apis/GROUP */
static bool serve_group(struct cluster *c, struct exchange *x, const char *group)
{
        for (unsigned i = 0; i < restype_count(); i++) {
                struct str out = { 0 };

                if (strcmp(restype(i)->group, group) != 0 || !cluster_serves(c, restype(i)))
                        continue;
                str_puts(&out, "{\"kind\":\"APIGroup\",\"apiVersion\":\"v1\",");
                add_group(c, &out, group);
                str_puts(&out, "}\n");
                api_reply_json(x, 200, &out);
                return true;
        }
        return false;
}

/* What `kubectl get all` shows. */
static bool in_category_all(const struct restype *t)
{
        static const char *const plurals[] = { "pods", "services", "replicationcontrollers",
                "deployments", "daemonsets", "replicasets", "statefulsets", "jobs", "cronjobs",
                "horizontalpodautoscalers" };

        for (size_t i = 0; t->builtin && i < ARRAY_SIZE(plurals); i++)
                if (strcmp(plurals[i], t->plural) == 0)
                        return true;
        return false;
}

static void add_resource(struct str *out, const struct restype *t, const char *sep)
{
        const char *names = t->short_names;

        str_printf(out,
                "%s{\"name\":\"%s\",\"singularName\":\"%s\",\"namespaced\":%s,\"kind\":\"%s\","
                "\"verbs\":["
                "\"create\",\"delete\",\"deletecollection\",\"get\",\"list\",\"patch\","
                "\"update\",\"watch\"]",
                sep, t->plural, t->singular, t->namespaced ? "true" : "false", t->kind);
        if (names) {
                str_puts(out, ",\"shortNames\":[");
                while (*names) {
                        size_t n = strcspn(names, ",");

                        str_printf(out, "\"%.*s\"%s", (int)n, names, names[n] ? "," : "");
                        names += n + (names[n] == ',');
                }
                str_putc(out, ']');
        }
        if (in_category_all(t))
                str_puts(out, ",\"categories\":[\"all\"]");
        str_puts(out, ",\"storageVersionHash\":\"AAAAAAAAAAA=\"}");
        if (!t->no_status && (!t->builtin || strcmp(t->plural, "deployments") == 0 ||
                                     strcmp(t->plural, "namespaces") == 0))
                str_printf(out,
                        ",{\"name\":\"%s/status\",\"singularName\":\"\",\"namespaced\":%s,"
                        "\"kind\":\"%s\",\"verbs\":["
                        "\"get\",\"patch\",\"update\"]}",
                        t->plural, t->namespaced ? "true" : "false", t->kind);
}

/* /api/v1 and /apis/GROUP/VERSION */
static bool serve_resources(struct cluster *c, struct exchange *x, const char *api_version)
{
        struct str out = { 0 };
        const char *sep = "";

        str_printf(&out,
                "{\"kind\":\"APIResourceList\",\"apiVersion\":\"v1\",\"groupVersion\":\"%s\","
                "\"resources\":[",
                api_version);
        for (unsigned i = 0; i < restype_count(); i++) {
                if (strcmp(restype(i)->api_version, api_version) != 0 ||
                        !cluster_serves(c, restype(i)))
                        continue;
                add_resource(&out, restype(i), sep);
                sep = ",";
        }
        if (!*sep) {
                str_done(&out);
                return false;
        }
        str_puts(&out, "]}\n");
        api_reply_json(x, 200, &out);
        return true;
}

bool discovery_serve(struct cluster *c, struct exchange *x)
{
        const char *path = x->path;
        struct str out = { 0 };

        if (strcmp(x->method, "GET") != 0)
                return false;
        if (strcmp(path, "/version") == 0 || strcmp(path, "/version/") == 0) {
                serve_version(x);
                return true;
        }
        if (strcmp(path, "/healthz") == 0 || strcmp(path, "/livez") == 0 ||
                strcmp(path, "/readyz") == 0) {
                str_puts(&out, "ok");
                exchange_reply(x, 200, "text/plain; charset=utf-8", &out);
                return true;
        }
        if (strcmp(path, "/api") == 0 || strcmp(path, "/api/") == 0) {
                str_puts(&out, "{\"kind\":\"APIVersions\",\"versions\":[\"v1\"],"
                               "\"serverAddressByClientCIDRs\":[{\"clientCIDR\":"
                               "\"0.0.0.0/0\",\"serverAddress\":\"127.0.0.1\"}]}\n");
                api_reply_json(x, 200, &out);
                return true;
        }
        if (strcmp(path, "/apis") == 0 || strcmp(path, "/apis/") == 0) {
                serve_groups(c, x);
                return true;
        }
        if (strcmp(path, "/api/v1") == 0)
                return serve_resources(c, x, "v1");
        if (strncmp(path, "/apis/", 6) != 0)
                return false;
        if (strchr(path + 6, '/'))
                return serve_resources(c, x, path + 6);
        return serve_group(c, x, path + 6);
}
