/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/sim_fixture.h"

#define BACKUPS "/apis/velero.io/v1/namespaces/velero/backups"

static const char namespace_web[] =
        "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"web\"}}";

static struct sim_answer get(struct sim_fixture *f, const char *path)
{
        return sim_call(f, f->client, &(struct kube_request){ .path = path });
}

static struct sim_answer post(
        struct sim_fixture *f, const char *path, const char *query, const char *body)
{
        return sim_call(f, f->client,
                &(struct kube_request){ .method = "POST",
                        .path = path,
                        .query = query,
                        .body = body,
                        .body_len = strlen(body) });
}

static void asks_and_creates(void **state)
{
        struct sim_fixture *f = sim_fixture(state);
        struct sim_answer a = get(f, "/version");

        assert_int_equal(a.http, 200);
        assert_int_equal(a.attempts, 1);
        assert_non_null(strstr(a.body, "gitVersion"));
        a = post(f, "/api/v1/namespaces", NULL, namespace_web);
        assert_int_equal(a.http, 201);
        assert_non_null(strstr(a.body, "\"name\":\"web\""));
}

static void tells_errors_in_kubernetes_words(void **state)
{
        struct sim_fixture *f = sim_fixture(state);
        struct sim_answer a = get(f, "/api/v1/namespaces/none");

        assert_int_equal(a.http, 404);
        assert_err(&a.err, -ENOENT, "GET /api/v1/namespaces/none: namespaces \"none\" not found");
        assert_string_equal(a.reason, "NotFound");
        (void)post(f, "/api/v1/namespaces", NULL, namespace_web);
        a = post(f, "/api/v1/namespaces", NULL, namespace_web);
        assert_err(&a.err, -EEXIST, "POST /api/v1/namespaces: namespaces \"web\" already exists");
        assert_string_equal(a.reason, "AlreadyExists");
        a = post(f, BACKUPS, "fieldValidation=Strict",
                "{\"apiVersion\":\"velero.io/v1\",\"kind\":\"Backup\",\"metadata\":{\"name\":\"x\"},"
                "\"spec\":{\"includedNamespace\":[]}}");
        assert_int_equal(a.http, 400);
        assert_err(
                &a.err, -EINVAL, "strict decoding error: unknown field \"spec.includedNamespace\"");
}

static void repeats_what_may_be_repeated(void **state)
{
        struct sim_fixture *f = sim_fixture(state);
        struct sim_answer a;

        sim_ctl(f, "eu-1", "fault http 503 --count 2");
        a = get(f, "/api/v1/namespaces");
        assert_int_equal(a.http, 200);
        assert_int_equal(a.attempts, 3);

        /* The server may have acted on it. */
        sim_ctl(f, "eu-1", "fault http 503 --count 1");
        a = post(f, "/api/v1/namespaces", NULL, namespace_web);
        assert_int_equal(a.http, 503);
        assert_int_equal(a.attempts, 1);
        assert_err(&a.err, -EHOSTUNREACH, "POST /api/v1/namespaces: ");

        /* The caller says that it does no harm. */
        sim_ctl(f, "eu-1", "fault http 500 --count 1");
        a = sim_call(f, f->client,
                &(struct kube_request){ .method = "POST",
                        .path = "/api/v1/namespaces",
                        .body = namespace_web,
                        .body_len = strlen(namespace_web),
                        .retry = KUBE_RETRY_SAFE });
        assert_int_equal(a.http, 201);
        assert_int_equal(a.attempts, 2);
}

