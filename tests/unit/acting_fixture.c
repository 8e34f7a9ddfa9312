/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/acting_fixture.h"

#include <errno.h>
#include <stdarg.h>
#include <sys/stat.h>

#include "base/timefmt.h"
#include "ops/acting_private.h"
#include "ops/engine_private.h"
#include "ops/object.h"
#include "ops/op.h"
#include "ops/policy.h"
#include "ops/rollup.h"
#include "ops/store.h"
#include "ops/store_local.h"
#include "ops/task.h"

struct fixture fixture;

static int64_t boot_ms = 1000000, real_s = 1790000000;
static bool section;
static struct object *dirty[64];
static size_t n_dirty;
static struct {
        char type[32];
        unsigned n;
} events[64];

/* ---------------------------------------------------------------- the engine's side */

void engine_write(struct engine *e)
{
        if (!section)
                model_write_begin(&e->model);
        section = true;
}

void engine_publish(struct engine *e)
{
        if (section)
                model_write_end(&e->model);
        section = false;
}

void engine_dirty(struct engine *e, struct object *o)
{
        for (size_t i = 0; i < n_dirty; i++)
                if (dirty[i] == o)
                        return;
        assert_true(n_dirty < ARRAY_SIZE(dirty));
        dirty[n_dirty++] = o;
}

void engine_forget(struct engine *e, struct object *o)
{
        for (size_t i = 0; i < n_dirty; i++)
                if (dirty[i] == o)
                        dirty[i--] = dirty[--n_dirty];
}

void engine_stored(struct engine *e, struct object *o)
{
        engine_forget(e, o);
}

void task_open(struct engine *e, struct task *t)
{
}

void task_close(struct engine *e, struct task *t)
{
}

bool engine_acts(const struct engine *e)
{
        return true;
}

void engine_object_shrunk(struct engine *e, struct object *o)
{
        assert_true(section);
}

void engine_event(struct engine *e, const char *type, const struct fleet *f, ...)
{
        size_t i = 0;

        engine_write(e);
        while (i < ARRAY_SIZE(events) && events[i].type[0] != '\0' &&
                strcmp(events[i].type, type) != 0)
                i++;
        assert_true(i < ARRAY_SIZE(events));
        snprintf(events[i].type, sizeof(events[i].type), "%s", type);
        events[i].n++;
}

void rollup_object(struct engine *e, struct object *o)
{
        engine_write(e);
}

void rollup_run(struct engine *e, struct run *r)
{
        engine_write(e);
}

unsigned fixture_events(const char *type)
{
        for (size_t i = 0; i < ARRAY_SIZE(events); i++)
                if (strcmp(events[i].type, type) == 0)
                        return events[i].n;
        return 0;
}

/* ---------------------------------------------------------------- policies and operations */

void policy_free(struct policy *p)
{
        free(p);
}

int policy_parse(enum policy_kind kind, const char *stem, const char *bytes, size_t len,
        const struct policy_env *env, struct policy **ret, struct err *err)
{
        *ret = calloc(1, sizeof(**ret));
        return *ret != NULL ? 0 : -ENOMEM;
}

int policy_set_links(struct policy *policy, const struct policy_env *env, const char *source,
        const char *const *targets, size_t n_targets, struct err *err)
{
        return 0;
}

static int fake_admit(struct engine *e, const struct object *o, const char *bytes, size_t len,
        const char *ext, struct policy **ret, struct err *err)
{
        if (strchr(o->name, ' ') != NULL) {
                err_set(err, -EINVAL, "\"%s\" is no name", o->name);
                return err_id(err, "FLT-0230");
        }
        if (len == 0 && !o->is_folder && strchr(o->name, '@') == NULL) {
                err_set(err, -EINVAL, "the document is empty");
                return err_id(err, "FLT-0209");
        }
        if (len >= 3 && memcmp(bytes, "bad", 3) == 0) {
                err_set(err, -EINVAL, "schedule: expected 5 fields");
                err_place(err, 7, 3);
                return err_id(err, "FLT-0248");
        }
        *ret = calloc(1, sizeof(**ret));
        return *ret != NULL ? 0 : -ENOMEM;
}

static void fake_start(struct engine *e, struct object *o, const struct policy *before)
{
        char id[STAMP_SIZE];

        assert_true(section);
        assert_non_null(o->policy);
        assert_non_null(o->in_force.bytes);
        fixture.starts++;
        if (o->last_run_s < (uint64_t)clock_realtime())
                o->last_run_s = (uint64_t)clock_realtime();
        else
                o->last_run_s++;
        assert_non_null(object_add_run(o, stamp_format_run(id, (int64_t)o->last_run_s)));
}

static void fake_resume(struct engine *e, struct object *o)
{
}

