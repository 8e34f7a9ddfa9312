/* SPDX-License-Identifier: Apache-2.0 */

/*
 * Source 1: every context of the kubeconfig is a member of one fleet.
 *
 * Folder names are given once. A context that the store knows keeps its name; a name that the store
 * knows is never given to another context, even when its own is gone; what is left is given in the
 * order of the kubeconfig.
 */
#include <jansson.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "ops/fleetconf_private.h"

#define HASH_FUNCTION(key, len, value) HASH_SAX(key, len, value)
#define HASH_NONFATAL_OOM              1
#define uthash_nonfatal_oom(element)   ((element)->hash_failed = true)
#include <uthash.h>

/* A name that is taken, or the context that has one. */
struct name_entry {
        const char *key;
        const char *name; /* of a context */
        UT_hash_handle hh;
        bool hash_failed;
};

struct naming {
        struct name_entry *entries; /* memory of both tables */
        size_t n_entries;
        struct name_entry *by_context, *taken;
};

static void naming_done(struct naming *n)
{
        HASH_CLEAR(hh, n->by_context);
        HASH_CLEAR(hh, n->taken);
        free(n->entries);
}

static int naming_add(
        struct naming *n, struct name_entry **table, const char *key, const char *name)
{
        struct name_entry *e;

        HASH_FIND_STR(*table, key, e);
        if (e)
                return 0;
        e = &n->entries[n->n_entries++];
        e->key = key;
        e->name = name;
        HASH_ADD_KEYPTR(hh, *table, e->key, strlen(e->key), e);
        return e->hash_failed ? -ENOMEM : 0;
}

static int naming_init(struct naming *n, const struct fleetconf_source *src, size_t n_contexts)
{
        int r = 0;

        n->entries = calloc(2 * src->n_known + n_contexts + 1, sizeof(*n->entries));
        if (!n->entries)
                return -ENOMEM;
        for (size_t i = 0; r == 0 && i < src->n_known; i++) {
                r = naming_add(n, &n->by_context, src->known[i].context, src->known[i].name);
                if (r == 0)
                        r = naming_add(n, &n->taken, src->known[i].name, NULL);
        }
        return r;
}

/* base, base-2, base-3, … whichever is free; the base gives way to the number. */
static int naming_free_name(struct naming *n, const char *base, char **ret)
{
        for (size_t number = 1; number <= n->n_entries + 1; number++) {
                char suffix[24] = "", name[LIMIT_NAME_DNS1123_LABEL + 1];
                struct name_entry *e;
                size_t room;

                if (number > 1)
                        (void)snprintf(suffix, sizeof(suffix), "-%zu", number);
                room = LIMIT_NAME_DNS1123_LABEL - strlen(suffix);
                while (room > 0 && room < strlen(base) &&
                        (base[room - 1] == '-' || base[room - 1] == '.'))
                        room--;
                (void)snprintf(name, sizeof(name), "%.*s%s", (int)room, base, suffix);
                HASH_FIND_STR(n->taken, name, e);
                if (e)
                        continue;
                *ret = strdup(name);
                return *ret ? 0 : -ENOMEM;
        }
        return -ENOMEM; /* not reached: there are more candidates than names taken */
}

static int naming_give(struct naming *n, const char *context, char **ret)
{
        _cleanup_(freep) char *base = NULL;
        struct name_entry *e;
        int r;

        HASH_FIND_STR(n->by_context, context, e);
        if (e) {
                *ret = strdup(e->name);
                return *ret ? 0 : -ENOMEM;
        }
        r = fleetconf_folder(&base, context);
        if (r == 0)
                r = naming_free_name(n, base, ret);
        return r < 0 ? r : naming_add(n, &n->taken, *ret, NULL);
}

/* --- the equivalent fleet file --- */

/* A JSON string is a YAML string, whatever it holds. */
static int yaml_put_string(struct buf *ret, const char *string)
{
        json_t *json = json_string(string);
        char *text = json ? json_dumps(json, JSON_ENCODE_ANY) : NULL;
        int r = text ? buf_puts(ret, text) : -ENOMEM;

        free(text);
        json_decref(json);
        return r;
}

static int fleet_render(struct fleetconf_fleet *fleet)
{
        _cleanup_(buf_done) struct buf text = BUF_INIT(LIMIT_CONFIG_BYTES);
        int r = 0;

        (void)buf_printf(&text,
                "# Every context of the kubeconfig. To choose, or to add labels, copy this to\n"
                "# the configuration folder (see fleetfs(1)) and edit it there.\n"
                "apiVersion: fleet.kurator.dev/v1alpha1\n"
                "kind: Fleet\n"
                "metadata:\n"
                "  name: \"%s\"\n"
                "spec:\n"
                "  clusters:\n",
                fleet->name);
        for (size_t i = 0; i < fleet->n_members; i++)
                (void)buf_printf(&text, "  - kind: AttachedCluster\n    name: \"%s\"\n",
                        fleet->members[i].name);
        for (size_t i = 0; r == 0 && i < fleet->n_members; i++) {
                (void)buf_printf(&text,
                        "---\n"
                        "apiVersion: cluster.kurator.dev/v1alpha1\n"
                        "kind: AttachedCluster\n"
                        "metadata:\n"
                        "  name: \"%s\"\n"
                        "spec:\n"
                        "  kubeconfig:\n"
                        "    context: ",
                        fleet->members[i].name);
                r = yaml_put_string(&text, fleet->members[i].context);
                (void)buf_puts(&text, "\n");
        }
        return r < 0 ? r : buf_steal(&text, &fleet->yaml, &fleet->yaml_len);
}

/* --- the source --- */

static int fleet_fill(struct fleetconf_fleet *fleet, const struct fleetconf_source *src,
        const struct fleetconf_kubeconfig *k)
{
        _cleanup_(naming_done) struct naming naming = { .entries = NULL };
        size_t n = k->kc->n_contexts;
        int r = naming_init(&naming, src, n);

        fleet->name = strdup(FLEETCONF_DEFAULT_FLEET);
        fleet->members = calloc(n, sizeof(*fleet->members));
        if (r < 0 || !fleet->name || !fleet->members)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++) {
                struct fleetconf_member *m = &fleet->members[fleet->n_members++];

                r = naming_give(&naming, k->kc->contexts[i].name, &m->name);
                if (r == 0)
                        r = fleetconf_member_attach_context(m, &k->kc->contexts[i]);
                if (r == 0)
                        r = fleetconf_member_kubeconfig(m, &src->kube, k);
                if (r < 0)
                        return r;
        }
        return fleet_render(fleet);
}

int fleetconf_from_kubeconfig(struct fleetconf_load_state *state, struct err *err)
{
        const struct fleetconf_kubeconfig *k = NULL;
        int r = fleetconf_kubeconfig(state, NULL, &k);

        if (r < 0)
                return r;
        if (k->error) {
                err_copy(err, &k->err);
                return k->error;
        }
        if (k->kc->n_contexts == 0) {
                r = err_set(err, -ENOENT, "%s has no contexts",
                        k->kc->files.n ? k->kc->files.v[0] : "the kubeconfig");
                (void)err_remedy(err,
                        "add one with kubectl config set-context, or name another file with --kubeconfig");
                return r;
        }
        state->conf->fleets = calloc(1, sizeof(*state->conf->fleets));
        if (!state->conf->fleets)
                return -ENOMEM;
        state->conf->n_fleets = 1;
        r = fleet_fill(&state->conf->fleets[0], state->src, k);
        return r == -EFBIG ? err_set(err, r, "the kubeconfig has too many contexts") : r;
}