static void waits_as_long_as_the_server_says(void **state)
{
        struct sim_fixture *f = sim_fixture(state);
        int64_t start = loop_now(f->loop);
        struct sim_answer a;

        sim_ctl(f, "eu-1", "fault http 429 --retry-after 1 --count 1");
        a = post(f, "/api/v1/namespaces", NULL, namespace_web);
        assert_int_equal(a.http, 201);
        assert_int_equal(a.attempts, 2);
        assert_true(loop_now(f->loop) - start >= 1000);

        /* No use waiting when the deadline is before that. */
        sim_ctl(f, "eu-1", "fault http 429 --retry-after 30 --count 1");
        start = loop_now(f->loop);
        a = sim_call(
                f, f->client, &(struct kube_request){ .path = "/version", .deadline_ms = 2000 });
        if (a.http == 200) /* the simulator's faults may spare /version */
                a = sim_call(f, f->client,
                        &(struct kube_request){
                                .path = "/api/v1/namespaces", .deadline_ms = 2000 });
        assert_int_equal(a.http, 429);
        assert_int_equal(a.attempts, 1);
        assert_true(loop_now(f->loop) - start < 2000);
}

static void gives_up_at_the_deadline(void **state)
{
        struct sim_fixture *f = sim_fixture(state);
        int64_t start;
        struct sim_answer a = get(f, "/version");

        sim_ctl(f, "eu-1", "fault stall");
        start = loop_now(f->loop);
        a = sim_call(
                f, f->client, &(struct kube_request){ .path = "/version", .deadline_ms = 700 });
        assert_int_equal(a.http, 0);
        assert_err(&a.err, -ETIMEDOUT, "no response within 1 s");
        assert_true(loop_now(f->loop) - start >= 600 && loop_now(f->loop) - start < 3000);
        sim_ctl(f, "eu-1", "fault off");
        a = get(f, "/version");
        assert_int_equal(a.http, 200);
}

static void does_not_wait_for_a_slow_body(void **state)
{
        struct sim_fixture *f = sim_fixture(state);
        struct sim_answer a = get(f, "/version");

        sim_ctl(f, "eu-1", "fault drip 200");
        a = sim_call(f, f->client,
                &(struct kube_request){
                        .path = "/apis", .deadline_ms = 700, .retry = KUBE_RETRY_NEVER });
        assert_int_equal(a.err.code, -ETIMEDOUT);
}

static void says_that_nobody_listens(void **state)
{
        struct sim_fixture *f = sim_fixture(state);
        struct sim_answer a;

        sim_ctl(f, "eu-1", "fault refuse");
        a = sim_call(f, f->client,
                &(struct kube_request){ .path = "/version", .retry = KUBE_RETRY_NEVER });
        assert_err(&a.err, -ECONNREFUSED, "GET /version: connect to 127.0.0.1:");
        assert_err(&a.err, -ECONNREFUSED, "Connection refused");
        assert_int_equal(a.attempts, 1);

        /* Nothing was sent: a POST may be tried again as well, until its time is over. */
        a = sim_call(f, f->client,
                &(struct kube_request){ .method = "POST",
                        .path = "/api/v1/namespaces",
                        .body = namespace_web,
                        .body_len = strlen(namespace_web),
                        .deadline_ms = 1500 });
        assert_int_equal(a.err.code, -ECONNREFUSED);
        assert_true(a.attempts > 1);
}

static void survives_a_connection_that_was_closed_meanwhile(void **state)
{
        struct sim_fixture *f = sim_fixture(state);
        struct sim_answer a = get(f, "/version");

        sim_ctl(f, "eu-1", "fault refuse");
        sim_ctl(f, "eu-1", "fault off");
        a = post(f, "/api/v1/namespaces", NULL, namespace_web);
        assert_int_equal(a.http, 201);
        assert_int_equal(a.attempts, 1);
}

static void says_what_is_wrong_with_a_certificate(void **state)
{
        struct sim_fixture *f = sim_fixture(state);
        struct sim_answer a = get(f, "/version");

        sim_ctl(f, "eu-1", "fault expired-cert");
        a = get(f, "/version");
        assert_err(&a.err, -EKEYREJECTED, "certificate has expired");
        assert_non_null(strstr(a.err.remedy, "renew"));
        assert_int_equal(a.attempts, 1);
        sim_ctl(f, "eu-1", "fault wrong-ca");
        a = get(f, "/version");
        assert_int_equal(a.err.code, -EKEYREJECTED);
        assert_non_null(strstr(a.err.remedy, "certificate-authority"));
}

