/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/sim_fixture.h"

#define HASH_FUNCTION HASH_SAX /* the default trips clang's -Wimplicit-fallthrough */
#include <uthash.h>

#include "base/record.h"
#include "k8s/reflector.h"

#define BACKUPS "/apis/velero.io/v1/namespaces/velero/backups"

/* The copy that a reflector keeps true: names and versions. */
struct object {
        const char *name;
        const char *version;
        bool marked;
        UT_hash_handle hh;
};

static const struct record_field object_fields[] = {
        FIELD(struct object, name, "metadata.name", RECORD_REQUIRED),
        FIELD(struct object, version, "metadata.resourceVersion", RECORD_REQUIRED),
};
static struct record_type object_type = RECORD_TYPE("object", struct object, object_fields);

struct mirror {
        struct sim_fixture *f;
        struct reflector *reflector;
        struct object *objects;
        size_t want;         /* objects */
        const char *present; /* wait for it, or for its end */
        bool gone;
        enum reflector_state want_state;
        unsigned begins, ends, added, modified, deleted, states;
        struct err err;
        bool done;
        char free_in; /* 'b'egin, 'i'tem, 'e'nd, 's'tate: reflector_free() there; upper case: relist
                       */
};

static void mirror_check(struct mirror *m)
{
        struct object *o = NULL;

        if (m->present)
                HASH_FIND_STR(m->objects, m->present, o);
        m->done = (!m->present || (o == NULL) == m->gone) &&
                  (!m->want || HASH_COUNT(m->objects) == m->want) &&
                  (m->want_state == REFLECTOR_STOPPED ||
                          (m->reflector && reflector_state(m->reflector) == m->want_state));
}

/* Runs a test's prank, once. Whether the reflector is gone. */
static void mirror_prank(struct mirror *m, char where)
{
        if (m->free_in == where) {
                m->free_in = 0;
                m->reflector = reflector_free(m->reflector);
                m->done = true;
        } else if (m->free_in == where - 'a' + 'A') {
                m->free_in = 0;
                reflector_relist(m->reflector);
        }
}

static void mirror_drop(struct mirror *m, struct object *o)
{
        HASH_DEL(m->objects, o);
        free(o);
}

static void mirror_begin(void *arg)
{
        struct mirror *m = arg;

        m->begins++;
        for (struct object *o = m->objects; o; o = o->hh.next)
                o->marked = true;
        mirror_prank(m, 'b');
}

static void mirror_item(void *arg, enum kube_event event, const char *bytes, size_t len)
{
        struct mirror *m = arg;
        struct object *o = NULL, *old = NULL;
        struct err err = ERR_INIT;

        assert_non_null(m->reflector);
        assert_ok(record_decode(&object_type, bytes, len, (void **)&o, &err), &err);
        m->added += event == KUBE_EVENT_ADDED;
        m->modified += event == KUBE_EVENT_MODIFIED;
        m->deleted += event == KUBE_EVENT_DELETED;
        HASH_FIND_STR(m->objects, o->name, old);
        if (old)
                mirror_drop(m, old);
        if (event == KUBE_EVENT_DELETED)
                free(o);
        else
                HASH_ADD_KEYPTR(hh, m->objects, o->name, strlen(o->name), o);
        mirror_check(m);
        mirror_prank(m, 'i');
}

static void mirror_end(void *arg)
{
        struct mirror *m = arg;
        struct object *o, *next;

        m->ends++;
        HASH_ITER (hh, m->objects, o, next)
                if (o->marked)
                        mirror_drop(m, o);
        mirror_check(m);
        mirror_prank(m, 'e');
}

static void mirror_state(void *arg, enum reflector_state state, const struct err *err)
{
        struct mirror *m = arg;

        m->states++;
        if (err)
                m->err = *err;
        assert_int_equal(state, reflector_state(m->reflector));
        assert_int_equal(err == NULL, state == REFLECTOR_LISTING || state == REFLECTOR_WATCHING);
        mirror_check(m);
        mirror_prank(m, 's');
}

