/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/fleetconf.h"

#include <dirent.h>
#include <string.h>

#include "base/buf.h"
#include "base/limits.h"
#include "k8s/file.h"
#include "ops/fleetconf_private.h"

/* --- release --- */

static void fleetconf_member_done(struct fleetconf_member *m)
{
        free(m->name);
        free(m->context);
        free(m->kubeconfig);
        strv_done(&m->labels);
        kube_context_free(m->kube);
        free(m->velero_namespace);
}

static void fleetconf_fleet_done(struct fleetconf_fleet *f)
{
        struct fleetconf_storage *s = &f->backup.storage;

        for (size_t i = 0; i < f->n_members; i++)
                fleetconf_member_done(&f->members[i]);
        free(f->members);
        free(f->name);
        free(f->yaml);
        free(s->provider);
        free(s->bucket);
        free(s->prefix);
        free(s->endpoint);
}

struct fleetconf *fleetconf_ref(struct fleetconf *conf)
{
        conf->refs++;
        return conf;
}

void fleetconf_free(struct fleetconf *conf)
{
        if (!conf || --conf->refs > 0)
                return;
        for (size_t i = 0; i < conf->n_fleets; i++)
                fleetconf_fleet_done(&conf->fleets[i]);
        free(conf->fleets);
        strv_done(&conf->files);
        free(conf->dir);
        free(conf);
}

/* --- lookup --- */

const struct fleetconf_fleet *fleetconf_find(const struct fleetconf *conf, const char *fleet)
{
        for (size_t i = 0; i < conf->n_fleets; i++)
                if (strcmp(conf->fleets[i].name, fleet) == 0)
                        return &conf->fleets[i];
        return NULL;
}

/* --- names --- */

