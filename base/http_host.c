/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/http_internal.h"
#include "base/limits.h"

/*
 * Certificates are set through CURLOPT_SSL_CTX_FUNCTION, parsed; libcurl would parse them for each
 * connection. libcurl 7.88 reuses a connection when host, port and its own TLS options agree. It
 * does not compare what that function sets, so two hosts with the same address and different CAs
 * would share a connection that only one of them trusts, and a new client certificate would never
 * be shown. CURLOPT_CAPATH is compared and has no other effect, as the store it goes to is replaced:
 * it is set to a path that does not exist and names the CA and the client certificate. The same path
 * tells old connections from new ones after http_host_avoid_connections(), for which libcurl has no
 * other means.
 */
#define TRUST_PATH "/nonexistent/fleetfs/"

/* --- life --- */

static char *copy(const char *s, bool *failed)
{
        char *c = s ? strdup(s) : NULL;

        *failed |= s && !c;
        return c;
}

/* Go resolves names at the socks5 proxy, libcurl only with socks5h. */
static char *copy_proxy(const char *url, bool *failed)
{
        static const char socks[] = "socks5://";
        char *c = NULL;

        if (!url || strncmp(url, socks, sizeof(socks) - 1) != 0)
                return copy(url, failed);
        if (asprintf(&c, "socks5h://%s", url + sizeof(socks) - 1) < 0)
                c = NULL;
        *failed |= !c;
        return c;
}

int http_host_new(struct http_host **ret, struct http *http, const struct http_host_config *config,
        struct err *err)
{
        _cleanup_(http_host_unrefp) struct http_host *host = calloc(1, sizeof(*host));
        bool failed = !host;
        int r = 0;

        loop_assert_owner(http->loop);
        if (host) {
                *host = (struct http_host){ .refs = 1,
                        .http = http,
                        .name = copy(config->name ? config->name : "", &failed),
                        .tls_server_name = copy(config->tls_server_name, &failed),
                        .proxy_url = copy_proxy(config->proxy_url, &failed),
                        .user_agent = copy(config->user_agent ? config->user_agent
                                                              : "fleetfs/" FLEETFS_VERSION,
                                &failed),
                        .insecure = config->insecure,
                        .http1 = config->http1,
                        .max_in_flight = config->max_in_flight ? config->max_in_flight
                                                               : LIMIT_HTTP_HOST_IN_FLIGHT,
                        .share = curl_share_init() };
                host->queue_end = &host->queue;
                http->n_hosts++;
                failed |= !host->share || curl_share_setopt(host->share, CURLSHOPT_SHARE,
                                                  CURL_LOCK_DATA_SSL_SESSION) != CURLSHE_OK;
        }
        if (failed)
                return err_set(err, -ENOMEM, "out of memory");
        if (!config->insecure)
                r = trust_get(&host->trust, http->trust, config->ca_pem, config->ca_pem_len, err);
        if (r < 0)
                return r;
        *ret = TAKE(host);
        return 0;
}

struct http_host *http_host_ref(struct http_host *host)
{
        host->refs++;
        return host;
}

struct http_host *http_host_unref(struct http_host *host)
{
        if (!host || --host->refs)
                return NULL;
        /* Requests hold a reference, so nothing of it is queued or under way. */
        assert(!host->queue && !host->has_turn);
        host->http->n_hosts--;
        if (host->share)
                (void)curl_share_cleanup(host->share);
        trust_unref(host->trust);
        trust_identity_unref(host->identity);
        free(host->name);
        free(host->tls_server_name);
        free(host->proxy_url);
        free(host->user_agent);
        free(host);
        return NULL;
}

int http_host_set_identity(
        struct http_host *host, const char *cert_pem, const char *key_pem, struct err *err)
{
        struct trust_identity *i = NULL;

        if (cert_pem && key_pem) {
                int r = trust_identity_get(&i, host->http->trust, cert_pem, key_pem, err);

                if (r < 0)
                        return r;
        }
        trust_identity_unref(host->identity);
        host->identity = i;
        return 0;
}

void http_host_avoid_connections(struct http_host *host)
{
        host->epoch++;
}

int64_t http_host_last_heard(const struct http_host *host)
{
        return host->last_heard;
}

/* --- options --- */

