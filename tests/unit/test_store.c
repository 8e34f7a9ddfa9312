/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/limits.h"
#include "ops/store.h"
#include "ops/store_local.h"
#include "tests/support/files.h"

static struct store_key key(const char *name)
{
        return (struct store_key){
                .space = STORE_OBJECTS, .fleet = "prod", .folder = "backups", .name = name
        };
}

static struct store *open_store(const char *dir)
{
        struct err err = ERR_INIT;
        struct store *s = NULL;

        assert_ok(store_open(&s, dir, false, &err), &err);
        return s;
}

static void put(struct store *s, const char *name, const char *bytes)
{
        struct err err = ERR_INIT;
        struct store_key k = key(name);

        assert_ok(store_put(s, &k, bytes, strlen(bytes), &err), &err);
}

/* What a get gives, or the errno's name. */
static void assert_got(struct store *s, const char *name, const char *expected)
{
        struct store_key k = key(name);
        struct buf b = BUF_INIT(1 << 20);
        struct err err = ERR_INIT;
        int r = store_get(s, &k, &b, &err);

        assert_string_equal(r < 0 ? errno_name(r) : b.data, expected);
        buf_done(&b);
}

static void puts_gets_and_deletes(void **state)
{
        struct store *s = open_store(test_dir(state));
        struct store_key k = key("nightly");

        assert_got(s, "nightly", "ENOENT");
        put(s, "nightly", "one");
        put(s, "nightly", "two");
        assert_got(s, "nightly", "two");
        assert_ok(store_delete(s, &k, NULL), NULL);
        assert_ok(store_delete(s, &k, NULL), NULL);
        assert_got(s, "nightly", "ENOENT");
        store_close(s);
}

static void keeps_id_and_records_over_a_restart(void **state)
{
        struct store *s = open_store(test_dir(state));
        char id[STORE_ID_TEXT + 1];

        strcpy(id, store_id(s));
        assert_int_equal(strspn(id, "0123456789abcdef"), STORE_ID_TEXT);
        put(s, "nightly", "one");
        store_close(s);
        s = open_store(test_dir(state));
        assert_string_equal(store_id(s), id);
        assert_got(s, "nightly", "one");
        store_close(s);
}

static void two_stores_have_two_ids(void **state)
{
        char a[128], b[128];
        struct store *x, *y;

        snprintf(a, sizeof(a), "%s/a/deep", test_dir(state));
        snprintf(b, sizeof(b), "%s/b", test_dir(state));
        x = open_store(a);
        y = open_store(b);
        assert_string_not_equal(store_id(x), store_id(y));
        store_close(x);
        store_close(y);
}

static mode_t mode_of(const char *dir, const char *path)
{
        char full[256];
        struct stat st;

        snprintf(full, sizeof(full), "%s/%s", dir, path);
        assert_int_equal(stat(full, &st), 0);
        return st.st_mode & 07777;
}

static void is_private(void **state)
{
        char dir[128];
        struct store *s;
        mode_t mask = umask(0);

        snprintf(dir, sizeof(dir), "%s/state", test_dir(state));
        s = open_store(dir);
        put(s, "nightly", "one");
        umask(mask);
        assert_int_equal(mode_of(dir, "."), 0700);
        assert_int_equal(mode_of(dir, "id"), 0600);
        assert_int_equal(mode_of(dir, "lock"), 0600);
        assert_int_equal(mode_of(dir, "objects/prod/backups"), 0700);
        assert_int_equal(mode_of(dir, "objects/prod/backups/nightly"), 0600);
        store_close(s);
}

/* ---------------------------------------------------------------- the lock */

static void second_opener_reads_only_and_knows_the_holder(void **state)
{
        struct store *first = open_store(test_dir(state)), *second;
        struct store_key k = key("nightly");
        struct err err = ERR_INIT;
        char holder[64];

        put(first, "nightly", "one");
        assert_false(store_read_only(first));
        assert_string_equal(store_holder(first), "");
        second = open_store(test_dir(state));
        assert_true(store_read_only(second));
        snprintf(holder, sizeof(holder), "pid %d", (int)getpid());
        assert_string_equal(store_holder(second), holder);
        assert_string_equal(store_id(second), store_id(first));
        assert_got(second, "nightly", "one");
        assert_int_equal(store_put(second, &k, "x", 1, &err), -EROFS);
        assert_err(&err, -EROFS, holder);
        assert_int_equal(store_delete(second, &k, &err), -EROFS);
        store_close(second);
        store_close(first);

        second = open_store(test_dir(state));
        assert_false(store_read_only(second));
        store_close(second);
}

