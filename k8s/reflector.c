/* SPDX-License-Identifier: Apache-2.0 */
#include "k8s/reflector.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/loop.h"
#include "k8s/client.h"
#include "k8s/path.h"
#include "k8s/status.h"

/*
 * Two kinds of calls, never more than one at a time: a page of the list and a watch. What comes
 * next is decided when one ends, in reflector_on_page() and reflector_on_watch_end(), and is
 * `plan`; the timer carries it out, at once or after a pause.
 *
 * Callbacks of the caller may free the reflector or send it back to the list while we are in the
 * middle of a piece of data. Then the call is gone (call == 0): the feeding stops, and what was
 * freed is released when the last of our functions has returned (depth).
 */

enum plan { PLAN_LIST, PLAN_PAGE, PLAN_WATCH };

struct reflector {
        struct kube_client *client;
        struct loop *loop;
        char *path, *selector;
        const struct reflector_ops *ops;
        void *arg;

        enum reflector_state state;
        enum plan plan;
        struct loop_timer timer;
        uint64_t call; /* 0: none under way */
        unsigned depth;
        bool freed;

        struct json_list *list;
        struct kube_watch *watch;
        bool begun; /* begin() was called for this list */
        char *next_page;
        char version[64];       /* to watch from */
        struct err watch_error; /* of an ERROR event; code 0: none came */
        bool expired;           /* that event was 410 */
        int64_t watch_began;    /* loop time; 0: it did not open */
        int64_t relist_ms;      /* between two lists */
        int64_t relist_at;      /* loop time; no watch lasts longer */
        bool watch_spoke;       /* it brought an event */
        unsigned failures;      /* in a row */
        unsigned expiries;      /* watches in a row that were refused as expired */
        uint64_t random;
};

static void release(struct reflector *r)
{
        json_list_free(r->list);
        kube_watch_free(r->watch);
        free(r->next_page);
        free(r->path);
        free(r->selector);
        free(r);
}

static void enter(struct reflector *r)
{
        r->depth++;
}

static void leave(struct reflector *r)
{
        if (--r->depth == 0 && r->freed)
                release(r);
}

/* --- states and pauses --- */

static void set_state(struct reflector *r, enum reflector_state state, const struct err *err)
{
        static const char *const names[] = {
                [REFLECTOR_STOPPED] = "stopped",
                [REFLECTOR_LISTING] = "listing",
                [REFLECTOR_WATCHING] = "watching",
                [REFLECTOR_ABSENT] = "absent",
                [REFLECTOR_FORBIDDEN] = "forbidden",
                [REFLECTOR_FAILING] = "failing",
        };

        if (r->freed || (state == r->state && !err))
                return;
        log_debug("reflector", LOG_S("cluster", kube_client_name(r->client)),
                LOG_S("path", r->path), LOG_S("from", names[r->state]), LOG_S("to", names[state]),
                LOG_ERR(err));
        r->state = state;
        r->ops->state(r->arg, state, err);
}

/* Between half of it and all of it. */
static int64_t jittered(struct reflector *r, int64_t ms)
{
        r->random ^= r->random << 13;
        r->random ^= r->random >> 7;
        r->random ^= r->random << 17;
        return ms / 2 + (int64_t)(r->random % (uint64_t)(ms / 2 + 1));
}

static void plan_now(struct reflector *r, enum plan plan)
{
        if (r->freed)
                return;
        r->plan = plan;
        loop_timer_after(r->loop, &r->timer, 0);
}

static void plan_after(struct reflector *r, enum plan plan, int64_t ms)
{
        if (r->freed)
                return;
        r->plan = plan;
        loop_timer_after(r->loop, &r->timer, jittered(r, ms));
}

/* The pause grows with each failure in a row. */
static void plan_after_failures(struct reflector *r, enum plan plan, unsigned failures)
{
        int64_t pause = LIMIT_REFLECTOR_PAUSE_MIN_MS;

        for (unsigned i = 0; i < failures && pause < LIMIT_REFLECTOR_PAUSE_MS; i++)
                pause *= 2;
        plan_after(r, plan, pause < LIMIT_REFLECTOR_PAUSE_MS ? pause : LIMIT_REFLECTOR_PAUSE_MS);
}