static const struct reflector_ops mirror_ops = {
        .begin = mirror_begin,
        .item = mirror_item,
        .end = mirror_end,
        .state = mirror_state,
};

static struct mirror the_mirror;

static struct mirror *mirror_start_with(struct sim_fixture *f, const char *selector)
{
        struct mirror *m = &the_mirror;
        struct err err = ERR_INIT;

        *m = (struct mirror){ .f = f, .want_state = REFLECTOR_WATCHING };
        assert_ok(reflector_new(&m->reflector, f->client, BACKUPS, selector, &mirror_ops, m, &err),
                &err);
        assert_int_equal(reflector_state(m->reflector), REFLECTOR_STOPPED);
        reflector_start(m->reflector);
        return m;
}

static struct mirror *mirror_start(struct sim_fixture *f)
{
        return mirror_start_with(f, NULL);
}

static int teardown(void **state)
{
        struct object *o, *next;

        if (the_mirror.reflector)
                reflector_free(the_mirror.reflector);
        HASH_ITER (hh, the_mirror.objects, o, next)
                mirror_drop(&the_mirror, o);
        the_mirror = (struct mirror){ 0 };
        return sim_teardown(state);
}

static void until_state(struct mirror *m, enum reflector_state state)
{
        m->want_state = state;
        m->done = false;
        mirror_check(m);
        sim_run_until(m->f, &m->done);
}

/* Watching, and the server knows it. */
static void until_open(struct mirror *m)
{
        struct http_stats stats;
        int64_t end = loop_now(m->f->loop) + SIM_WAIT_MS;

        until_state(m, REFLECTOR_WATCHING);
        do {
                assert_ok(loop_run_once(m->f->loop, 50, NULL), NULL);
                http_get_stats(m->f->http, &stats);
        } while (stats.streams == 0 && loop_now(m->f->loop) < end);
        assert_int_equal(stats.streams, 1);
}

static void until_present(struct mirror *m, const char *name, bool gone)
{
        m->present = name;
        m->gone = gone;
        m->done = false;
        mirror_check(m);
        sim_run_until(m->f, &m->done);
        m->present = NULL;
}

/* A new backup, by another client than the reflector's. */
static void create(struct sim_fixture *f, const char *name)
{
        char body[300];
        struct sim_answer a;

        snprintf(body, sizeof(body),
                "{\"apiVersion\":\"velero.io/v1\",\"kind\":\"Backup\",\"metadata\":{\"name\":\"%s\","
                "\"namespace\":\"velero\",\"labels\":{\"team\":\"%s\"}},\"spec\":{}}",
                name, name);
        if (!f->n_more)
                sim_client_more(f, "eu-1");
        a = sim_call(f, f->more[0],
                &(struct kube_request){ .method = "POST",
                        .path = BACKUPS,
                        .body = body,
                        .body_len = strlen(body) });
        if (a.http != 201)
                fail_msg("create %s: %s", name, a.err.msg);
}

static void lists_in_pages_and_watches(void **state)
{
        struct sim_fixture *f = sim_fixture(state);
        struct mirror *m;

        sim_ctl(f, "eu-1", "load backups 600");
        m = mirror_start(f);
        m->want = 600;
        until_state(m, REFLECTOR_WATCHING);
        assert_int_equal(m->begins, 1);
        assert_int_equal(m->ends, 1);
        assert_int_equal(m->added, 600);
        m->want = 0;
        create(f, "new");
        until_present(m, "new", false);
        sim_ctl(f, "eu-1", "delete backups velero/new");
        until_present(m, "new", true);
        assert_true(m->deleted >= 1);
        assert_int_equal(m->begins, 1);
}

static void selects_by_label(void **state)
{
        struct sim_fixture *f = sim_fixture(state);
        struct mirror *m;

        create(f, "blue");
        create(f, "green");
        m = mirror_start_with(f, "team in (green,red)");
        until_state(m, REFLECTOR_WATCHING);
        assert_int_equal(HASH_COUNT(m->objects), 1);
        create(f, "white");
        create(f, "red");
        until_present(m, "red", false);
        assert_int_equal(HASH_COUNT(m->objects), 2);
}