static void a_cut_answer_is_no_answer(void **state)
{
        struct sim_fixture *f = sim_fixture(state);
        struct sim_answer a = get(f, "/version");

        sim_ctl(f, "eu-1", "fault cut --count 1");
        a = sim_call(f, f->client,
                &(struct kube_request){ .path = "/api/v1/namespaces", .retry = KUBE_RETRY_NEVER });
        assert_non_null(strstr(a.err.msg, "GET /api/v1/namespaces: "));
        assert_true(a.err.code == -EPIPE || a.err.code == -ECONNRESET || a.err.code == -EPROTO);
        sim_ctl(f, "eu-1", "fault cut --count 1");
        a = get(f, "/api/v1/namespaces");
        assert_int_equal(a.http, 200);
        assert_int_equal(a.attempts, 2);
}

static void a_rejected_static_credential_is_told(void **state)
{
        struct sim_fixture *f = sim_fixture(state);
        struct sim_answer a;

        sim_ctl(f, "eu-1", "auth token other");
        a = get(f, "/api/v1/namespaces");
        assert_true(a.http == 401 || a.http == 403);
        assert_true(a.err.code == -EACCES || a.err.code == -EPERM);
        assert_non_null(strstr(a.err.msg, "GET /api/v1/namespaces: "));
        assert_true(a.err.remedy[0] != '\0');
        assert_int_equal(a.attempts, 1);
}

static void write_file(const char *path, const char *text)
{
        FILE *file = fopen(path, "w");

        assert_non_null(file);
        assert_true(fputs(text, file) >= 0);
        assert_int_equal(fclose(file), 0);
}

static void a_rejected_token_is_read_again_once(void **state)
{
        struct sim_fixture *f = sim_fixture(state);
        const struct kube_context *eu = kubeconfig_find(f->contexts, "eu-1");
        struct kube_request rq = { .path = "/api/v1/namespaces" };
        struct kube_client *client;
        char token[100], config[700];
        struct sim_answer a;

        snprintf(token, sizeof(token), "%s/token", f->sim_dir);
        snprintf(config, sizeof(config),
                "apiVersion: v1\nkind: Config\nclusters:\n- name: c\n  cluster: {server: \"%s\", "
                "certificate-authority: %s/ca.crt}\nusers:\n- name: u\n  user: {tokenFile: %s}\n"
                "contexts:\n- name: by-token\n  context: {cluster: c, user: u}\n",
                eu->server, f->sim_dir, token);
        snprintf(f->kubeconfig, sizeof(f->kubeconfig), "%s/by-token", f->sim_dir);
        write_file(f->kubeconfig, config);
        write_file(token, "first\n");
        sim_ctl(f, "eu-1", "auth token first");
        sim_load_contexts(f);
        client = sim_client_more(f, "by-token");
        a = sim_call(f, client, &rq);
        assert_int_equal(a.http, 200);
        assert_int_equal(a.attempts, 1);

        sim_ctl(f, "eu-1", "auth token second");
        write_file(token, "second\n");
        a = sim_call(f, client, &rq);
        assert_int_equal(a.http, 200);
        assert_in_range(a.attempts, 1, 2); /* 1: the change was seen before the request */

        sim_ctl(f, "eu-1", "auth token third");
        a = sim_call(f, client, &rq);
        assert_int_equal(a.http, 401);
        assert_err(&a.err, -EACCES, "GET /api/v1/namespaces: ");
        assert_non_null(strstr(a.err.remedy, "renew the credential"));
        assert_true(a.attempts <= 2);
}

/* --- many at once --- */

#define MANY 600