static void fail(struct reflector *r, enum plan plan, const struct err *err)
{
        bool forbidden = err->code == -EACCES || err->code == -EPERM;

        if (forbidden)
                plan_after(r, plan, LIMIT_REFLECTOR_PAUSE_MS);
        else
                plan_after_failures(r, plan, r->failures++);
        set_state(r, forbidden ? REFLECTOR_FORBIDDEN : REFLECTOR_FAILING, err);
}

/* --- the list --- */

static int on_item(void *arg, const char *bytes, size_t len, struct err *err)
{
        struct reflector *r = arg;

        r->ops->item(r->arg, KUBE_EVENT_ADDED, bytes, len);
        return r->call ? 0 : err_set(err, -ECANCELED, "the list was given up");
}

static int on_page_data(void *arg, const char *bytes, size_t len, struct err *err)
{
        struct reflector *r = arg;
        int result = 0;

        enter(r);
        if (!r->begun) {
                r->begun = true;
                r->ops->begin(r->arg);
        }
        if (r->call)
                result = json_list_feed(r->list, bytes, len, err);
        leave(r);
        return result;
}

/* The copy is complete and, for this moment, true. */
static void list_complete(struct reflector *r)
{
        r->failures = 0;
        r->relist_at = loop_now(r->loop) + jittered(r, r->relist_ms);
        plan_now(r, PLAN_WATCH);
        r->ops->end(r->arg);
        if (r->plan == PLAN_WATCH)
                set_state(r, REFLECTOR_WATCHING, NULL);
}

static void page_complete(struct reflector *r)
{
        struct json_list_meta meta = { 0 };
        struct err err = ERR_INIT;
        int result = json_list_end(r->list, &meta, &err);

        if (result == 0 && !meta.continue_ &&
                (!meta.resource_version || strlen(meta.resource_version) >= sizeof(r->version)))
                result = err_set(&err, -EBADMSG, "a list without a resourceVersion");
        if (result < 0) {
                (void)err_wrap(&err, result, "GET %s", r->path);
                fail(r, PLAN_LIST, &err);
        } else if (meta.continue_) {
                free(r->next_page);
                r->next_page = TAKE(meta.continue_);
                plan_now(r, PLAN_PAGE);
        } else {
                strcpy(r->version, meta.resource_version);
                list_complete(r);
        }
        json_list_meta_done(&meta);
        r->list = json_list_free(r->list);
}

/* The cluster has no such resource: an empty collection, told in the usual way. */
static void list_absent(struct reflector *r, const struct err *err)
{
        r->failures = 0;
        plan_after(r, PLAN_LIST, LIMIT_REFLECTOR_ABSENT_MS);
        if (r->state != REFLECTOR_ABSENT) {
                r->ops->begin(r->arg);
                if (!r->freed)
                        r->ops->end(r->arg);
        }
        if (r->plan == PLAN_LIST && loop_timer_armed(&r->timer))
                set_state(r, REFLECTOR_ABSENT, err);
}

static void on_page(void *arg, const struct kube_reply *reply)
{
        struct reflector *r = arg;

        enter(r);
        r->call = 0;
        if (!reply->err)
                page_complete(r);
        else if (reply->http_status == 404 && r->plan == PLAN_LIST)
                list_absent(r, reply->err);
        else if (reply->http_status == 410 && r->plan == PLAN_PAGE && r->failures == 0) {
                r->failures++; /* a token that expires again is a failure */
                plan_now(r, PLAN_LIST);
        } else
                fail(r, PLAN_LIST, reply->err);
        leave(r);
}

static int start_page(struct reflector *r, struct err *err)
{
        _cleanup_(buf_done) struct buf query = BUF_INIT(LIMIT_TEXT_BYTES);
        struct kube_request rq = {
                .path = r->path, .retry = KUBE_RETRY_NEVER, .on_data = on_page_data
        };
        int result;

        (void)buf_printf(&query, "limit=%d", LIMIT_API_PAGE_ITEMS);
        if (r->plan == PLAN_PAGE)
                (void)kube_query_add(&query, "continue", r->next_page);
        if (r->selector)
                (void)kube_query_add(&query, "labelSelector", r->selector);
        if (query.error)
                return err_set(err, query.error, "the query of a list does not fit");
        rq.query = query.data;
        if (r->plan == PLAN_LIST)
                r->begun = false;
        r->list = json_list_free(r->list);
        result = json_list_new(&r->list, LIMIT_WATCH_LINE_BYTES, on_item, r);
        if (result < 0)
                return err_set(err, result, "out of memory");
        return kube_call(r->client, &rq, on_page, r, &r->call, err);
}

