/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/fleetconf.h"

#include <string.h>

/* Equal, or both absent. */
static bool text_same(const char *a, const char *b)
{
        return a && b ? strcmp(a, b) == 0 : a == b;
}

static unsigned member_what(const struct fleetconf_member *a, const struct fleetconf_member *b)
{
        unsigned what = 0;

        if (!text_same(a->context, b->context) || !text_same(a->kubeconfig, b->kubeconfig) ||
                !a->kube != !b->kube ||
                (a->kube && !kube_context_same_server(a->kube, b->kube)))
                what |= FLEETCONF_CONNECTION;
        if (!a->kube != !b->kube || (a->kube && !kube_user_equal(&a->kube->user, &b->kube->user)))
                what |= FLEETCONF_CREDENTIAL;
        if (!strv_equal(&a->labels, &b->labels))
                what |= FLEETCONF_LABELS;
        if (!text_same(a->velero_namespace, b->velero_namespace))
                what |= FLEETCONF_VELERO_NAMESPACE;
        if (a->error != b->error || strcmp(a->err.msg, b->err.msg) != 0 ||
                strcmp(a->err.remedy, b->err.remedy) != 0 || a->err.line != b->err.line ||
                a->err.column != b->err.column)
                what |= FLEETCONF_ERROR;
        return what;
}

static bool backup_same(const struct fleetconf_backup *a, const struct fleetconf_backup *b)
{
        const struct fleetconf_storage *s = &a->storage, *t = &b->storage;

        return a->present == b->present && text_same(s->provider, t->provider) &&
               text_same(s->bucket, t->bucket) && text_same(s->prefix, t->prefix) &&
               text_same(s->endpoint, t->endpoint);
}

static unsigned fleet_what(const struct fleetconf_fleet *a, const struct fleetconf_fleet *b)
{
        unsigned what = 0;

        if (!backup_same(&a->backup, &b->backup))
                what |= FLEETCONF_BACKUP;
        if (a->yaml_len != b->yaml_len || memcmp(a->yaml, b->yaml, a->yaml_len) != 0)
                what |= FLEETCONF_YAML;
        return what;
}

/* --- members by name, for fleets of thousands --- */

static int member_by_name(const void *a, const void *b)
{
        const struct fleetconf_member *const *x = a, *const *y = b;

        return strcmp((*x)->name, (*y)->name);
}

/* The members in the order of their names; the array is the caller's. */
static const struct fleetconf_member **members_sorted(const struct fleetconf_fleet *fleet)
{
        const struct fleetconf_member **v = calloc(fleet->n_members + 1, sizeof(*v));

        for (size_t i = 0; v && i < fleet->n_members; i++)
                v[i] = &fleet->members[i];
        if (v && fleet->n_members)
                qsort(v, fleet->n_members, sizeof(*v), member_by_name);
        return v;
}

static void diff_add(struct fleetconf_diff *diff, enum fleetconf_change_kind kind,
        const struct fleetconf_fleet *fleet, const struct fleetconf_member *member, unsigned what)
{
        diff->changes[diff->n_changes++] = (struct fleetconf_change){
                .kind = kind, .fleet = fleet, .member = member, .what = what
        };
}

/* Walks both in the order of names; `removals` chooses which half of the result is added. */
static int diff_members(struct fleetconf_diff *diff, const struct fleetconf_fleet *old,
        const struct fleetconf_fleet *new_, bool removals)
{
        static const struct fleetconf_fleet none;
        _cleanup_(freep) const struct fleetconf_member **a = members_sorted(old ? old : &none);
        _cleanup_(freep) const struct fleetconf_member **b = members_sorted(new_ ? new_ : &none);

        if (!a || !b)
                return -ENOMEM;
        for (size_t i = 0, k = 0; a[i] || b[k];) {
                int order = !a[i] ? 1 : !b[k] ? -1 : strcmp(a[i]->name, b[k]->name);
                unsigned what = order == 0 ? member_what(a[i], b[k]) : 0;

                if (order < 0 && removals)
                        diff_add(diff, FLEETCONF_REMOVED, old, a[i], 0);
                if (order > 0 && !removals)
                        diff_add(diff, FLEETCONF_ADDED, new_, b[k], 0);
                if (what && !removals)
                        diff_add(diff, FLEETCONF_CHANGED, new_, b[k], what);
                i += order <= 0;
                k += order >= 0;
        }
        return 0;
}

/* --- the whole --- */

static size_t conf_size(const struct fleetconf *conf)
{
        size_t n = 0;

        for (size_t i = 0; conf && i < conf->n_fleets; i++)
                n += 1 + conf->fleets[i].n_members;
        return n;
}

static int diff_removals(
        struct fleetconf_diff *diff, const struct fleetconf *old, const struct fleetconf *new_)
{
        for (size_t i = 0; old && i < old->n_fleets; i++) {
                const struct fleetconf_fleet *a = &old->fleets[i];
                const struct fleetconf_fleet *b = fleetconf_find(new_, a->name);
                int r;

                if (!b)
                        diff_add(diff, FLEETCONF_REMOVED, a, NULL, 0);
                r = diff_members(diff, a, b, true);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int diff_additions(
        struct fleetconf_diff *diff, const struct fleetconf *old, const struct fleetconf *new_)
{
        for (size_t i = 0; i < new_->n_fleets; i++) {
                const struct fleetconf_fleet *b = &new_->fleets[i];
                const struct fleetconf_fleet *a = old ? fleetconf_find(old, b->name) : NULL;
                unsigned what = a ? fleet_what(a, b) : 0;
                int r;

                if (!a)
                        diff_add(diff, FLEETCONF_ADDED, b, NULL, 0);
                if (what)
                        diff_add(diff, FLEETCONF_CHANGED, b, NULL, what);
                r = diff_members(diff, a, b, false);
                if (r < 0)
                        return r;
        }
        return 0;
}

int fleetconf_diff(
        const struct fleetconf *old, const struct fleetconf *new_, struct fleetconf_diff *ret)
{
        struct fleetconf_diff diff = { .n_changes = 0 };
        int r;

        /* Each fleet and member of either side makes one change at most. */
        diff.changes = calloc(conf_size(old) + conf_size(new_) + 1, sizeof(*diff.changes));
        if (!diff.changes)
                return -ENOMEM;
        r = diff_removals(&diff, old, new_);
        if (r == 0)
                r = diff_additions(&diff, old, new_);
        if (r < 0) {
                fleetconf_diff_done(&diff);
                return r;
        }
        *ret = diff;
        return 0;
}

void fleetconf_diff_done(struct fleetconf_diff *diff)
{
        free(diff->changes);
        *diff = (struct fleetconf_diff){ .n_changes = 0 };
}