static void daemonized_holder_is_named_by_its_own_pid(void **state)
{
        struct store *s = open_store(test_dir(state)), *second;
        int ready[2], go[2];
        char holder[64], c;
        pid_t child;

        assert_int_equal(pipe(ready), 0);
        assert_int_equal(pipe(go), 0);
        child = fork();
        assert_true(child >= 0);
        if (child == 0) {
                prctl(PR_SET_PDEATHSIG,
                        SIGKILL); /* also when an assertion ends the parent's test */
                put(s, "nightly", "one");
                (void)!write(ready[1], "x", 1);
                (void)!read(go[0], &c, 1);
                _exit(0);
        }
        assert_int_equal(read(ready[0], &c, 1), 1);
        second = open_store(test_dir(state));
        snprintf(holder, sizeof(holder), "pid %d", (int)child);
        assert_string_equal(store_holder(second), holder);
        store_close(second);
        assert_int_equal(write(go[1], "x", 1), 1);
        assert_int_equal(waitpid(child, NULL, 0), child);
        store_close(s);
}

static void read_only_open_makes_nothing(void **state)
{
        char dir[128];
        struct store *s = NULL;
        struct stat st;
        struct err err = ERR_INIT;

        snprintf(dir, sizeof(dir), "%s/none", test_dir(state));
        assert_ok(store_open(&s, dir, true, &err), &err);
        assert_true(store_read_only(s));
        assert_string_equal(store_holder(s), "");
        assert_got(s, "nightly", "ENOENT");
        assert_int_equal(stat(dir, &st), -1);
        store_close(s);
}

/* ---------------------------------------------------------------- names */

struct name_row {
        const char *name, *file;
};

static const struct name_row names[] = {
        { "nightly", "nightly" },
        { "a.b-c_d", "a.b-c_d" },
        { ".hidden", "%2Ehidden" },
        { "..", "%2E." },
        { "a/b", "a%2Fb" },
        { "50%", "50%25" },
        { "\x01\xff name\n", "%01%FF%20name%0A" },
};

static void escapes(void **state)
{
        const struct name_row *row = test_row(state);
        char file[STORE_FILE_NAME_MAX + 1];

        store_local_file_name(file, row->name);
        assert_string_equal(file, row->file);
}

static void names_of_any_bytes_come_back(void **state)
{
        struct store *s = open_store(test_dir(state));
        char longest[256], other[256], file[STORE_FILE_NAME_MAX + 1];

        memset(longest, 0xff, 255);
        longest[255] = '\0';
        strcpy(other, longest);
        other[254] = 'x';
        put(s, longest, "one");
        put(s, other, "two");
        put(s, "\n\"%", "three");
        assert_got(s, longest, "one");
        assert_got(s, other, "two");
        assert_got(s, "\n\"%", "three");
        store_local_file_name(file, longest);
        assert_int_equal(strncmp(file, "%h", 2), 0);
        store_close(s);
}

static int collect(
        void *arg, const char *name, const char *bytes, size_t len, const struct err *why)
{
        struct buf *b = arg;

        return buf_printf(b, "[%s=%.*s%s]", name, (int)len, bytes != NULL ? bytes : "",
                why != NULL ? why->msg : "");
}

static void lists_one_folder(void **state)
{
        struct store *s = open_store(test_dir(state));
        struct store_key elsewhere = key("z");
        struct buf b = BUF_INIT(4096);
        struct err err = ERR_INIT;

        elsewhere.folder = "restores";
        put(s, "a", "1");
        assert_ok(store_put(s, &elsewhere, "3", 1, &err), &err);
        assert_ok(store_each(s, STORE_OBJECTS, "prod", "backups", collect, &b, &err), &err);
        assert_string_equal(b.data, "[a=1]");
        assert_ok(store_each(s, STORE_OBJECTS, "other", "backups", collect, &b, &err), &err);
        assert_string_equal(b.data, "[a=1]");
        buf_done(&b);
        store_close(s);
}