/* --- the watch --- */

/* 410 in its various spellings: what we have seen last is forgotten there. */
static bool is_expired(const struct kube_status *st)
{
        return st->code == 410 || strcmp(st->reason, "Expired") == 0 ||
               strcmp(st->reason, "Gone") == 0;
}

static int take_error(struct reflector *r, const char *object, size_t len)
{
        struct kube_status status;

        (void)kube_status_parse(&status, object, len);
        (void)kube_status_set(&r->watch_error, 0, &status);
        r->expired = is_expired(&status);
        return 0;
}

static int on_event(
        void *arg, enum kube_event event, const char *object, size_t len, struct err *err)
{
        struct reflector *r = arg;
        char version[sizeof(r->version)];

        if (event == KUBE_EVENT_ERROR)
                return take_error(r, object, len);
        r->watch_spoke = true;
        if (kube_object_version(object, len, version, sizeof(version)) < 0)
                return err_set(err, -EBADMSG, "a watch event without a resourceVersion");
        strcpy(r->version, version);
        if (event != KUBE_EVENT_BOOKMARK)
                r->ops->item(r->arg, event, object, len);
        return r->call ? 0 : err_set(err, -ECANCELED, "the watch was given up");
}

static int on_watch_data(void *arg, const char *bytes, size_t len, struct err *err)
{
        struct reflector *r = arg;
        int result;

        enter(r);
        result = kube_watch_feed(r->watch, bytes, len, err);
        leave(r);
        return result;
}

static void on_watch_open(void *arg)
{
        struct reflector *r = arg;

        enter(r);
        r->watch_began = loop_now(r->loop);
        set_state(r, REFLECTOR_WATCHING, NULL);
        leave(r);
}

/* What to do after a watch that showed that all is well, however it ended. */
static void after_good_watch(struct reflector *r)
{
        enum plan plan = loop_now(r->loop) >= r->relist_at ? PLAN_LIST : PLAN_WATCH;

        r->failures = r->expiries = 0;
        /* A server that cuts each watch after its first event is not asked in a tight loop. */
        if (loop_now(r->loop) - r->watch_began < LIMIT_REFLECTOR_PAUSE_MIN_MS)
                plan_after(r, plan, LIMIT_REFLECTOR_PAUSE_MIN_MS);
        else
                plan_now(r, plan);
}

/* What was seen last is forgotten there: once at once, then with growing pauses, as a server that
 * refuses the version it just gave out would be listed in a tight loop. */
static void after_expired_watch(struct reflector *r)
{
        if (r->expiries++ == 0)
                plan_now(r, PLAN_LIST);
        else
                plan_after_failures(r, PLAN_LIST, r->expiries - 2);
}

/* Errors after which the watch cannot go on from where it was. */
static bool needs_list(const struct kube_reply *reply)
{
        return reply->http_status == 404 || reply->err->code == -EBADMSG ||
               reply->err->code == -EFBIG;
}

static void on_watch_end(void *arg, const struct kube_reply *reply)
{
        struct reflector *r = arg;
        bool lasted = r->watch_began &&
                      loop_now(r->loop) - r->watch_began >= LIMIT_REFLECTOR_PAUSE_MIN_MS;

        enter(r);
        r->call = 0;
        if (r->expired || reply->http_status == 410) {
                after_expired_watch(r);
        } else if (r->watch_error.code) {
                (void)err_wrap(&r->watch_error, r->watch_error.code, "watch %s", r->path);
                fail(r, PLAN_LIST, &r->watch_error);
        } else if (reply->err && needs_list(reply)) {
                fail(r, PLAN_LIST, reply->err);
        } else if ((r->watch_spoke || lasted) && (!reply->err || reply->http_status)) {
                after_good_watch(r);
        } else if (reply->err) {
                fail(r, PLAN_WATCH, reply->err);
        } else {
                plan_after_failures(r, PLAN_WATCH, r->failures++);
        }
        leave(r);
}

