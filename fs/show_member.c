/* SPDX-License-Identifier: Apache-2.0 */
/* The folder of a cluster. */
#include "fs/show.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/limits.h"
#include "base/timefmt.h"
#include "fs/columns.h"
#include "fs/show_velero.h"
#include "ops/location.h"
#include "ops/member.h"

/* In the order of their JSON keys. */
#define MEMBER_VALUES(V, J)                                                                       \
        J(member, put_api_version, "apiVersion")                                                  \
        J(member, put_caveats, "caveats")                                                         \
        V(member, clock_ahead, "clockAhead",                                                      \
                "seconds that its clock is ahead of this machine's, or behind; empty: it agrees") \
        V(member, cluster, "cluster", "name of the folder")                                       \
        V(member, code, "code", "stable code of the reason, FLT-nnnn")                            \
        V(member, context, "context", "the context as the kubeconfig spells it")                  \
        J(member, put_fleet, "fleet")                                                             \
        J(member, put_kind, "kind")                                                               \
        V(member, api_version, "kubernetesVersion", "version of Kubernetes")                      \
        J(member, put_labels, "labels")                                                           \
        V(member, last_good_backup, "lastGoodBackup", "when its newest good backup was done")     \
        V(member, node_agent, "nodeAgent", "1: volumes can be backed up by file")                 \
        V(member, objective, "objective",                                                         \
                "seconds within which a schedule means to back it up; empty without one")         \
        V(member, phase, "phase",                                                                 \
                "Ready, Syncing, Unreachable, AccessDenied, NoVelero, Misconfigured, Connecting") \
        V(member, reachable, "reachable", "1: the API server answers")                            \
        V(member, reason, "reason", "why it is not good, one sentence")                           \
        V(member, seen, "seen", "when it was last known to be as shown; only while it is stale")  \
        V(member, server, "server", "URL of the API server")                                      \
        V(member, since, "since", "since when the phase holds")                                   \
        V(member, stale, "stale", "1: what is shown was true at `seen` and may not be now")       \
        V(member, storage_phase, "storagePhase",                                                  \
                "phase of its default storage location; where none is default, of the best one")  \
        V(member, uid, "uid", "UID of the namespace kube-system: what the cluster is known by")   \
        J(member, put_velero, "velero")                                                           \
        V(member, velero_namespace, "veleroNamespace", "where its Velero is")                     \
        V(member, velero_version, "veleroVersion", "version of its Velero")

/* ---------------------------------------------------------------- what it comes to */

int64_t show_member_objective(const struct member *c)
{
        int64_t shortest = 0;

        for (const struct object *o = c->fleet->objects[OBJECT_BACKUP]; o != NULL; o = o->hh.next)
                if (o->interval != 0 && (shortest == 0 || o->interval < shortest) && o->standing != NULL &&
                        run_tasks_on(o->standing, c->name) != NULL)
                        shortest = o->interval;
        return shortest;
}

/* An Unavailable one stands last; one that nobody has looked at yet, or may write, before it. */
static int location_rank(const struct velero_object *v)
{
        if (v->bsl->phase == VELERO_BSL_UNAVAILABLE)
                return 2;
        return v->bsl->phase != VELERO_BSL_AVAILABLE || strcmp(v->bsl->access_mode, "ReadOnly") == 0;
}

/* What stands for the storage of the cluster: where Backups go that name no location; where all of
 * them have to name one, the best that they can name. */
static const struct velero_object *member_storage(const struct member *c)
{
        const struct velero_object *best = member_default_location(c), *v;

        if (best != NULL)
                return best;
        VELERO_EACH (v, &c->velero[VELERO_LOCATION])
                if (!location_is_temporary(v->bsl) &&
                        (best == NULL || location_rank(v) < location_rank(best)))
                        best = v;
        return best;
}

const struct velero_object *show_member_bad_location(const struct member *c)
{
        const struct velero_object *v = member_storage(c);

        return v != NULL && v->bsl->phase == VELERO_BSL_UNAVAILABLE ? v : NULL;
}

const char *show_member_storage(const struct member *c)
{
        const struct velero_object *v = member_storage(c);

        if (v == NULL)
                return NULL;
        return v->bsl->phase_text[0] != '\0' ? v->bsl->phase_text : "New";
}