static void values(void **state)
{
        struct store *s = open_store(test_dir(state));
        const struct store_key key = { .space = STORE_VALUES, .name = "cluster/prod/eu-1" };
        struct buf value = BUF_INIT(LIMIT_TEXT_BYTES);

        assert_int_equal(store_get(s, &key, &value, NULL), -ENOENT);
        assert_ok(store_put_value(s, "cluster/prod/eu-1", "uid-1", NULL), NULL);
        assert_ok(store_get(s, &key, &value, NULL), NULL);
        assert_string_equal(value.data, "uid-1");
        buf_done(&value);
        store_close(s);
}

/* ---------------------------------------------------------------- disks that fail */

static int failing;
static const char *fails_at;

static ssize_t fail_write(int fd, const void *bytes, size_t len)
{
        if (strcmp(fails_at, "write") == 0) {
                /* A disk takes the first part and then is full. */
                if (len > 10)
                        return write(fd, bytes, 10);
                errno = failing;
                return -1;
        }
        return write(fd, bytes, len);
}

static bool is_folder(int fd)
{
        struct stat st;

        return fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
}

static int fail_fsync(int fd)
{
        if (strcmp(fails_at, "fsync") == 0 || (strcmp(fails_at, "folder") == 0 && is_folder(fd))) {
                errno = failing;
                return -1;
        }
        return fsync(fd);
}

static int fail_rename(int dirfd, const char *from, const char *to)
{
        if (strcmp(fails_at, "rename") == 0) {
                errno = failing;
                return -1;
        }
        return renameat(dirfd, from, dirfd, to);
}

static const struct store_local_sys failing_sys = { fail_write, fail_fsync, fail_rename };

struct fail_row {
        const char *name, *at;
        int error;
        bool is_new; /* the record has been replaced all the same */
};

static const struct fail_row failures[] = {
        { "full disk leaves the old record", "write", ENOSPC, false },
        { "broken disk leaves the old record", "fsync", EIO, false },
        { "failing rename leaves the old record", "rename", EDQUOT, false },
        { "a folder that cannot be synced has the new record", "folder", EIO, true },
};

static int failing_setup(void **state)
{
        return test_dir_setup(state);
}

static int failing_teardown(void **state)
{
        store_local_set_sys_for_tests(NULL);
        return test_dir_teardown(state);
}

static size_t count_files(const char *dir)
{
        char command[256], text[16] = "";
        FILE *f;

        snprintf(command, sizeof(command), "ls -A '%s/objects/prod/backups' | wc -l", dir);
        f = popen(command, "r");
        assert_non_null(f);
        assert_non_null(fgets(text, sizeof(text), f));
        pclose(f);
        return (size_t)atoi(text);
}

static void put_that_fails(void **state)
{
        const struct fail_row *row = test_row(state);
        struct store *s = open_store(test_dir(state));
        struct store_key k = key("nightly");
        struct err err = ERR_INIT;

        put(s, "nightly", "the old record");
        failing = row->error;
        fails_at = row->at;
        store_local_set_sys_for_tests(&failing_sys);
        assert_int_equal(store_put(s, &k, "the new record", 14, &err), -row->error);
        assert_err(&err, -row->error, "nightly");
        assert_int_equal(store_is_unsure(s), row->is_new);
        store_local_set_sys_for_tests(NULL);
        assert_got(s, "nightly", row->is_new ? "the new record" : "the old record");
        assert_int_equal(count_files(test_dir(state)), 1);
        /* What is put then is what is there. */
        put(s, "nightly", "the old record");
        assert_got(s, "nightly", "the old record");
        assert_false(store_is_unsure(s));
        if (row->is_new) {
                store_local_set_sys_for_tests(&failing_sys);
                assert_int_equal(store_delete(s, &k, &err), -row->error);
                assert_true(store_is_unsure(s));
                store_local_set_sys_for_tests(NULL);
                assert_got(s, "nightly", "ENOENT");
        }
        store_close(s);
}

static char synced[1024];

static int note_fsync(int fd)
{
        char link[64], path[256];
        ssize_t n;

        snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
        n = readlink(link, path, sizeof(path) - 1);
        assert_true(n > 0);
        path[n] = '\0';
        snprintf(synced + strlen(synced), sizeof(synced) - strlen(synced), "%s\n", path);
        return 0;
}

static const struct store_local_sys noting_sys = { write, note_fsync, fail_rename };