/* Whole seconds, as the API takes them; at least one, and never past the next list by more. */
static int64_t watch_seconds(struct reflector *r)
{
        int64_t ms = jittered(r, LIMIT_WATCH_MS), left = r->relist_at - loop_now(r->loop);

        if (ms > left)
                ms = left;
        return ms > 1000 ? (ms + 999) / 1000 : 1;
}

static int start_watch(struct reflector *r, struct err *err)
{
        _cleanup_(buf_done) struct buf query = BUF_INIT(LIMIT_TEXT_BYTES);
        struct kube_request rq = { .path = r->path,
                .stream = true,
                .idle_ms = LIMIT_WATCH_IDLE_MS,
                .on_open = on_watch_open,
                .on_data = on_watch_data };

        (void)buf_printf(&query, "watch=1&allowWatchBookmarks=true&timeoutSeconds=%lld",
                (long long)watch_seconds(r));
        (void)kube_query_add(&query, "resourceVersion", r->version);
        if (r->selector)
                (void)kube_query_add(&query, "labelSelector", r->selector);
        if (query.error)
                return err_set(err, query.error, "the query of a watch does not fit");
        rq.query = query.data;
        kube_watch_reset(r->watch);
        err_clear(&r->watch_error);
        r->expired = false;
        r->watch_spoke = false;
        r->watch_began = 0;
        return kube_call(r->client, &rq, on_watch_end, r, &r->call, err);
}

/* --- the plan --- */

static void on_timer(void *arg)
{
        struct reflector *r = arg;
        struct err err = ERR_INIT;
        int result;

        enter(r);
        /* A failing one goes on failing until something succeeds. */
        if (r->plan == PLAN_LIST &&
                (r->state == REFLECTOR_STOPPED || r->state == REFLECTOR_WATCHING))
                set_state(r, REFLECTOR_LISTING, NULL);
        if (!r->freed && !loop_timer_armed(&r->timer)) {
                result = r->plan == PLAN_WATCH ? start_watch(r, &err) : start_page(r, &err);
                if (result < 0)
                        fail(r, PLAN_LIST, &err);
        }
        leave(r);
}

void reflector_start(struct reflector *r)
{
        if (r->state == REFLECTOR_STOPPED && !r->call)
                plan_now(r, PLAN_LIST);
}

void reflector_kick(struct reflector *r)
{
        if (!r->call && loop_timer_armed(&r->timer))
                plan_now(r, r->plan);
}

void reflector_relist(struct reflector *r)
{
        if (r->state == REFLECTOR_STOPPED)
                return;
        kube_cancel(r->client, r->call);
        r->call = 0;
        plan_now(r, PLAN_LIST);
}

void reflector_set_relist(struct reflector *r, int64_t ms)
{
        r->relist_ms = ms;
}

enum reflector_state reflector_state(const struct reflector *r)
{
        return r->state;
}

/* --- life --- */

int reflector_new(struct reflector **ret, struct kube_client *client, const char *path,
        const char *selector, const struct reflector_ops *ops, void *arg, struct err *err)
{
        _cleanup_(reflector_freep) struct reflector *r = calloc(1, sizeof(*r));

        if (!r)
                return err_set(err, -ENOMEM, "out of memory");
        r->client = client;
        r->loop = kube_client_loop(client);
        r->ops = ops;
        r->arg = arg;
        r->relist_ms = LIMIT_REFLECTOR_RELIST_MS;
        loop_timer_init(&r->timer, on_timer, r);
        r->path = strdup(path);
        r->selector = selector ? strdup(selector) : NULL;
        if (!r->path || (selector && !r->selector) ||
                kube_watch_new(&r->watch, LIMIT_WATCH_LINE_BYTES, on_event, r) < 0)
                return err_set(err, -ENOMEM, "out of memory");
        /* Without entropy yet, the address tells reflectors apart. */
        if (getrandom(&r->random, sizeof(r->random), GRND_NONBLOCK) < 0)
                r->random = (uintptr_t)r;
        r->random |= 1;
        *ret = TAKE(r);
        return 0;
}

struct reflector *reflector_free(struct reflector *r)
{
        if (!r)
                return NULL;
        kube_cancel(r->client, r->call);
        r->call = 0;
        loop_timer_cancel(r->loop, &r->timer);
        r->freed = true;
        if (r->depth == 0)
                release(r);
        return NULL;
}