struct many {
        struct sim_fixture *f;
        struct kube_client *clients[3];
        uint64_t ids[MANY];
        int n_done, n_failed;
        bool done;
};

static void many_done(void *arg, const struct kube_reply *reply)
{
        struct many *m = arg;

        m->n_failed += reply->err != NULL;
        m->done = ++m->n_done == MANY;
}

static void shares_one_connection_per_cluster(void **state)
{
        static struct many m;
        struct sim_fixture *f = sim_fixture(state);
        struct http_stats stats;

        m = (struct many){ .f = f,
                .clients = { f->client, sim_client_more(f, "us-1"), sim_client_more(f, "ap-1") } };
        for (int i = 0; i < MANY; i++) {
                struct kube_request rq = { .path = "/api/v1/namespaces" };

                assert_ok(kube_call(m.clients[i % 3], &rq, many_done, &m, &m.ids[i], NULL), NULL);
        }
        sim_run_until(f, &m.done);
        assert_int_equal(m.n_failed, 0);
        http_get_stats(f->http, &stats);
        assert_int_equal(stats.succeeded, MANY);
        assert_int_equal(stats.connections, 3);
        assert_int_equal(stats.in_flight + stats.queued + stats.streams, 0);
}

static void cancel_all(void *arg, const struct kube_reply *reply)
{
        struct many *m = arg;

        (void)reply;
        m->n_done++;
        for (int i = 0; i < MANY; i++)
                kube_cancel(m->f->client, m->ids[i]);
        m->done = true;
}

static void a_cancelled_call_is_silent(void **state)
{
        static struct many m;
        struct sim_fixture *f = sim_fixture(state);
        struct http_stats stats;

        m = (struct many){ .f = f };
        for (int i = 0; i < MANY; i++) {
                struct kube_request rq = { .path = "/api/v1/namespaces" };

                assert_ok(kube_call(f->client, &rq, cancel_all, &m, &m.ids[i], NULL), NULL);
        }
        sim_run_until(f, &m.done);
        sim_run_for(f, 300);
        assert_int_equal(m.n_done, 1);
        http_get_stats(f->http, &stats);
        assert_int_equal(stats.in_flight + stats.queued + stats.streams, 0);
        assert_int_equal(get(f, "/version").http, 200);
}

static void a_freed_client_is_silent(void **state)
{
        static struct many m;
        struct sim_fixture *f = sim_fixture(state);
        struct kube_client *client = sim_client(f, "us-1");

        m = (struct many){ .f = f };
        for (int i = 0; i < MANY; i++) {
                struct kube_request rq = { .path = "/api/v1/namespaces" };

                assert_ok(kube_call(client, &rq, many_done, &m, &m.ids[i], NULL), NULL);
        }
        for (int i = 0; i < 3; i++)
                assert_ok(loop_run_once(f->loop, 10, NULL), NULL);
        m.n_done = 0;
        kube_client_free(client);
        sim_run_for(f, 200);
        assert_int_equal(m.n_done, 0);
}

/* --- bodies that are taken as they come --- */

struct flow {
        bool done;
        size_t bytes;
        unsigned opened;
        int code;
};

static void flow_open(void *arg)
{
        ((struct flow *)arg)->opened++;
}

static int flow_data(void *arg, const char *bytes, size_t len, struct err *err)
{
        struct flow *flow = arg;

        (void)bytes;
        assert_int_equal(flow->opened, 1);
        flow->bytes += len;
        return flow->code && flow->bytes > 2000 ? err_set(err, flow->code, "enough of it") : 0;
}

static struct err flow_err;

static void flow_done(void *arg, const struct kube_reply *reply)
{
        struct flow *flow = arg;

        assert_int_equal(reply->len, 0);
        flow->done = true;
        flow_err = reply->err ? *reply->err : (struct err)ERR_INIT;
}

