/* SPDX-License-Identifier: Apache-2.0 */
#include "base/http.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "base/http_internal.h"
#include "base/limits.h"
#include "base/log.h"

/*
 * libcurl's multi handle on our loop: it tells us which sockets and which timer it wants
 * (on_want_socket, on_want_timer), and is told what happened to them (drive). With thousands of
 * idle streams that costs what the active ones cost; curl_multi_poll() would look at all of them
 * for each event.
 *
 * `depth` says that libcurl is on the stack. Whatever would call it then is put off to on_work(),
 * which runs at the end of the round.
 */

struct http_socket {
        struct loop_fd fd;
        struct http *http;
        struct http_socket *next, **link;
};

/* --- sockets and timer --- */

/* Calls back all that is finished: every message, not one per event. */
static void drain(struct http *http)
{
        CURLMsg *msg;
        int left;

        while ((msg = curl_multi_info_read(http->multi, &left))) {
                struct http_transfer *t = NULL;
                CURLcode code = msg->data.result;

                if (msg->msg != CURLMSG_DONE)
                        continue;
                (void)curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &t);
                http_transfer_finish(t, code);
        }
}

static void drive(struct http *http, curl_socket_t fd, int events)
{
        CURLMcode code;
        int running;

        http->depth++;
        code = curl_multi_socket_action(http->multi, fd, events, &running);
        http->depth--;
        if (code != CURLM_OK)
                log_debug("libcurl", LOG_S("error", curl_multi_strerror(code)));
        drain(http);
}

static void on_socket_event(struct loop_fd *f, uint32_t events, void *arg)
{
        struct http_socket *s = arg;
        int mask = 0;

        mask |= events & EPOLLIN ? CURL_CSELECT_IN : 0;
        mask |= events & EPOLLOUT ? CURL_CSELECT_OUT : 0;
        mask |= events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0;
        drive(s->http, f->fd, mask); /* may free s */
}

static void socket_free(struct http_socket *s)
{
        loop_fd_remove(s->http->loop, &s->fd);
        *s->link = s->next;
        if (s->next)
                s->next->link = s->link;
        free(s);
}

static struct http_socket *socket_new(struct http *http, curl_socket_t fd, uint32_t events)
{
        struct http_socket *s = calloc(1, sizeof(*s));

        if (!s)
                return NULL;
        s->http = http;
        if (loop_fd_add(http->loop, &s->fd, fd, events, on_socket_event, s, NULL) < 0) {
                free(s);
                return NULL;
        }
        s->next = http->sockets;
        s->link = &http->sockets;
        if (s->next)
                s->next->link = &s->next;
        http->sockets = s;
        return s;
}

/*
 * Always answers 0: any other answer would kill the multi handle for good. A socket that cannot be
 * watched stalls only its own requests, and those have deadlines.
 */
static int on_want_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
        static const uint32_t masks[] = { [CURL_POLL_NONE] = 0,
                [CURL_POLL_IN] = EPOLLIN,
                [CURL_POLL_OUT] = EPOLLOUT,
                [CURL_POLL_INOUT] = EPOLLIN | EPOLLOUT };
        struct http *http = arg;
        struct http_socket *s = socket_arg;

        (void)easy;
        if (what == CURL_POLL_REMOVE) {
                if (s)
                        socket_free(s);
                (void)curl_multi_assign(http->multi, fd, NULL);
                return 0;
        }
        if (s) {
                (void)loop_fd_set(http->loop, &s->fd, masks[what], NULL);
                return 0;
        }
        s = socket_new(http, fd, masks[what]);
        if (!s)
                log_debug("libcurl: a socket cannot be watched", LOG_I("fd", fd));
        (void)curl_multi_assign(http->multi, fd, s);
        return 0;
}

static void on_timer(void *arg)
{
        drive(arg, CURL_SOCKET_TIMEOUT, 0);
}

static int on_want_timer(CURLM *multi, long ms, void *arg)
{
        struct http *http = arg;

        (void)multi;
        if (ms < 0)
                loop_timer_cancel(http->loop, &http->timer);
        else /* our milliseconds are cut off: one more, so that it is never too early */
                loop_timer_after(http->loop, &http->timer, ms ? ms + 1 : 0);
        return 0;
}

