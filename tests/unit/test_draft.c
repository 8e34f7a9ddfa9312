/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a handle on a user's file when there is no memory any more. */
#include "fs/draft.h"

#include <errno.h>
#include <fcntl.h>

#include "base/loop.h"
#include "fs/handle.h"
#include "ops/engine_private.h"
#include "tests/support/test.h"
#include "tests/unit/no_memory.h"

int __wrap_parked_new(struct parked **ret, struct parking *lot, fuse_req_t req, const char *op, int64_t timeout_ms,
        unsigned flags);

/* Answered with ENOMEM, and nobody waits for it. */
int __wrap_parked_new(struct parked **ret, struct parking *lot, fuse_req_t req, const char *op, int64_t timeout_ms,
        unsigned flags)
{
        *ret = NULL;
        return -ENOMEM;
}

struct fixture {
        struct engine engine;
        struct write_state write;
        struct write_ops ops;
        struct session session;
        struct userfile file;
        struct handle *handle;
        unsigned closed;
        struct inode inode; /* the last: its end has no size */
};

static struct fixture *opened;

static void close_counted(struct session *s, void *state)
{
        opened->closed++;
        draft_close(s, state);
}

static int draft_setup(void **state)
{
        struct fixture *x = calloc(1, sizeof(*x));
        struct err err = ERR_INIT;
        struct draft *d = NULL;

        ((struct test_state *)*state)->fixture = opened = x;
        assert_ok(loop_new(&x->engine.loop, &err), &err);
        assert_int_equal(engine_round_new(&x->engine), 0);
        assert_int_equal(pthread_mutex_init(&x->write.lock, NULL), 0);
        x->ops.close = close_counted;
        x->session.engine = &x->engine;
        x->session.write = &x->write;
        x->session.options.write = &x->ops;
        handles_init(&x->session.handles);
        /* References of the test's own keep both from being freed. */
        x->file.state = &x->write;
        x->file.refs = 2;
        x->file.gone = true;
        x->inode.synced.refs = 2;
        assert_int_equal(pthread_mutex_init(&x->session.inodes.lock, NULL), 0);
        assert_int_equal(draft_new(&d, &x->session, &x->file, O_WRONLY, false), 0);
        assert_int_equal(handle_new(&x->handle, &x->session, &x->inode, O_WRONLY, d), 0);
        return 0;
}

static int draft_teardown(void **state)
{
        struct fixture *x = test_fixture(state);

        handles_done(&x->session);
        engine_round_stop(&x->engine);
        loop_free(x->engine.loop);
        engine_round_free(&x->engine);
        pthread_mutex_destroy(&x->session.inodes.lock);
        pthread_mutex_destroy(&x->write.lock);
        free(x);
        return 0;
}

/* As a FLUSH that its deadline answered and the engine has still to look at. */
static void look_at_it(void *arg)
{
        struct fixture *x = arg;

        assert_int_equal(x->closed, 0);
        assert_ptr_equal(x->session.handles.first, x->handle);
        assert_ptr_equal(((struct draft *)x->handle->state)->file, &x->file);
}

static void a_release_comes_to_the_engine_without_memory(void **state)
{
        struct fixture *x = test_fixture(state);
        struct err err = ERR_INIT;

        assert_int_equal(loop_post(x->engine.loop, look_at_it, x), 0);
        no_memory_after = 0;
        draft_release(NULL, &x->session, x->handle);
        no_memory_after = -1;
        assert_int_equal(x->closed, 0);
        /* Its own turn is after that. */
        assert_ok(loop_run_once(x->engine.loop, 0, &err), &err);
        assert_int_equal(x->closed, 1);
        assert_null(x->session.handles.first);
        assert_int_equal(x->file.refs, 1);
}

/* Else nothing could be promised at its end. */
static void what_cannot_be_released_is_not_opened(void **state)
{
        struct fixture *x = test_fixture(state);
        struct draft *d = NULL;
        int n = 0, r;

        do {
                no_memory_after = n;
                r = draft_new(&d, &x->session, &x->file, O_WRONLY, false);
                no_memory_after = -1;
        } while (r == -ENOMEM && n++ < 10);
        assert_int_equal(r, 0);
        assert_int_equal(n, 2); /* the draft, its release */
        x->file.refs++;         /* the second draft's */
        draft_close(&x->session, d);
}

int main(void)
{
        TEST_WITH(a_release_comes_to_the_engine_without_memory, draft_setup, draft_teardown);
        TEST_WITH(what_cannot_be_released_is_not_opened, draft_setup, draft_teardown);
        return test_run("draft");
}
