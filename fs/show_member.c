/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/show.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/timefmt.h"
#include "fs/columns.h"
#include "fs/show_velero.h"

/* X(name, json, help), in the order of their JSON keys. */
#define MEMBER_VALUES(X)                                                                                  \
        X(api_version, "apiVersionOfCluster", "version of Kubernetes")                                    \
        X(cluster, "cluster", "name of the folder")                                                       \
        X(code, "code", "stable code of the reason, FLT-nnnn")                                            \
        X(context, "context", "the context as the kubeconfig spells it")                                  \
        X(phase, "phase", "Ready, Syncing, Unreachable, AccessDenied, NoVelero, Misconfigured, Connecting") \
        X(node_agent, "nodeAgent", "1: volumes can be backed up by file")                                 \
        X(reachable, "reachable", "1: the API server answers")                                            \
        X(reason, "reason", "why it is not Ready, one sentence")                                          \
        X(seen, "seen", "when the cluster was last known to be as shown; only while it is stale")         \
        X(server, "server", "URL of the API server")                                                      \
        X(since, "since", "since when the phase holds")                                                   \
        X(stale, "stale", "1: what is shown was true at `seen` and may not be now")                       \
        X(uid, "uid", "UID of the namespace kube-system: what the cluster is known by")                   \
        X(velero_namespace, "veleroNamespace", "where its Velero is")                                     \
        X(velero_version, "veleroVersion", "version of its Velero")

static struct value member_api_version(const struct subject *s)
{
        return value_text(s->member->api_version);
}

static struct value member_cluster(const struct subject *s)
{
        return value_text(s->member->name);
}

static struct value member_code(const struct subject *s)
{
        return value_text(s->member->code);
}

static struct value member_context(const struct subject *s)
{
        return value_text(s->member->context);
}

static struct value member_phase(const struct subject *s)
{
        return value_text(member_health_name(s->member->health));
}

static struct value member_node_agent(const struct subject *s)
{
        return value_bool(s->member->node_agent);
}

static struct value member_reachable(const struct subject *s)
{
        return value_bool(s->member->reachable);
}

static struct value member_reason(const struct subject *s)
{
        return value_text(s->member->reason);
}

/* While it is not stale the answer would be "now", which no file may depend on. */
static struct value member_seen(const struct subject *s)
{
        return s->member->stale ? value_time(s->member->seen) : (struct value){ 0 };
}

static struct value member_server(const struct subject *s)
{
        return value_text(s->member->server);
}

static struct value member_since(const struct subject *s)
{
        return value_time(s->member->since);
}

static struct value member_stale(const struct subject *s)
{
        return value_bool(s->member->stale);
}

static struct value member_uid(const struct subject *s)
{
        return value_text(s->member->uid);
}

static struct value member_velero_namespace(const struct subject *s)
{
        return value_text(s->member->velero_namespace);
}

static struct value member_velero_version(const struct subject *s)
{
        return value_text(s->member->velero_version);
}

#define X(n, j, h) { .name = #n, .json = j, .get = member_##n },
static const struct value_row member_values[] = { MEMBER_VALUES(X) };
#undef X
#define X(n, j, h) MEMBER_VALUE_##n,
enum { MEMBER_VALUES(X) };
#undef X

static int member_value_file(const struct subject *s, struct buf *out)
{
        return value_file(out, member_values[s->row->arg].get(s));
}

void show_member_members(struct json_writer *w, const struct subject *s)
{
        value_members(w, member_values, ARRAY_SIZE(member_values), s);
}

static void member_labels_members(struct json_writer *w, const char *key, const struct member *c)
{
        json_open(w, key, '{');
        for (size_t i = 0; i < c->label_keys.n; i++)
                json_string_member(w, c->label_keys.v[i], c->label_values.v[i]);
        json_close(w);
}

static int member_labels(const struct subject *s, struct buf *out)
{
        struct json_writer w = JSON_WRITER(out);

        member_labels_members(&w, NULL, s->member);
        return out->error;
}

static int member_json(const struct subject *s, struct buf *out)
{
        struct json_writer w = JSON_WRITER(out);

        json_open(&w, NULL, '{');
        json_string_member(&w, "apiVersion", "fleetfs/v1");
        json_string_member(&w, "kind", "ClusterStatus");
        show_member_members(&w, s);
        member_labels_members(&w, "labels", s->member);
        json_open(&w, "velero", '{');
        for (int k = 0; k < VELERO_KINDS; k++)
                if (velero_kind_folder(k) != NULL)
                        json_int_member(&w, velero_kind_folder(k), HASH_COUNT(s->member->velero[k]));
        json_close(&w);
        json_close(&w);
        return out->error;
}