static bool name_char_inner(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/* Every part between dots begins and ends with a letter or digit. */
bool fleetconf_name_ok(const char *name)
{
        size_t len = strlen(name);

        if (len == 0 || len > LIMIT_NAME_DNS1123_LABEL)
                return false;
        for (size_t i = 0; i < len; i++) {
                bool edge = i == 0 || i + 1 == len || name[i - 1] == '.' || name[i + 1] == '.';

                if (!name_char_inner(name[i]) && (edge || (name[i] != '-' && name[i] != '.')))
                        return false;
        }
        return true;
}

/* Drops what may not stand beside a dot or at an end: every run of "-" and "." that holds a dot
 * becomes one dot. */
static size_t name_tidy(char *name, size_t len)
{
        size_t out = 0;

        for (size_t i = 0; i < len;) {
                size_t run = 0;
                bool dot = false;

                for (; i + run < len && !name_char_inner(name[i + run]); run++)
                        dot |= name[i + run] == '.';
                if (run == 0) {
                        name[out++] = name[i++];
                        continue;
                }
                if (out > 0 && i + run < len) {
                        if (dot)
                                name[out++] = '.';
                        else
                                for (size_t k = 0; k < run; k++)
                                        name[out++] = '-';
                }
                i += run;
        }
        return out;
}

int fleetconf_folder(char **ret, const char *context)
{
        size_t end = strlen(context), start, len;
        char *name;

        while (end > 0 && context[end - 1] == '/')
                end--;
        for (start = end; start > 0 && context[start - 1] != '/';)
                start--;
        name = strndup(context + start, end - start);
        if (!name)
                return -ENOMEM;
        for (char *c = name; *c; c++) {
                if (*c >= 'A' && *c <= 'Z')
                        *c = (char)(*c - 'A' + 'a');
                else if (!name_char_inner(*c) && *c != '.')
                        *c = '-';
        }
        len = name_tidy(name, end - start);
        if (len > LIMIT_NAME_DNS1123_LABEL)
                len = name_tidy(name, LIMIT_NAME_DNS1123_LABEL);
        name[len] = '\0';
        if (len == 0) {
                free(name);
                name = strdup("cluster");
                if (!name)
                        return -ENOMEM;
        }
        *ret = name;
        return 0;
}

/* --- members --- */

int fleetconf_kubeconfig(struct fleetconf_load_state *state, const char *path,
        const struct fleetconf_kubeconfig **ret)
{
        struct kubeconfig_source source = state->src->kube;
        struct fleetconf_kubeconfig *k;
        int r;

        for (size_t i = 0; i < state->n_kubeconfigs; i++) {
                k = &state->kubeconfigs[i];
                if (path && k->path ? strcmp(path, k->path) == 0 : !path && !k->path) {
                        *ret = k;
                        return 0;
                }
        }
        k = reallocarray(state->kubeconfigs, state->n_kubeconfigs + 1, sizeof(*state->kubeconfigs));
        if (!k)
                return -ENOMEM;
        state->kubeconfigs = k;
        k += state->n_kubeconfigs;
        *k = (struct fleetconf_kubeconfig){ .path = path ? strdup(path) : NULL };
        if (path && !k->path)
                return -ENOMEM;
        state->n_kubeconfigs++;
        if (path)
                source = (struct kubeconfig_source){ .path = path };
        k->error = kubeconfig_load(&k->kc, &source, &k->err);
        if (k->error == -ENOMEM)
                return -ENOMEM;
        r = k->kc ? strv_extend(&state->conf->files, &k->kc->files) : 0;
        /* What could not be read is watched as well: its repair is a change. */
        if (r == 0 && path)
                r = strv_push(&state->conf->files, path);
        *ret = k;
        return r;
}

static void fleetconf_no_context(struct fleetconf_member *member,
        const struct fleetconf_kubeconfig *kubeconfig, const char *context)
{
        const struct kubeconfig *kc = kubeconfig->kc;
        const char *place = kubeconfig->path ? kubeconfig->path : "the kubeconfig";
        _cleanup_(buf_done) struct buf names = BUF_INIT(LIMIT_TEXT_BYTES);

        if (context)
                member->error =
                        err_set(&member->err, -ENOENT, "%s has no context \"%s\"", place, context);
        else
                member->error = err_set(&member->err, -ENOENT, "%s sets no current-context", place);
        for (size_t i = 0; i < kc->n_contexts && i < 5; i++)
                (void)buf_printf(&names, "%s%s", i ? ", " : "", kc->contexts[i].name);
        if (kc->n_contexts == 0)
                (void)err_remedy(&member->err, "name another kubeconfig: this one has no contexts");
        else
                (void)err_remedy(&member->err, "name one that it has: %s%s", names.data,
                        kc->n_contexts > 5 ? ", …" : "");
}

int fleetconf_member_attach_context(struct fleetconf_member *member, const struct kube_context *ctx)
{
        member->context = strdup(ctx->name);
        if (!member->context)
                return -ENOMEM;
        if (!ctx->error)
                return kube_context_dup(&member->kube, ctx);
        member->error = ctx->error;
        err_copy(&member->err, &ctx->err);
        return 0;
}

int fleetconf_member_attach(struct fleetconf_member *member,
        const struct fleetconf_kubeconfig *kubeconfig, const char *context)
{
        const struct kube_context *ctx =
                kubeconfig->error ? NULL : kubeconfig_find(kubeconfig->kc, context);

        if (ctx)
                return fleetconf_member_attach_context(member, ctx);
        if (kubeconfig->error) {
                member->error = kubeconfig->error;
                err_copy(&member->err, &kubeconfig->err);
        } else {
                fleetconf_no_context(member, kubeconfig, context);
        }
        return context && !(member->context = strdup(context)) ? -ENOMEM : 0;
}

int fleetconf_member_kubeconfig(struct fleetconf_member *member, const struct kubeconfig_source *src,
        const struct fleetconf_kubeconfig *kubeconfig)
{
        const char *path = kubeconfig->path ? kubeconfig->path : src->path;

        return path ? path_resolve(src->cwd ? src->cwd : ".", path, &member->kubeconfig) : 0;
}

/* --- loading --- */

static int fleetconf_is_fleet_file(const struct dirent *entry)
{
        const char *dot = strrchr(entry->d_name, '.');

        return entry->d_name[0] != '.' && dot && strcmp(dot, ".yaml") == 0;
}

int fleetconf_files(const struct fleetconf_source *src, struct strv *ret, struct err *err)
{
        struct dirent **entries = NULL;
        int n, r = 0;

        if (src->fleet_file) {
                _cleanup_(freep) char *path = NULL;

                r = path_resolve(src->kube.cwd ? src->kube.cwd : ".", src->fleet_file, &path);
                return r < 0 ? r : strv_push(ret, path);
        }
        if (!src->fleet_dir)
                return 0;
        n = scandir(src->fleet_dir, &entries, fleetconf_is_fleet_file, NULL);
        if (n < 0 && (errno == ENOENT || errno == ENOTDIR))
                return 0;
        if (n < 0)
                return err_set(err, -errno, "%s: %s", src->fleet_dir, strerror(errno));
        for (int i = 0; i < n; i++) {
                if (r == 0)
                        r = strv_printf(ret, "%s/%s", src->fleet_dir, entries[i]->d_name);
                free(entries[i]);
        }
        free(entries);
        if (r == 0 && n > LIMIT_CONFIG_FILES)
                r = err_set(err, -E2BIG, "%s holds more than %d fleet files", src->fleet_dir,
                        LIMIT_CONFIG_FILES);
        strv_sort(ret);
        return r;
}

static void fleetconf_load_state_done(struct fleetconf_load_state *state)
{
        for (size_t i = 0; i < state->n_kubeconfigs; i++) {
                free(state->kubeconfigs[i].path);
                kubeconfig_free(state->kubeconfigs[i].kc);
        }
        free(state->kubeconfigs);
        fleetconf_free(state->conf);
}

/* What is the same for all sources. The kubeconfigs of source 1 count in any case: they are in
 * force again when the fleet files go. */
static int fleetconf_complete(struct fleetconf *conf, const struct fleetconf_source *src)
{
        _cleanup_(strv_done) struct strv candidates = { 0 };
        int r = kubeconfig_candidates(&src->kube, &candidates, NULL);

        if (r == 0)
                r = strv_extend(&conf->files, &candidates);
        if (r == -ENOMEM)
                return r;
        strv_sort_unique(&conf->files);
        if (src->fleet_dir && !src->fleet_file && !(conf->dir = strdup(src->fleet_dir)))
                return -ENOMEM;
        for (size_t i = 0; src->velero_namespace && i < conf->n_fleets; i++) {
                struct fleetconf_fleet *f = &conf->fleets[i];

                for (size_t k = 0; k < f->n_members; k++)
                        if (!f->members[k].velero_namespace &&
                                !(f->members[k].velero_namespace = strdup(src->velero_namespace)))
                                return -ENOMEM;
        }
        return 0;
}

int fleetconf_load(const struct fleetconf_source *src, struct fleetconf **ret, struct err *err)
{
        _cleanup_(fleetconf_load_state_done) struct fleetconf_load_state state = { .src = src };
        _cleanup_(strv_done) struct strv paths = { 0 };
        int r = fleetconf_files(src, &paths, err);

        if (r < 0)
                return r;
        state.conf = calloc(1, sizeof(*state.conf));
        if (!state.conf)
                return -ENOMEM;
        state.conf->refs = 1;
        r = strv_extend(&state.conf->files, &paths);
        if (r == 0)
                r = paths.n ? fleetconf_from_files(&state, &paths, err)
                            : fleetconf_from_kubeconfig(&state, err);
        if (r == 0)
                r = fleetconf_complete(state.conf, src);
        if (r < 0)
                return r;
        *ret = TAKE(state.conf);
        return 0;
}