static void lists_again_when_its_version_is_forgotten(void **state)
{
        struct sim_fixture *f = sim_fixture(state);
        struct mirror *m;

        sim_ctl(f, "eu-1", "load backups 20");
        m = mirror_start(f);
        until_open(m);
        sim_ctl(f, "eu-1", "fault gone-410");
        create(f, "after");
        until_present(m, "after", false);
        assert_int_equal(m->begins, 2);
        assert_int_equal(m->ends, 2);
        assert_int_equal(HASH_COUNT(m->objects), 21);
}

static void backs_off_when_versions_are_always_too_old(void **state)
{
        struct sim_fixture *f = sim_fixture(state);
        struct mirror *m = mirror_start(f);

        until_open(m);
        sim_ctl(f, "eu-1", "fault gone-410 --status");
        sim_run_for(f, 2500);
        /* At once, after up to 0.5 s, up to 1 s, up to 2 s. */
        assert_in_range(m->begins, 2, 6);
        sim_ctl(f, "eu-1", "fault off");
        create(f, "after");
        until_present(m, "after", false);
}

static void goes_on_after_a_broken_line(void **state)
{
        struct sim_fixture *f = sim_fixture(state);
        struct mirror *m = mirror_start(f);

        until_open(m);
        sim_ctl(f, "eu-1", "fault half-watch-line");
        sim_ctl(f, "eu-1", "fault off");
        create(f, "after");
        until_present(m, "after", false);
        until_state(m, REFLECTOR_WATCHING);
}

static void says_that_it_fails_and_recovers(void **state)
{
        struct sim_fixture *f = sim_fixture(state);
        struct mirror *m = mirror_start(f);
        unsigned states;

        until_state(m, REFLECTOR_WATCHING);
        create(f, "before");
        until_present(m, "before", false);
        sim_ctl(f, "eu-1", "fault refuse");
        until_state(m, REFLECTOR_FAILING);
        assert_non_null(strstr(m->err.msg, "GET " BACKUPS ": "));
        states = m->states;
        sim_run_for(f, 3000);
        /* It tries again, but not in a tight loop. */
        assert_in_range(m->states - states, 1, 8);
        assert_err(&m->err, -ECONNREFUSED, "Connection refused");
        assert_int_equal(HASH_COUNT(m->objects), 1);
        sim_ctl(f, "eu-1", "fault off");
        reflector_kick(m->reflector);
        until_state(m, REFLECTOR_WATCHING);
        assert_int_equal(m->begins, 1);
        create(f, "after");
        until_present(m, "after", false);
}

static void knows_a_resource_that_is_not_there(void **state)
{
        struct sim_fixture *f = sim_fixture(state);
        struct mirror *m;

        create(f, "before");
        m = mirror_start(f);
        until_open(m);
        sim_ctl(f, "eu-1", "fault no-crds");
        until_state(m, REFLECTOR_ABSENT);
        assert_int_equal(HASH_COUNT(m->objects), 0);
        assert_int_equal(m->err.code, -ENOENT);
        sim_ctl(f, "eu-1", "fault off");
        reflector_kick(m->reflector);
        until_state(m, REFLECTOR_WATCHING);
}

static void knows_that_it_may_not(void **state)
{
        struct sim_fixture *f = sim_fixture(state);
        struct mirror *m;

        sim_ctl(f, "eu-1", "fault http 403");
        m = mirror_start(f);
        until_state(m, REFLECTOR_FORBIDDEN);
        assert_int_equal(m->err.code, -EPERM);
        assert_int_equal(m->begins, 0);
        sim_ctl(f, "eu-1", "fault off");
        reflector_kick(m->reflector);
        until_state(m, REFLECTOR_WATCHING);
        assert_int_equal(m->ends, 1);
}