/* Like Go, shows the client certificate to a proxy that is reached by https, too. */
static CURLcode on_ssl_ctx(CURL *easy, void *ctx, void *arg)
{
        struct http_transfer *t = arg;

        (void)easy;
        if (t->host->trust)
                trust_apply(t->host->trust, ctx);
        if (t->identity && trust_identity_apply(t->identity, ctx, &t->err) < 0)
                return CURLE_SSL_CERTPROBLEM;
        return CURLE_OK;
}

static void set_option(int fd, int level, int option, int value)
{
        /* A kernel that lacks one of them only notices a dead peer later. */
        (void)setsockopt(fd, level, option, &value, sizeof(value));
}

/* Done here and not by libcurl's options, which in 7.88 lack the number of probes. */
static int on_socket(void *arg, curl_socket_t fd, curlsocktype purpose)
{
        (void)arg;
        (void)purpose;
        set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
        set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, LIMIT_HTTP_KEEPALIVE_S);
        set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, LIMIT_HTTP_KEEPALIVE_GAP_S);
        set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, LIMIT_HTTP_KEEPALIVE_COUNT);
        set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, LIMIT_HTTP_DEAD_PEER_MS);
        return CURL_SOCKOPT_OK;
}

#define SET(option, value) (curl_easy_setopt(easy, option, value) == CURLE_OK)

static bool setup_tls(struct http_transfer *t, CURL *easy)
{
        const struct http_host *host = t->host;
        char path[sizeof(TRUST_PATH) + 200];

        (void)snprintf(path, sizeof(path), TRUST_PATH "%s/%s/%u",
                host->trust ? trust_id(host->trust) : "insecure",
                t->identity ? trust_identity_id(t->identity) : "nobody", host->epoch);
        return SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) &&
               SET(CURLOPT_SSL_VERIFYPEER, host->insecure ? 0L : 1L) &&
               SET(CURLOPT_SSL_VERIFYHOST, host->insecure ? 0L : 2L) &&
               SET(CURLOPT_PROXY_SSL_VERIFYPEER, host->insecure ? 0L : 1L) &&
               SET(CURLOPT_CAINFO, NULL) && SET(CURLOPT_CAPATH, path) &&
               SET(CURLOPT_PROXY_CAINFO, NULL) && SET(CURLOPT_PROXY_CAPATH, NULL) &&
               SET(CURLOPT_SSL_CTX_FUNCTION, on_ssl_ctx) && SET(CURLOPT_SSL_CTX_DATA, t);
}

bool http_host_setup(struct http_transfer *t, CURL *easy)
{
        const struct http_host *host = t->host;

        return SET(CURLOPT_SHARE, host->share) && SET(CURLOPT_USERAGENT, host->user_agent) &&
               SET(CURLOPT_HTTP_VERSION,
                       host->http1 ? (long)CURL_HTTP_VERSION_1_1 : (long)CURL_HTTP_VERSION_2TLS) &&
               /* Wait for a connection being made: all requests of a host can share it. */
               SET(CURLOPT_PIPEWAIT, host->http1 ? 0L : 1L) &&
               SET(CURLOPT_SOCKOPTFUNCTION, on_socket) &&
               (!host->proxy_url || SET(CURLOPT_PROXY, host->proxy_url)) &&
               SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L) && setup_tls(t, easy);
}

/* --- the queue and the turns --- */

void http_host_take_turn(struct http_host *host)
{
        struct http *http = host->http;

        if (host->has_turn || !host->queue || host->in_flight >= host->max_in_flight)
                return;
        http_host_ref(host);
        host->has_turn = true;
        host->turn_next = NULL;
        *http->turns_end = host;
        http->turns_end = &host->turn_next;
        http_work_soon(http);
}

struct http_host *http_host_next_turn(struct http *http)
{
        struct http_host *host = http->turns;

        if (!host)
                return NULL;
        http->turns = host->turn_next;
        if (!http->turns)
                http->turns_end = &http->turns;
        host->has_turn = false;
        return host;
}

void http_host_push(struct http_host *host, struct http_transfer *t)
{
        t->next = NULL;
        t->link = host->queue_end;
        *host->queue_end = t;
        host->queue_end = &t->next;
        http_host_take_turn(host);
}

void http_host_remove(struct http_host *host, struct http_transfer *t)
{
        *t->link = t->next;
        if (t->next)
                t->next->link = t->link;
        else
                host->queue_end = t->link;
        t->next = NULL;
        t->link = NULL;
}