/* A copy that Velero imported is younger than the backup itself. */
static bool backup_is_own(const struct member *c, const struct velero_backup *b)
{
        if (b->cluster_uid[0] != '\0')
                return strcmp(b->cluster_uid, c->uid) == 0;
        return b->created <= b->completed;
}

int64_t show_member_last_good(const struct member *c)
{
        const struct velero_object *v;
        int64_t last = 0;

        VELERO_EACH (v, &c->velero[VELERO_BACKUP])
                if (v->backup->phase == VELERO_BACKUP_COMPLETED && v->backup->completed > last &&
                        !velero_backup_holds_nothing(v->backup) && backup_is_own(c, v->backup))
                        last = v->backup->completed;
        return last;
}

bool show_member_known(const struct member *c)
{
        return c->health == MEMBER_READY || c->seen != 0;
}

bool show_member_good(const struct member *c)
{
        return c->health == MEMBER_READY && !c->stale && show_member_bad_location(c) == NULL;
}

const char *show_member_why(const struct member *c, struct buf *out, int64_t *since)
{
        const struct velero_object *v;
        char text[RFC3339_SIZE];

        *since = 0;
        if (c->health != MEMBER_READY) {
                buf_puts(out, member_health_name(c->health));
                if (c->since != 0)
                        buf_printf(out, " since %s", rfc3339_format(text, c->since));
                if (c->stale && c->seen != 0)
                        buf_printf(out, ", shown as it was at %s", rfc3339_format(text, c->seen));
                if (c->reason != NULL)
                        buf_printf(out, ": %s", c->reason);
                *since = c->since;
                return c->code;
        }
        v = show_member_bad_location(c);
        if (v == NULL)
                return "";
        buf_printf(out, "storage location %s is %s%s%s", v->name, v->bsl->phase_text,
                v->bsl->message[0] != '\0' ? ": " : "", v->bsl->message);
        return "FLT-0109";
}

/* ---------------------------------------------------------------- values */

/* What several values say at once. The text is the calling thread's, until its next call. */
static const char *member_told(const struct member *c, const char **code)
{
        static _Thread_local char text[2048];
        _cleanup_(buf_done) struct buf why = BUF_INIT(sizeof(text) - 1);
        int64_t since;

        *code = show_member_why(c, &why, &since);
        memcpy(text, why.data, why.len + 1);
        return text;
}

static struct value member_api_version(const struct subject *s)
{
        return value_text(s->member->api_version);
}

static struct value member_clock_ahead(const struct subject *s)
{
        return s->member->ahead != 0 ? value_int(s->member->ahead) : value_none();
}

static struct value member_cluster(const struct subject *s)
{
        return value_text(s->member->name);
}

static struct value member_code(const struct subject *s)
{
        const char *code;

        (void)member_told(s->member, &code);
        return value_text(code);
}

static struct value member_context(const struct subject *s)
{
        return value_text(s->member->context);
}

static struct value member_last_good_backup(const struct subject *s)
{
        return value_time(show_member_last_good(s->member));
}

static struct value member_node_agent(const struct subject *s)
{
        return show_member_known(s->member) ? value_bool(s->member->node_agent) : value_none();
}

static struct value member_objective(const struct subject *s)
{
        int64_t objective = show_member_objective(s->member);

        return objective != 0 ? value_int(objective) : value_none();
}

static struct value member_phase(const struct subject *s)
{
        return value_text(member_health_name(s->member->health));
}

static struct value member_reachable(const struct subject *s)
{
        return value_bool(s->member->reachable);
}

static struct value member_reason(const struct subject *s)
{
        const char *code;

        return value_text(member_told(s->member, &code));
}