/* A folder that a crash may take with all that is in it is none. */
static void the_way_to_a_new_store_is_synced(void **state)
{
        char dir[128], line[160];
        struct store *s;

        snprintf(dir, sizeof(dir), "%s/a/deep", test_dir(state));
        fails_at = "";
        synced[0] = '\0';
        store_local_set_sys_for_tests(&noting_sys);
        s = open_store(dir);
        store_local_set_sys_for_tests(NULL);
        store_close(s);
        snprintf(line, sizeof(line), "%s\n%s/a\n", test_dir(state), test_dir(state));
        assert_non_null(strstr(synced, line));
}

static void a_new_store_that_cannot_be_synced_is_none(void **state)
{
        char dir[128];
        struct store *s = NULL;
        struct err err = ERR_INIT;

        snprintf(dir, sizeof(dir), "%s/state", test_dir(state));
        failing = EIO;
        fails_at = "folder";
        store_local_set_sys_for_tests(&failing_sys);
        assert_int_equal(store_open(&s, dir, false, &err), -EIO);
        store_local_set_sys_for_tests(NULL);
        assert_err(&err, -EIO, dir);
        assert_int_equal(access(dir, F_OK), -1);
}

/* A folder that may not survive is not taken for one that was made: it is made, and synced, again. */
static void folder_that_was_not_synced_is_made_again(void **state)
{
        struct store *s = open_store(test_dir(state));
        struct store_key k = key("nightly");
        struct err err = ERR_INIT;
        char path[256];

        failing = EIO;
        fails_at = "fsync";
        store_local_set_sys_for_tests(&failing_sys);
        assert_int_equal(store_put(s, &k, "record", 6, &err), -EIO);
        store_local_set_sys_for_tests(NULL);
        snprintf(path, sizeof(path), "%s/objects", test_dir(state));
        assert_int_equal(access(path, F_OK), -1);
        put(s, "nightly", "record");
        assert_got(s, "nightly", "record");
        store_close(s);
}

static void leftovers_of_a_crash_go_at_open(void **state)
{
        struct store *s = open_store(test_dir(state));

        put(s, "nightly", "one");
        store_close(s);
        test_write_file(test_dir(state), "objects/prod/backups/.tmp-1-1", "half a reco");
        test_write_file(test_dir(state), ".tmp-id", "00");
        assert_int_equal(count_files(test_dir(state)), 2);
        s = open_store(test_dir(state));
        assert_int_equal(count_files(test_dir(state)), 1);
        assert_got(s, "nightly", "one");
        store_close(s);
}

static void assert_file(const char *dir, const char *name, const char *expected)
{
        char path[256], text[256] = "";
        FILE *f;

        snprintf(path, sizeof(path), "%s/%s", dir, name);
        f = fopen(path, "r");
        assert_non_null(f);
        text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
        fclose(f);
        assert_string_equal(text, expected);
}

struct damage_row {
        const char *name, *bytes, *why;
};

static const struct damage_row damages[] = {
        { "an empty record is damaged", "", "no head" },
        { "a foreign file is damaged", "hello\nworld\n", "head is not known" },
        { "a cut record is damaged", "fleetfs-record 1 7 100 0000000000000000\nnightlyabc",
                "cut off" },
        { "a changed record is damaged", "fleetfs-record 1 7 3 0000000000000000\nnightlyabc",
                "checksum" },
};

static void damaged(void **state)
{
        const struct damage_row *row = test_row(state);
        struct store *s = open_store(test_dir(state));
        struct store_key k = key("nightly");
        struct buf b = BUF_INIT(4096), got = BUF_INIT(4096);
        struct err err = ERR_INIT;

        put(s, "nightly", "one");
        test_write_file(test_dir(state), "objects/prod/backups/nightly", row->bytes);
        assert_int_equal(store_get(s, &k, &got, &err), -EBADMSG);
        assert_err(&err, -EBADMSG, row->why);
        assert_ok(store_each(s, STORE_OBJECTS, "prod", "backups", collect, &b, NULL), NULL);
        assert_non_null(strstr(b.data, row->why));
        assert_non_null(strstr(b.data, ".damaged-1-nightly"));
        /* Out of the way, for the user. */
        assert_got(s, "nightly", "ENOENT");
        put(s, "nightly", "two");
        buf_reset(&b);
        assert_ok(store_each(s, STORE_OBJECTS, "prod", "backups", collect, &b, NULL), NULL);
        assert_string_equal(b.data, "[nightly=two]");
        assert_file(test_dir(state), "objects/prod/backups/.damaged-1-nightly", row->bytes);
        buf_done(&b);
        buf_done(&got);
        store_close(s);
}