static void takes_a_body_as_it_comes(void **state)
{
        struct sim_fixture *f = sim_fixture(state);
        struct kube_request rq = { .path = BACKUPS, .on_open = flow_open, .on_data = flow_data };
        struct flow flow = { 0 };
        uint64_t id;

        sim_ctl(f, "eu-1", "load backups 100");
        assert_ok(kube_call(f->client, &rq, flow_done, &flow, &id, NULL), NULL);
        sim_run_until(f, &flow.done);
        assert_int_equal(flow_err.code, 0);
        assert_true(flow.bytes > 50000);
        flow = (struct flow){ .code = -ECANCELED };
        assert_ok(kube_call(f->client, &rq, flow_done, &flow, &id, NULL), NULL);
        sim_run_until(f, &flow.done);
        assert_err(&flow_err, -ECANCELED, "GET " BACKUPS ": enough of it");
}

static void bounds_a_body(void **state)
{
        struct sim_fixture *f = sim_fixture(state);
        struct sim_answer a;

        sim_ctl(f, "eu-1", "load backups 100");
        a = sim_call(f, f->client, &(struct kube_request){ .path = BACKUPS, .max_body = 10000 });
        assert_err(&a.err, -EFBIG, "a response of more than 10000 bytes");
        assert_int_equal(a.attempts, 1);
}

/* --- other ways in --- */

static int setup_http1(void **state)
{
        return sim_setup_with(state, (const char *const[]){ "--http1", NULL });
}

static int setup_token(void **state)
{
        return sim_setup_with(state, (const char *const[]){ "--auth", "token", NULL });
}

static int setup_basic(void **state)
{
        return sim_setup_with(state, (const char *const[]){ "--auth", "basic", NULL });
}

static int setup_one_port(void **state)
{
        return sim_setup_with(state, (const char *const[]){ "--one-port", NULL });
}

static void refuses_a_bad_path(void **state)
{
        struct sim_fixture *f = sim_fixture(state);
        struct err err = ERR_INIT;
        uint64_t id = 0;

        assert_int_equal(kube_call(f->client, &(struct kube_request){ .path = "version" },
                                 many_done, NULL, &id, &err),
                -EINVAL);
        assert_err(&err, -EINVAL, "GET version: the path does not begin with \"/\"");
        assert_int_equal(id, 0);
}

#define SIM_TEST(fn) TEST_WITH(fn, sim_setup, sim_teardown)

int main(void)
{
        SIM_TEST(asks_and_creates);
        SIM_TEST(tells_errors_in_kubernetes_words);
        SIM_TEST(repeats_what_may_be_repeated);
        SIM_TEST(waits_as_long_as_the_server_says);
        SIM_TEST(gives_up_at_the_deadline);
        SIM_TEST(does_not_wait_for_a_slow_body);
        SIM_TEST(says_that_nobody_listens);
        SIM_TEST(survives_a_connection_that_was_closed_meanwhile);
        SIM_TEST(says_what_is_wrong_with_a_certificate);
        SIM_TEST(a_cut_answer_is_no_answer);
        SIM_TEST(a_rejected_static_credential_is_told);
        SIM_TEST(a_rejected_token_is_read_again_once);
        SIM_TEST(shares_one_connection_per_cluster);
        SIM_TEST(a_cancelled_call_is_silent);
        SIM_TEST(a_freed_client_is_silent);
        SIM_TEST(takes_a_body_as_it_comes);
        SIM_TEST(bounds_a_body);
        SIM_TEST(refuses_a_bad_path);
        test_add_("over_http1", asks_and_creates, NULL, setup_http1, sim_teardown);
        test_add_("with_a_token", asks_and_creates, NULL, setup_token, sim_teardown);
        test_add_("with_a_password", asks_and_creates, NULL, setup_basic, sim_teardown);
        test_add_("behind_a_path", asks_and_creates, NULL, setup_one_port, sim_teardown);
        return test_run("client_sim");
}
