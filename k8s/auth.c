/* SPDX-License-Identifier: Apache-2.0 */
#include "k8s/auth.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/loop.h"
#include "base/secret.h"
#include "k8s/exec.h"
#include "k8s/file.h"
#include "k8s/kubeconfig.h"

/* A file whose contents are a credential: looked at, and read again when it changed or is old. */
struct credential_file {
        const char *path; /* NULL: there is none */
        const char *what; /* its field in the kubeconfig */
        bool is_token;    /* trimmed, and fit for a header */
        struct secret value;
        struct stat seen;
        int64_t looked, read; /* loop time; 0: never */
};

/* One kube_credential_get() that waits. */
struct credential_wait {
        kube_credential_ready *ready;
        void *arg;
        unsigned round; /* of cred->round when it came */
        struct credential_wait *next;
};

enum { CREDENTIAL_TOKEN, CREDENTIAL_CERT, CREDENTIAL_KEY, CREDENTIAL_FILES };

struct kube_credential {
        struct loop *loop;
        struct kube_context *ctx;
        struct strv headers;
        struct credential_file files[CREDENTIAL_FILES];
        struct kube_exec_plugin *plugin; /* NULL: none is asked */
        struct kube_exec_waiter waiter;
        struct kube_exec_current current; /* the plugin's answer that was handed out last */
        unsigned rejected_serial;         /* answers up to this one are of no use */
        unsigned generation, tls_generation;
        int64_t rejected_at; /* when the last refresh was forced; 0: never */
        struct credential_wait *waits, **waits_end;
        unsigned round; /* grows each time the waiting are told */
        bool busy;      /* a ready is on the stack */
};

/* --- files --- */