/* --- starting --- */

void http_work_soon(struct http *http)
{
        loop_defer(http->loop, &http->work);
}

static void free_doomed(struct http *http)
{
        while (http->doomed) {
                struct http_transfer *t = http->doomed;

                http->doomed = t->next;
                http_transfer_free(t);
        }
}

/* Hosts take turns, one request each, as long as there are places. */
static void on_work(void *arg)
{
        struct http *http = arg;
        struct http_host *host;

        free_doomed(http);
        while (http->stats.in_flight < LIMIT_HTTP_IN_FLIGHT && (host = http_host_next_turn(http))) {
                struct http_transfer *t = host->queue;

                if (t && host->in_flight < host->max_in_flight) {
                        http_host_remove(host, t);
                        http_transfer_start(t);
                }
                http_host_take_turn(host);
                http_host_unref(host);
        }
}

/* An easy handle with nothing set. */
CURL *http_easy_get(struct http *http, bool stream)
{
        return http->n_spare && !stream ? http->spare[--http->n_spare] : curl_easy_init();
}

void http_easy_put(struct http *http, CURL *easy, bool stream)
{
        /* A reset keeps the share, and a share with users cannot be freed. */
        (void)curl_easy_setopt(easy, CURLOPT_SHARE, NULL);
        curl_easy_reset(easy);
        if (!stream && http->n_spare < ARRAY_SIZE(http->spare))
                http->spare[http->n_spare++] = easy;
        else
                curl_easy_cleanup(easy);
}

/* --- life --- */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static CURLcode once_code;

static void init_once(void)
{
        once_code = curl_global_init(CURL_GLOBAL_DEFAULT);
}

#define SET(option, value) (curl_multi_setopt(http->multi, option, value) == CURLM_OK)

static bool setup_multi(struct http *http)
{
        return SET(CURLMOPT_SOCKETFUNCTION, on_want_socket) && SET(CURLMOPT_SOCKETDATA, http) &&
               SET(CURLMOPT_TIMERFUNCTION, on_want_timer) && SET(CURLMOPT_TIMERDATA, http) &&
               SET(CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX) &&
               /* The default keeps four per request under way: idle clusters would lose theirs. */
               SET(CURLMOPT_MAXCONNECTS, (long)LIMIT_HTTP_CONNECTIONS);
}

int http_new(struct http **ret, struct loop *loop, struct err *err)
{
        _cleanup_(http_freep) struct http *http = calloc(1, sizeof(*http));

        loop_assert_owner(loop);
        (void)pthread_once(&once, init_once);
        if (!http)
                return err_set(err, -ENOMEM, "start libcurl: out of memory");
        http->loop = loop;
        http->turns_end = &http->turns;
        loop_timer_init(&http->timer, on_timer, http);
        loop_defer_init(&http->work, on_work, http);
        if (once_code == CURLE_OK)
                http->multi = curl_multi_init();
        if (!http->multi || trust_set_new(&http->trust) < 0 || !setup_multi(http))
                return err_set(err, -ENOMEM, "start libcurl: out of memory");
        *ret = TAKE(http);
        return 0;
}

struct http *http_free(struct http *http)
{
        struct http_transfer *t, *next;
        struct http_host *host;

        if (!http)
                return NULL;
        loop_assert_owner(http->loop);
        assert(http->depth == 0); /* not from within a callback */
        HASH_ITER (hh, http->by_id, t, next)
                http_cancel(http, t->id);
        free_doomed(http);
        while ((host = http_host_next_turn(http)))
                http_host_unref(host);
        assert(http->n_hosts == 0);
        while (http->n_spare)
                curl_easy_cleanup(http->spare[--http->n_spare]);
        if (http->multi)
                (void)curl_multi_cleanup(http->multi); /* closes connections, removes sockets */
        while (http->sockets)
                socket_free(http->sockets);
        loop_timer_cancel(http->loop, &http->timer);
        loop_defer_cancel(http->loop, &http->work);
        trust_set_free(http->trust);
        free(http);
        return NULL;
}

void http_get_stats(const struct http *http, struct http_stats *ret)
{
        *ret = http->stats;
}