/* While it is not stale the answer would be "now", which no file may depend on. */
static struct value member_seen(const struct subject *s)
{
        return s->member->stale ? value_time(s->member->seen) : value_none();
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

static struct value member_storage_phase(const struct subject *s)
{
        return value_text(show_member_storage(s->member));
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

static void member_put_api_version(struct json_writer *w, const char *key, const struct subject *s)
{
        json_string_member(w, key, "fleetfs/v1");
}

/* Nothing is wrong with the cluster itself: what is told of its times is. */
static const char *member_clock(const struct member *c, struct buf *out)
{
        if (c->ahead == 0)
                return NULL;
        buf_puts(out, "its clock is ");
        show_duration(out, c->ahead > 0 ? c->ahead : -c->ahead);
        buf_printf(out,
                " %s this machine's, and stamps the times that are told of it: let both follow NTP",
                c->ahead > 0 ? "ahead of" : "behind");
        return "FLT-0306";
}

/* Whether a location's prefix is `home`, or below it. Slashes at the ends say nothing. */
static bool prefix_is_in(const char *prefix, const char *home)
{
        size_t n;

        if (home == NULL)
                return true;
        prefix += strspn(prefix, "/");
        n = strlen(home);
        return strncmp(prefix, home, n) == 0 && (n == 0 || prefix[n] == '\0' || prefix[n] == '/');
}

/* The Fleet says one place, and its clusters' backups go to another. */
static const char *member_other_storage(const struct member *c, struct buf *out)
{
        const struct velero_object *v = member_default_location(c);
        const struct velero_bsl *b = v != NULL ? v->bsl : NULL;

        if (b == NULL || c->fleet->bucket == NULL)
                return NULL;
        if (strcmp(b->bucket, c->fleet->bucket) == 0 && prefix_is_in(b->prefix, c->fleet->prefix))
                return NULL;
        buf_printf(out, "its default storage location %s is bucket %s", b->name, b->bucket);
        if (b->prefix[0] != '\0')
                buf_printf(out, ", prefix %s", b->prefix);
        buf_printf(out, ", and not bucket %s", c->fleet->bucket);
        if (c->fleet->prefix != NULL)
                buf_printf(out, ", prefix %s", c->fleet->prefix);
        buf_puts(out,
                ", as spec.plugin.backup of fleet.yaml has it: backups go to the default location, "
                "which fleetfs does not change; change it on the cluster, or correct fleet.yaml");
        return "FLT-0122";
}

/* One that only some policies name is no matter of the cluster: their rows say what comes of it. */
static const char *member_broken_location(const struct member *c, struct buf *out)
{
        const struct velero_object *storage = member_storage(c), *v, *first = NULL;
        const struct velero_bsl *usable;
        struct err err = ERR_INIT;
        size_t n = 0;

        /* What an absent cluster said of its storage is no news. */
        if (c->health != MEMBER_READY)
                return NULL;
        VELERO_EACH (v, &c->velero[VELERO_LOCATION]) {
                if (v == storage || v->bsl->phase != VELERO_BSL_UNAVAILABLE)
                        continue;
                n++;
                if (first == NULL)
                        first = v;
        }
        if (first == NULL)
                return NULL;
        buf_printf(out, "storage location %s is %s%s%s", first->name, first->bsl->phase_text,
                first->bsl->message[0] != '\0' ? ": " : "", first->bsl->message);
        if (n > 1)
                buf_printf(out, " (and %zu more)", n - 1);
        buf_puts(out, "; nothing is backed up to it or restored from it");
        if (member_location(c, NULL, &usable, &err) == 0)
                buf_puts(out, ", all else goes on");
        return "FLT-0109";
}

/* What is to be known of a cluster that is well. Each appends its sentence and returns its code;
 * NULL: it does not apply. */
typedef const char *member_caveat(const struct member *c, struct buf *out);
static member_caveat *const member_caveats[] = { member_clock, member_other_storage,
        member_broken_location };
enum { MEMBER_CAVEATS = ARRAY_SIZE(member_caveats) };

static void member_put_caveats(struct json_writer *w, const char *key, const struct subject *s)
{
        _cleanup_(buf_done) struct buf sentence = BUF_INIT(LIMIT_TEXT_BYTES);
        _cleanup_(buf_done) struct buf text = BUF_INIT(LIMIT_TEXT_BYTES);

        json_open(w, key, '[');
        for (size_t i = 0; i < MEMBER_CAVEATS; i++) {
                const char *code;

                buf_reset(&sentence);
                buf_reset(&text);
                code = member_caveats[i](s->member, &sentence);
                if (code == NULL)
                        continue;
                buf_printf(&text, "%s %s", code, sentence.data);
                json_string_member(w, NULL, text.data);
        }
        json_close(w);
}

static void member_put_fleet(struct json_writer *w, const char *key, const struct subject *s)
{
        json_string_member(w, key, s->fleet->name);
}

static void member_put_kind(struct json_writer *w, const char *key, const struct subject *s)
{
        json_string_member(w, key, "ClusterStatus");
}

static void member_put_labels(struct json_writer *w, const char *key, const struct subject *s)
{
        const struct member *c = s->member;

        json_open(w, key, '{');
        for (size_t i = 0; i < c->label_keys.n; i++)
                json_string_member(w, c->label_keys.v[i], c->label_values.v[i]);
        json_close(w);
}

/* How many Velero objects of each kind it has, in the order of their names. */
static void member_put_velero(struct json_writer *w, const char *key, const struct subject *s)
{
        static const enum velero_kind kinds[] = { VELERO_BACKUP, VELERO_RESTORE, VELERO_SCHEDULE,
                VELERO_LOCATION };

        json_open(w, key, '{');
        for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
                if (show_member_known(s->member))
                        json_int_member(w, velero_kind_folder(kinds[i]),
                                s->member->velero[kinds[i]].n);
                else
                        json_string_member(w, velero_kind_folder(kinds[i]), NULL);
        json_close(w);
}

static const struct value_row member_values[] = { MEMBER_VALUES(VALUE_ROW, VALUE_JSON_ROW) };
enum { MEMBER_VALUES(VALUE_NUMBER, VALUE_JSON_NUMBER) };

static int member_value_file(const struct subject *s, struct buf *out)
{
        return value_file(out, member_values[s->row->arg].get(s));
}

void show_member_members(struct json_writer *w, const struct subject *s)
{
        value_members(w, member_values, ARRAY_SIZE(member_values), s, false);
}

/* ---------------------------------------------------------------- files */

static int member_json(const struct subject *s, struct buf *out)
{
        struct json_writer w = JSON_WRITER(out);

        json_open(&w, NULL, '{');
        value_members(&w, member_values, ARRAY_SIZE(member_values), s, true);
        json_close(&w);
        return out->error;
}

static int member_labels(const struct subject *s, struct buf *out)
{
        struct json_writer w = JSON_WRITER(out);

        member_put_labels(&w, NULL, s);
        return out->error;
}

static void member_count(const struct member *c, enum velero_kind kind, const char *noun, struct buf *out)
{
        unsigned n = c->velero[kind].n;

        buf_printf(out, "%s%u %s%s", out->len > 0 ? ", " : "", n, noun, n == 1 ? "" : "s");
}

static void member_facts(const struct member *c, struct buf *out)
{
        _cleanup_(buf_done) struct buf holds = BUF_INIT(LIMIT_TEXT_BYTES);
        char text[RFC3339_SIZE];
        int64_t good = show_member_last_good(c);
        bool known = show_member_known(c);

        show_linef(out, "good:", "%s%s",
                good != 0 ? "its newest good backup was done "
                : known   ? "it has no good backup"
                          : "? it was never reached",
                rfc3339_format(text, good));
        show_line(out, "server:", c->server != NULL ? c->server : "?", NULL);
        show_linef(out, "runs:", "Kubernetes %s, Velero %s in namespace %s%s",
                c->api_version != NULL ? c->api_version : "?",
                c->velero_version != NULL ? c->velero_version : "?",
                c->velero_namespace != NULL ? c->velero_namespace : "?",
                !known          ? ""
                : c->node_agent ? ", with node-agent"
                                : ", without node-agent: volumes are not backed up by file");
        if (known) {
                member_count(c, VELERO_BACKUP, "backup", &holds);
                member_count(c, VELERO_RESTORE, "restore", &holds);
                member_count(c, VELERO_SCHEDULE, "schedule", &holds);
        }
        show_line(out, "holds:", known ? holds.data : "?", NULL);
}

static int member_text(const struct subject *s, struct buf *out)
{
        static const char *const heads[] = { "LOCATION", "PHASE", "ACCESS", "PROVIDER", "BUCKET",
                "PREFIX" };
        const struct member *c = s->member;
        const struct velero_object *v;
        struct columns t = COLUMNS_INIT(heads);
        _cleanup_(buf_done) struct buf caveat = BUF_INIT(LIMIT_TEXT_BYTES);
        const char *code, *why = member_told(c, &code);
        size_t told = 0;
        char phase[96];

        bool dead = show_member_bad_location(c) != NULL && c->health == MEMBER_READY;

        show_linef(out, "state:", "%s%s   cluster %s%s", member_health_name(c->health),
                c->stale ? " (stale)" : dead ? " (without storage)" : "", c->name,
                dead ? ": its storage is not available" : "");
        if (why[0] != '\0')
                show_line(out, "reason:", why, code);
        if (show_member_bad_location(c) != NULL && (why[0] == '\0' || strcmp(code, "FLT-0109") == 0))
                show_linef(out, "action:", "cat storage/%s/message",
                        show_member_bad_location(c)->name);
        else if (why[0] != '\0' && show_remedy(code) != NULL)
                show_line(out, "action:", show_remedy(code), NULL);
        for (size_t i = 0; i < MEMBER_CAVEATS; i++) {
                buf_reset(&caveat);
                code = member_caveats[i](c, &caveat);
                if (code != NULL)
                        show_line(out, told++ == 0 ? "caveat:" : "", caveat.data, code);
        }
        member_facts(c, out);
        show_as_of(out, c->changed);
        VELERO_EACH (v, &c->velero[VELERO_LOCATION]) {
                columns_cell(&t, v->name);
                snprintf(phase, sizeof(phase), "%s%s",
                        v->bsl->phase_text[0] != '\0' ? v->bsl->phase_text : "New",
                        c->stale ? " (stale)" : "");
                columns_cell(&t, phase);
                columns_cell(
                        &t, v->bsl->access_mode[0] != '\0' ? v->bsl->access_mode : "ReadWrite");
                columns_cell(&t, v->bsl->provider);
                columns_cell(&t, v->bsl->bucket);
                columns_cell(&t, v->bsl->prefix);
        }
        if (c->velero[VELERO_LOCATION].n > 0)
                buf_putc(out, '\n');
        columns_put(&t, out);
        columns_done(&t);
        return out->error;
}

static int member_error(const struct subject *s, struct buf *out)
{
        _cleanup_(buf_done) struct buf why = BUF_INIT(LIMIT_TEXT_BYTES);
        int64_t since;
        const char *code = show_member_why(s->member, &why, &since);

        if (why.len > 0)
                show_error(out, code, s->member->name, why.data, since, NULL);
        return out->error;
}

static int64_t member_mtime(const struct subject *s)
{
        return s->member->changed;
}

/* ---------------------------------------------------------------- table */

#define VELERO_ROW(name, thing, help_)                                       \
        DIR_ROW(name, velero_##thing##_table, .enter = velero_enter_##thing, \
                .mtime = member_mtime, .help = help_)

static const struct node_row member_rows[] = {
        FILE_ROW("status.txt", member_text, .flags = NODE_AGGREGATE, .mtime = member_mtime,
                .help = "the cluster: good or not, why, what to do"),
        FILE_ROW("status.json", member_json, .flags = NODE_AGGREGATE, .mtime = member_mtime,
                .help = "the same for programs"),
        FILE_ROW("error.txt", member_error, .flags = NODE_WATCHED, .mtime = member_mtime,
                .help = "why it is not good; empty when it is"),
        FILE_ROW("labels.json", member_labels, .flags = NODE_WATCHED, .mtime = member_mtime,
                .help = "labels that clusterSelector matches"),
        VELERO_ROW("storage", bsls, "storage locations"),
        VELERO_ROW("backups", backups, "every Velero Backup there, whoever made it"),
        VELERO_ROW("restores", restores, "every Velero Restore there"),
        VELERO_ROW("schedules", schedules, "every Velero Schedule there"),
        MEMBER_VALUES(VALUE_FILE, VALUE_NO_FILE)
};
const struct node_table member_table = NODE_TABLE(member_rows);