static bool stat_same(const struct stat *a, const struct stat *b)
{
        return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
               a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
               a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* Whether it can stand in a header: no line ends, no other control characters. */
static bool header_sendable(const char *text)
{
        for (; *text; text++)
                if ((unsigned char)*text < ' ' || *text == 0x7f)
                        return false;
        return true;
}

/* What the file's bytes mean, without the white space around a token. */
static int credential_file_value(const struct credential_file *f, const struct buf *bytes,
        struct secret *ret, struct err *err)
{
        static const char space[] = " \t\r\n";
        const char *start = bytes->data;
        size_t len = bytes->len;
        int r;

        if (f->is_token) {
                start += strspn(start, space);
                for (len = strlen(start); len > 0 && strchr(space, start[len - 1]); len--)
                        ;
        }
        if (len == 0)
                return err_set(err, -EACCES, "%s %s is empty", f->what, f->path);
        r = secret_set(ret, start, len);
        if (r == 0 && f->is_token && !header_sendable(secret_reveal(ret)))
                r = err_set(err, -EACCES, "%s %s holds control characters", f->what, f->path);
        return r;
}

static int credential_file_read(struct credential_file *f, bool *ret_changed, struct err *err)
{
        _cleanup_(buf_wipe) struct buf bytes = BUF_INIT(LIMIT_CREDENTIAL_BYTES);
        _cleanup_(secret_done) struct secret value = { 0 };
        int r = file_read(f->path, &bytes, err);

        if (r < 0)
                return err_wrap(err, r, "%s", f->what);
        r = credential_file_value(f, &bytes, &value, err);
        if (r < 0)
                return r;
        if (!secret_equal(&value, &f->value)) {
                secret_move(&f->value, &value);
                *ret_changed = true;
        }
        return 0;
}

/*
 * Brings the file up to date if it is time or `force`d; sets *ret_changed when its contents are
 * others. A file that was good once and cannot be read now keeps its last value, as in client-go:
 * it may be in the middle of its rotation.
 */
static int credential_file_refresh(
        struct credential_file *f, int64_t now, bool force, bool *ret_changed, struct err *err)
{
        bool known = !secret_is_empty(&f->value);
        struct stat st = { .st_ino = 0 };
        int r;

        if (!f->path || (known && !force && now - f->looked < LIMIT_CREDENTIAL_LOOK_MS))
                return 0;
        f->looked = now;
        if (stat(f->path, &st) == 0 && known && !force && stat_same(&st, &f->seen) &&
                now - f->read < LIMIT_CREDENTIAL_READ_MS)
                return 0;
        r = credential_file_read(f, ret_changed, known ? NULL : err);
        if (r < 0)
                return known ? 0 : r;
        f->seen = st;
        f->read = now;
        return 0;
}

/* All files; a token file that never could be read gives way to a token that stands beside it. */
static int kube_credential_refresh_files(struct kube_credential *cred, bool force, struct err *err)
{
        int64_t now = loop_now(cred->loop);
        bool changed = cred->generation == 0, tls_changed = cred->generation == 0;

        for (size_t i = 0; i < CREDENTIAL_FILES; i++) {
                struct err why = ERR_INIT;
                int r = credential_file_refresh(&cred->files[i], now, force,
                        i == CREDENTIAL_TOKEN ? &changed : &tls_changed, &why);

                if (r < 0 && i == CREDENTIAL_TOKEN && !secret_is_empty(&cred->ctx->user.token))
                        continue;
                if (r < 0) {
                        err_copy(err, &why);
                        return r;
                }
        }
        cred->generation += changed || tls_changed;
        cred->tls_generation += tls_changed;
        return 0;
}

/* --- handing out --- */

static const char *secret_or_null(const struct secret *secret)
{
        return secret && !secret_is_empty(secret) ? secret_reveal(secret) : NULL;
}

/* The first of three that is not empty. */
static const char *secret_first(
        const struct secret *a, const struct secret *b, const struct secret *c)
{
        const char *value = secret_or_null(a);

        if (!value)
                value = secret_or_null(b);
        return value ? value : secret_or_null(c);
}

static struct kube_auth kube_credential_auth(const struct kube_credential *cred)
{
        const struct kube_exec_answer *answer = cred->plugin ? cred->current.answer : NULL;
        const struct kube_user *user = &cred->ctx->user;
        struct kube_auth auth = {
                .bearer = secret_first(&cred->files[CREDENTIAL_TOKEN].value, &user->token,
                        answer ? &answer->token : NULL),
                .headers = &cred->headers,
                .generation = cred->generation,
                .tls_generation = cred->tls_generation,
        };

        if (answer && !secret_is_empty(&answer->cert_pem)) {
                auth.cert_pem = secret_reveal(&answer->cert_pem);
                auth.key_pem = secret_reveal(&answer->key_pem);
        } else {
                auth.cert_pem =
                        secret_first(&cred->files[CREDENTIAL_CERT].value, &user->cert_pem, NULL);
                auth.key_pem =
                        secret_first(&cred->files[CREDENTIAL_KEY].value, &user->key_pem, NULL);
        }
        if (!auth.bearer && user->username) {
                auth.username = user->username;
                auth.password = secret_reveal(&user->password);
        }
        return auth;
}

/* Takes the plugin's answer as the one in force. */
static void kube_credential_adopt(
        struct kube_credential *cred, const struct kube_exec_current *current)
{
        bool first = cred->current.serial == 0;

        if (current->serial != cred->current.serial && !first)
                cred->generation++;
        if (current->tls_serial != cred->current.tls_serial && !first)
                cred->tls_generation++;
        cred->current = *current;
}

/* --- gets --- */

/* Exactly one of the two is passed on. The auth is put together for each call anew: the one before
 * may have read a file again. */
static void kube_credential_answer(struct kube_credential *cred, kube_credential_ready *ready,
        void *arg, const struct err *err)
{
        bool nested = cred->busy;
        struct kube_auth auth;

        if (!err)
                auth = kube_credential_auth(cred);
        cred->busy = true;
        ready(arg, err ? NULL : &auth, err);
        cred->busy = nested;
}

/* Calls all that wait now, in order; those added meanwhile wait for the next answer. */
static void kube_credential_tell(struct kube_credential *cred, const struct err *err)
{
        unsigned round = cred->round++;

        while (cred->waits && cred->waits->round <= round) {
                struct credential_wait *w = cred->waits;

                cred->waits = w->next;
                if (!cred->waits)
                        cred->waits_end = &cred->waits;
                kube_credential_answer(cred, w->ready, w->arg, err);
                free(w);
        }
}

static void kube_credential_on_plugin(
        void *arg, const struct kube_exec_current *current, const struct err *err)
{
        struct kube_credential *cred = arg;

        if (!err)
                kube_credential_adopt(cred, current);
        kube_credential_tell(cred, err);
}

static int kube_credential_wait(
        struct kube_credential *cred, kube_credential_ready *ready, void *arg)
{
        struct credential_wait *w = malloc(sizeof(*w));

        if (!w)
                return -ENOMEM;
        *w = (struct credential_wait){ .ready = ready, .arg = arg, .round = cred->round };
        *cred->waits_end = w;
        cred->waits_end = &w->next;
        if (!cred->waiter.link)
                kube_exec_plugin_wait(cred->plugin, &cred->waiter);
        return 0;
}

void kube_credential_get(struct kube_credential *cred, kube_credential_ready *ready, void *arg)
{
        struct kube_exec_current current;
        const struct err *failed;
        struct err err = ERR_INIT;
        int r;

        loop_assert_owner(cred->loop);
        r = kube_credential_refresh_files(cred, false, &err);
        if (r == 0 && cred->plugin) {
                if (kube_exec_plugin_current(cred->plugin, cred->rejected_serial, &current)) {
                        kube_credential_adopt(cred, &current);
                } else if ((failed = kube_exec_plugin_failed(cred->plugin))) {
                        err = *failed;
                        r = err.code;
                } else {
                        r = kube_credential_wait(cred, ready, arg);
                        if (r == 0)
                                return;
                }
        }
        if (r < 0 && !err.code)
                (void)err_set(&err, r, "credential: %s", strerror(-r));
        kube_credential_answer(cred, ready, arg, r < 0 ? &err : NULL);
}

void kube_credential_cancel(struct kube_credential *cred, kube_credential_ready *ready, void *arg)
{
        struct credential_wait **link = &cred->waits, *w;

        while ((w = *link)) {
                if (w->ready != ready || w->arg != arg) {
                        link = &w->next;
                        continue;
                }
                *link = w->next;
                free(w);
        }
        cred->waits_end = link;
        if (!cred->waits && cred->plugin)
                kube_exec_plugin_forget(cred->plugin, &cred->waiter);
}

bool kube_credential_rejected(struct kube_credential *cred, unsigned generation)
{
        int64_t now = loop_now(cred->loop);

        if (generation != cred->generation)
                return true;
        if (kube_credential_refresh_files(cred, true, NULL) == 0 && generation != cred->generation)
                return true;
        if (!cred->plugin ||
                (cred->rejected_at && now - cred->rejected_at < LIMIT_REJECTED_RETRY_MS))
                return false;
        cred->rejected_at = now;
        cred->rejected_serial = cred->current.serial;
        return true;
}

/* --- making --- */

/* As client-go: what may not stand in a header's name, and "%", as %XX. */
static int impersonation_extra(struct strv *headers, const char *pair)
{
        static const char plain[] = "!#$&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                                    "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
        _cleanup_(buf_done) struct buf header = BUF_INIT(LIMIT_HTTP_HEADER_BYTES);
        size_t key = strcspn(pair, "=");

        (void)buf_puts(&header, "Impersonate-Extra-");
        for (size_t i = 0; i < key; i++) {
                if (strchr(plain, pair[i]))
                        (void)buf_putc(&header, pair[i]);
                else
                        (void)buf_printf(&header, "%%%02X", (unsigned char)pair[i]);
        }
        (void)buf_printf(&header, ": %s", pair + key + 1);
        return header.error ? header.error : strv_push(headers, header.data);
}

static int impersonation_headers(
        struct strv *headers, const struct kube_user *user, struct err *err)
{
        int r = user->as ? strv_printf(headers, "Impersonate-User: %s", user->as) : 0;

        if (r == 0 && user->as_uid)
                r = strv_printf(headers, "Impersonate-Uid: %s", user->as_uid);
        for (size_t i = 0; r == 0 && i < user->as_groups.n; i++)
                r = strv_printf(headers, "Impersonate-Group: %s", user->as_groups.v[i]);
        for (size_t i = 0; r == 0 && i < user->as_extra.n; i++)
                r = impersonation_extra(headers, user->as_extra.v[i]);
        for (size_t i = 0; r == 0 && i < headers->n; i++)
                if (!header_sendable(headers->v[i]))
                        r = err_set(err, -EINVAL,
                                "as, as-uid, as-groups or as-user-extra hold control characters");
        return r;
}

/* What cannot work whatever the server says. */
static int kube_credential_check(const struct kube_context *ctx, struct err *err)
{
        const struct kube_user *user = &ctx->user;
        int r;

        if (ctx->error) {
                err_copy(err, &ctx->err);
                return ctx->error;
        }
        if (!header_sendable(secret_reveal(&user->token))) {
                r = err_set(err, -EINVAL, "the token of user \"%s\" holds control characters",
                        ctx->user_name);
                (void)err_remedy(err, "write it in one line");
                return r;
        }
        if (user->exec.api_version && user->exec.interactive == KUBE_INTERACTIVE_ALWAYS) {
                r = err_set(err, -EINVAL,
                        "exec plugin %s needs a terminal (interactiveMode: Always), and fleetfs has none",
                        user->exec.command);
                (void)err_id(err, "FLT-0117");
                (void)err_remedy(
                        err, "set interactiveMode to IfAvailable if the plugin can do without");
                return r;
        }
        return 0;
}

static void kube_credential_name_files(struct kube_credential *cred)
{
        const struct kube_user *user = &cred->ctx->user;

        cred->files[CREDENTIAL_TOKEN] = (struct credential_file){
                .path = user->token_file, .what = "tokenFile", .is_token = true
        };
        cred->files[CREDENTIAL_CERT] =
                (struct credential_file){ .path = user->cert_file, .what = "client-certificate" };
        cred->files[CREDENTIAL_KEY] =
                (struct credential_file){ .path = user->key_file, .what = "client-key" };
}

int kube_credential_new(struct kube_credential **ret, struct loop *loop,
        const struct kube_context *ctx, struct err *err)
{
        _cleanup_(kube_credential_freep) struct kube_credential *cred = NULL;
        const struct kube_user *user = &ctx->user;
        int r = kube_credential_check(ctx, err);

        if (r < 0)
                return r;
        cred = calloc(1, sizeof(*cred));
        if (!cred)
                return -ENOMEM;
        cred->loop = loop;
        cred->waits_end = &cred->waits;
        cred->waiter.fn = kube_credential_on_plugin;
        cred->waiter.arg = cred;
        r = kube_context_dup(&cred->ctx, ctx);
        if (r < 0)
                return r;
        kube_credential_name_files(cred);
        r = impersonation_headers(&cred->headers, user, err);
        if (r == 0 && user->exec.api_version && !user->token_file && secret_is_empty(&user->token))
                r = kube_exec_plugin_get(&cred->plugin, loop, ctx, err);
        if (r < 0)
                return r;
        *ret = TAKE(cred);
        return 0;
}

void kube_credential_free(struct kube_credential *cred)
{
        struct err cancelled = ERR_INIT;

        if (!cred)
                return;
        assert(!cred->busy);
        if (cred->plugin)
                kube_exec_plugin_forget(cred->plugin, &cred->waiter);
        (void)err_set(&cancelled, -ECANCELED, "the credential is no longer in use");
        kube_credential_tell(cred, &cancelled);
        kube_exec_plugin_unref(cred->plugin);
        for (size_t i = 0; i < CREDENTIAL_FILES; i++)
                secret_done(&cred->files[i].value);
        kube_context_free(cred->ctx);
        strv_done(&cred->headers);
        free(cred);
}
