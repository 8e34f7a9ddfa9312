/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server that hangs while its kernel goes on answering: a stopped process. What takes half a
 * minute of waiting stands here, apart from what is fast.
 */
#include "tests/unit/sim_fixture.h"

#include "k8s/reflector.h"

#define BACKUPS "/apis/velero.io/v1/namespaces/velero/backups"

struct seen {
        struct reflector *reflector;
        enum reflector_state want;
        struct err err;
        bool done;
};

static void on_state(void *arg, enum reflector_state state, const struct err *err)
{
        struct seen *seen = arg;

        if (err)
                seen->err = *err;
        seen->done |= state == seen->want;
}

static void on_mark(void *arg)
{
        (void)arg;
}

static void on_item(void *arg, enum kube_event event, const char *object, size_t len)
{
        (void)arg;
        (void)event;
        (void)object;
        (void)len;
}

static const struct reflector_ops ops = {
        .begin = on_mark, .item = on_item, .end = on_mark, .state = on_state
};

static struct seen seen;

static int teardown(void **state)
{
        if (seen.reflector)
                reflector_free(seen.reflector);
        seen = (struct seen){ 0 };
        return sim_teardown(state);
}

static void until(struct sim_fixture *f, enum reflector_state state, int64_t ms)
{
        seen.want = state;
        seen.done = reflector_state(seen.reflector) == state;
        sim_run_until_ms(f, &seen.done, ms);
}

static void a_hanging_server_is_noticed_in_half_a_minute(void **state)
{
        struct sim_fixture *f = sim_fixture(state);
        struct http_stats stats;
        int64_t start;

        assert_ok(
                reflector_new(&seen.reflector, f->client, BACKUPS, NULL, &ops, &seen, NULL), NULL);
        reflector_start(seen.reflector);
        until(f, REFLECTOR_WATCHING, SIM_WAIT_MS);
        do {
                assert_ok(loop_run_once(f->loop, 50, NULL), NULL);
                http_get_stats(f->http, &stats);
        } while (stats.streams == 0);
        assert_int_equal(kill(f->pid, SIGSTOP), 0);
        start = loop_now(f->loop);
        assert_in_range(kube_client_heard(f->client), start - 5000, start);
        until(f, REFLECTOR_FAILING, LIMIT_KUBE_SILENCE_MS + LIMIT_KUBE_PROBE_MS + 2000);
        assert_err(&seen.err, -ETIMEDOUT, "gives no sign of life");
        assert_in_range(loop_now(f->loop) - start, LIMIT_KUBE_SILENCE_MS, 32000);
        /* Asking in vain is not hearing. */
        assert_in_range(kube_client_heard(f->client), start - 5000, start);
        assert_int_equal(kill(f->pid, SIGCONT), 0);
        reflector_kick(seen.reflector);
        until(f, REFLECTOR_WATCHING, SIM_WAIT_MS);
        http_get_stats(f->http, &stats);
        /* Not on the old connection, though that is alive again. */
        assert_true(stats.connections >= 2);
}

static void a_silent_server_that_lives_keeps_its_watch(void **state)
{
        struct sim_fixture *f = sim_fixture(state);
        struct http_stats before, after;

        assert_ok(
                reflector_new(&seen.reflector, f->client, BACKUPS, NULL, &ops, &seen, NULL), NULL);
        reflector_start(seen.reflector);
        until(f, REFLECTOR_WATCHING, SIM_WAIT_MS);
        sim_run_for(f, 1000);
        http_get_stats(f->http, &before);
        sim_run_for(f, LIMIT_KUBE_SILENCE_MS + 1000);
        http_get_stats(f->http, &after);
        assert_int_equal(reflector_state(seen.reflector), REFLECTOR_WATCHING);
        assert_int_equal(after.failed, before.failed);
        /* At most one question, and on the connection there is. */
        assert_in_range(after.succeeded - before.succeeded, 0, 2);
        assert_int_equal(after.connections, before.connections);
        assert_int_equal(after.streams, 1);
}

int main(void)
{
        TEST_WITH(a_hanging_server_is_noticed_in_half_a_minute, sim_setup, teardown);
        TEST_WITH(a_silent_server_that_lives_keeps_its_watch, sim_setup, teardown);
        return test_run("silence_sim");
}