static int member_text(const struct subject *s, struct buf *out)
{
        const struct member *c = s->member;
        const struct velero_object *v, *tmp;
        struct columns t = COLUMNS_INIT(6);
        static const char *const heads[] = { "STORAGE", "PHASE", "PROVIDER", "BUCKET", "PREFIX", "ACCESS" };
        struct buf summary = BUF_INIT(LIMIT_TEXT_BYTES);

        buf_printf(&summary, "cluster %s", c->name);
        if (c->stale) {
                char seen[RFC3339_SIZE];
                buf_printf(&summary, ": what is shown was true at %s", rfc3339_format(seen, c->seen));
        }
        show_headline(out, member_health_name(c->health), summary.data, c->since);
        buf_done(&summary);
        if (c->reason != NULL)
                show_reason(out, true, c->reason, c->code);
        buf_printf(out, "server:     %s\nkubernetes: %s\nvelero:     %s in namespace %s\n", c->server ? c->server : "?",
                c->api_version ? c->api_version : "?", c->velero_version ? c->velero_version : "?",
                c->velero_namespace ? c->velero_namespace : "?");
        buf_printf(out, "backups: %u  restores: %u  schedules: %u\n\n", HASH_COUNT(c->velero[VELERO_BACKUP]),
                HASH_COUNT(c->velero[VELERO_RESTORE]), HASH_COUNT(c->velero[VELERO_SCHEDULE]));
        for (size_t i = 0; i < ARRAY_SIZE(heads); i++)
                columns_cell(&t, heads[i]);
        for (v = c->velero[VELERO_LOCATION]; v != NULL; v = tmp) {
                tmp = v->hh.next;
                columns_cell(&t, v->name);
                columns_cell(&t, v->bsl->phase_text[0] ? v->bsl->phase_text : "New");
                columns_cell(&t, v->bsl->provider);
                columns_cell(&t, v->bsl->bucket);
                columns_cell(&t, v->bsl->prefix);
                columns_cell(&t, v->bsl->access_mode[0] ? v->bsl->access_mode : "ReadWrite");
        }
        columns_put(&t, out);
        columns_done(&t);
        return out->error;
}

static int member_error(const struct subject *s, struct buf *out)
{
        const struct member *c = s->member;

        if (c->reason != NULL)
                buf_printf(out, "%s%s%s\n", c->code, c->code[0] ? " " : "", c->reason);
        return out->error;
}

static int64_t member_mtime(const struct subject *s)
{
        return s->member->changed;
}

static bool member_no_alias(const struct subject *s)
{
        return s->member->alias_of[0] == '\0';
}

#define X(n, j, h) FILE_ROW(#n, member_value_file, .arg = MEMBER_VALUE_##n, .flags = NODE_WATCHED, .mtime = member_mtime, .help = h),
static const struct node_row member_rows[] = {
        FILE_ROW("status.txt", member_text, .flags = NODE_AGGREGATE, .mtime = member_mtime, .help = "the cluster in words"),
        FILE_ROW("status.json", member_json, .flags = NODE_AGGREGATE, .mtime = member_mtime, .help = "the same for programs"),
        FILE_ROW("error.txt", member_error, .flags = NODE_WATCHED, .mtime = member_mtime, .help = "why it is not Ready; empty when it is"),
        FILE_ROW("labels.json", member_labels, .flags = NODE_WATCHED, .mtime = member_mtime, .help = "labels that clusterSelector matches"),
        MEMBER_VALUES(X)
        DIR_ROW("storage", velero_bsls_table, .enter = velero_enter_bsls, .shown = member_no_alias, .mtime = member_mtime, .help = "storage locations"),
        DIR_ROW("backups", velero_backups_table, .enter = velero_enter_backups, .shown = member_no_alias, .mtime = member_mtime, .help = "every Velero Backup there, whoever made it"),
        DIR_ROW("restores", velero_restores_table, .enter = velero_enter_restores, .shown = member_no_alias, .mtime = member_mtime, .help = "every Velero Restore there"),
        DIR_ROW("schedules", velero_schedules_table, .enter = velero_enter_schedules, .shown = member_no_alias, .mtime = member_mtime, .help = "every Velero Schedule there"),
};
#undef X
const struct node_table member_table = NODE_TABLE(member_rows);