static void fake_retire(struct engine *e, struct object *o)
{
        assert_true(section);
        fixture.retires++;
}

static int fake_may_remove(struct engine *e, const struct object *o, struct err *err)
{
        return fixture.busy ? err_set(err, -EBUSY, "%s is running", o->name) : 0;
}

static int fake_verb(struct engine *e, struct object *o, const char *arg, struct err *err)
{
        assert_true(section);
        return strcmp(arg, "fail") == 0 ? err_set(err, -EINVAL, "nothing to %s", arg) : 0;
}

static const struct op_verb verbs[] = {
        { .name = "run", .args = "", .help = "runs", .run = fake_verb },
        { .name = "delete", .args = "<run>", .help = "deletes", .run = fake_verb },
        { .name = "start", .args = "", .help = "starts", .run = fake_verb, .on_draft = true },
        { .name = NULL },
};

const struct op_type *op_type_of(enum object_kind kind)
{
        static struct op_type types[OBJECT_KINDS];

        types[kind] = (struct op_type){
                .kind = kind,
                .one_shot = kind != OBJECT_BACKUP,
                .admit = fake_admit,
                .start = fake_start,
                .resume = fake_resume,
                .retire = fake_retire,
                .may_remove = fake_may_remove,
                .verbs = verbs,
        };
        return &types[kind];
}

/* ---------------------------------------------------------------- the store's failures */

static int store_error;

static ssize_t fixture_sys_write(int fd, const void *bytes, size_t len)
{
        if (store_error == 0)
                return write(fd, bytes, len);
        errno = store_error;
        return -1;
}

static int fixture_sys_rename(int dirfd, const char *from, const char *to)
{
        return renameat(dirfd, from, dirfd, to);
}

static int sync_error;

/* Nothing here pulls a plug: syncing the disk would only make the tests slow. */
static int fixture_sys_fsync(int fd)
{
        struct stat st;

        if (sync_error == 0 || fstat(fd, &st) < 0 || !S_ISDIR(st.st_mode))
                return 0;
        errno = sync_error;
        return -1;
}

static const struct store_local_sys fixture_sys = { fixture_sys_write, fixture_sys_fsync,
        fixture_sys_rename };

void fixture_fail_store(int error)
{
        store_error = error;
}

void fixture_fail_sync(int error)
{
        sync_error = error;
}

/* ---------------------------------------------------------------- life */

static int64_t fixture_boottime(void)
{
        return boot_ms;
}

static int64_t fixture_realtime(void)
{
        return real_s;
}

void fixture_open(const char *dir)
{
        static const struct clock_source clocks = { .realtime = fixture_realtime,
                .boottime_ms = fixture_boottime };
        static const char *const members[] = { "eu-1", "us-1", "ap-1" };
        struct engine *e = calloc(1, sizeof(*e));
        struct err err = ERR_INIT;

        clock_set_for_tests(&clocks);
        store_local_set_sys_for_tests(&fixture_sys);
        store_error = sync_error = 0;
        assert_non_null(e);
        fixture.engine = e;
        e->options.grace_unlink_ms = 3000;
        e->options.grace_rename_ms = 60000;
        assert_ok(model_init(&e->model, &err), &err);
        assert_ok(store_open(&e->store, dir, false, &err), &err);
        assert_false(store_read_only(e->store));
        snprintf(e->model.store_id, sizeof(e->model.store_id), "%s", store_id(e->store));
        engine_write(e);
        fixture.fleet = model_add_fleet(&e->model, "prod");
        assert_ok(object_load_all(e, fixture.fleet, &err), &err);
        for (size_t i = 0; i < ARRAY_SIZE(members); i++)
                assert_non_null(fleet_add_member(fixture.fleet, members[i]));
        engine_publish(e);
        acting_tick(e, boot_ms);
        fixture_round();
}

void fixture_close(void)
{
        struct engine *e = fixture.engine;

        if (e == NULL)
                return;
        engine_publish(e);
        acting_stop(e);
        model_done(&e->model);
        store_close(e->store);
        free(e);
        n_dirty = 0;
        fixture.engine = NULL;
        memset(events, 0, sizeof(events));
        clock_set_for_tests(NULL);
        store_local_set_sys_for_tests(NULL);
}

void fixture_crash(const char *dir)
{
        fixture_close();
        fixture_open(dir);
}

void fixture_round(void)
{
        engine_publish(fixture.engine);
        while (n_dirty > 0) {
                struct object *o = dirty[--n_dirty];

                if (object_save(fixture.engine, o, NULL) < 0)
                        break;
        }
        n_dirty = 0;
}

void fixture_pass(int64_t ms)
{
        boot_ms += ms;
        real_s += (ms + 999) / 1000;
        acting_tick(fixture.engine, boot_ms);
        fixture_round();
}