static int code_of(void *arg, const char *name, const char *bytes, size_t len, const struct err *why)
{
        *(int *)arg = bytes != NULL ? 1 : why->code;
        return 0;
}

/* What is not told as damaged is where it was. */
static void what_cannot_be_set_aside_stays(void **state)
{
        struct store *s = open_store(test_dir(state)), *reader = NULL;
        struct err err = ERR_INIT;
        int code = 0;

        put(s, "nightly", "one");
        test_write_file(test_dir(state), "objects/prod/backups/nightly", "hello\n");
        assert_ok(store_open(&reader, test_dir(state), true, &err), &err);
        assert_ok(store_each(reader, STORE_OBJECTS, "prod", "backups", code_of, &code, NULL), NULL);
        assert_int_equal(code, -EBADMSG);
        store_close(reader);
        assert_file(test_dir(state), "objects/prod/backups/nightly", "hello\n");

        failing = EIO;
        fails_at = "rename";
        store_local_set_sys_for_tests(&failing_sys);
        assert_ok(store_each(s, STORE_OBJECTS, "prod", "backups", code_of, &code, NULL), NULL);
        assert_int_equal(code, -EIO);
        fails_at = "folder"; /* it went, perhaps not for good: told as what it is when that is known */
        assert_ok(store_each(s, STORE_OBJECTS, "prod", "backups", code_of, &code, NULL), NULL);
        assert_int_equal(code, -EIO);
        store_local_set_sys_for_tests(NULL);
        store_close(s);
}

static void a_second_one_is_set_aside_beside_the_first(void **state)
{
        struct store *s = open_store(test_dir(state));
        struct store_key k = key("a/b");
        char kept[NAME_MAX + 1];
        struct err err = ERR_INIT;

        for (int i = 1; i <= 2; i++) {
                char name[64];

                put(s, "a/b", "one");
                assert_ok(store_set_aside(s, &k, kept, &err), &err);
                snprintf(name, sizeof(name), ".damaged-%d-a%%2Fb", i);
                assert_string_equal(kept, name);
        }
        assert_int_equal(store_set_aside(s, &k, kept, &err), -ENOENT);
        assert_int_equal(count_files(test_dir(state)), 2);
        store_close(s);
        s = open_store(test_dir(state));
        assert_int_equal(count_files(test_dir(state)), 2);
        store_close(s);
}

static void broken_id_is_not_replaced(void **state)
{
        struct store *s = open_store(test_dir(state));
        struct err err = ERR_INIT;

        store_close(s);
        test_write_file(test_dir(state), "id", "nonsense\n");
        assert_int_equal(store_open(&s, test_dir(state), false, &err), -EBADMSG);
        assert_err(&err, -EBADMSG, "16 hexadecimal digits");
        assert_remedy(&err, "disown");
}

int main(void)
{
        TEST_IN_DIR(puts_gets_and_deletes);
        TEST_IN_DIR(keeps_id_and_records_over_a_restart);
        TEST_IN_DIR(two_stores_have_two_ids);
        TEST_IN_DIR(is_private);
        TEST_IN_DIR(second_opener_reads_only_and_knows_the_holder);
        TEST_IN_DIR(daemonized_holder_is_named_by_its_own_pid);
        TEST_IN_DIR(read_only_open_makes_nothing);
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                test_add_(names[i].file, escapes, &names[i], NULL, NULL);
        TEST_IN_DIR(names_of_any_bytes_come_back);
        TEST_IN_DIR(lists_one_folder);
        TEST_IN_DIR(values);
        TEST_WITH(folder_that_was_not_synced_is_made_again, failing_setup, failing_teardown);
        TEST_ROWS_WITH(put_that_fails, failures, failing_setup, failing_teardown);
        TEST_IN_DIR(leftovers_of_a_crash_go_at_open);
        TEST_WITH(the_way_to_a_new_store_is_synced, failing_setup, failing_teardown);
        TEST_WITH(a_new_store_that_cannot_be_synced_is_none, failing_setup, failing_teardown);
        TEST_ROWS_WITH(damaged, damages, test_dir_setup, test_dir_teardown);
        TEST_WITH(what_cannot_be_set_aside_stays, failing_setup, failing_teardown);
        TEST_IN_DIR(a_second_one_is_set_aside_beside_the_first);
        TEST_IN_DIR(broken_id_is_not_replaced);
        return test_run("store");
}