static void survives_garbage_and_cut_lists(void **state)
{
        struct sim_fixture *f = sim_fixture(state);
        struct mirror *m;

        sim_ctl(f, "eu-1", "load backups 30");
        sim_ctl(f, "eu-1", "fault garbage --count 1");
        m = mirror_start(f);
        until_state(m, REFLECTOR_FAILING);
        assert_int_equal(m->ends, 0);
        sim_ctl(f, "eu-1", "fault cut --count 1");
        m->err.code = 0;
        reflector_kick(m->reflector);
        until_state(m, REFLECTOR_WATCHING);
        assert_int_equal(m->ends, 1);
        assert_int_equal(HASH_COUNT(m->objects), 30);
}

static void lists_again_when_told(void **state)
{
        struct sim_fixture *f = sim_fixture(state);
        struct mirror *m = mirror_start(f);

        until_state(m, REFLECTOR_WATCHING);
        reflector_relist(m->reflector);
        until_state(m, REFLECTOR_LISTING);
        until_state(m, REFLECTOR_WATCHING);
        assert_int_equal(m->ends, 2);
}

static void watches_again_when_its_streams_are_dropped(void **state)
{
        struct sim_fixture *f = sim_fixture(state);
        struct mirror *m = mirror_start(f);

        until_open(m);
        kube_client_drop_streams(f->client);
        assert_err(&m->err, -ETIMEDOUT, "gives no sign of life");
        create(f, "after");
        until_present(m, "after", false);
        assert_int_equal(m->begins, 1);
}

static const struct prank_row {
        const char *name;
        char where;
} pranks[] = {
        { "freed_in_begin", 'b' },
        { "freed_in_item", 'i' },
        { "freed_in_end", 'e' },
        { "freed_in_state", 's' },
        { "relisted_in_begin", 'B' },
        { "relisted_in_item", 'I' },
        { "relisted_in_end", 'E' },
        { "relisted_in_state", 'S' },
};

static void is_safe_in_its_callbacks(void **state)
{
        const struct prank_row *row = test_row(state);
        struct sim_fixture *f = sim_fixture(state);
        struct mirror *m;

        sim_ctl(f, "eu-1", "load backups 40");
        m = mirror_start(f);
        m->free_in = row->where;
        m->want = 40;
        if (row->where >= 'a') {
                sim_run_until(f, &m->done);
                sim_run_for(f, 200);
                assert_null(m->reflector);
        } else {
                until_state(m, REFLECTOR_WATCHING);
                assert_int_equal(m->free_in, 0);
                assert_int_equal(m->objects ? HASH_COUNT(m->objects) : 0, 40);
        }
}

static void is_true_after_a_storm(void **state)
{
        struct sim_fixture *f = sim_fixture(state);
        struct mirror *m;

        sim_ctl(f, "eu-1", "load backups 300");
        m = mirror_start(f);
        until_open(m);
        sim_ctl(f, "eu-1", "load storm 500 2");
        sim_ctl(f, "eu-1", "fault duplicate-events");
        sim_run_for(f, 700);
        sim_ctl(f, "eu-1", "fault half-watch-line");
        sim_run_for(f, 700);
        sim_ctl(f, "eu-1", "fault off");
        sim_run_for(f, 1500);
        create(f, "last");
        until_present(m, "last", false);
        assert_true(m->modified > 300);
        assert_int_equal(HASH_COUNT(m->objects), 301);
}

#define SIM_TEST(fn) TEST_WITH(fn, sim_setup, teardown)

int main(void)
{
        SIM_TEST(lists_in_pages_and_watches);
        SIM_TEST(selects_by_label);
        SIM_TEST(lists_again_when_its_version_is_forgotten);
        SIM_TEST(backs_off_when_versions_are_always_too_old);
        SIM_TEST(goes_on_after_a_broken_line);
        SIM_TEST(says_that_it_fails_and_recovers);
        SIM_TEST(knows_a_resource_that_is_not_there);
        SIM_TEST(knows_that_it_may_not);
        SIM_TEST(survives_garbage_and_cut_lists);
        SIM_TEST(lists_again_when_told);
        SIM_TEST(watches_again_when_its_streams_are_dropped);
        SIM_TEST(is_true_after_a_storm);
        TEST_ROWS_WITH(is_safe_in_its_callbacks, pranks, sim_setup, teardown);
        return test_run("reflector_sim");
}
