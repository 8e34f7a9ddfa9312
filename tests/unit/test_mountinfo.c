/* SPDX-License-Identifier: Apache-2.0 */
#include "fs/mountinfo.h"

#include <sys/stat.h>

#include "tests/support/test.h"

static const char text[] =
        "22 1 0:20 / / rw,relatime shared:1 - ext4 /dev/vda rw\n"
        "30 22 0:30 / /fleet rw,nosuid,nodev - fuse.fleetfs fleet:prod rw,user_id=0\n"
        "31 22 0:31 / /srv rw shared:5 master:2 - fuse.sshfs host: rw\n"
        "32 22 0:32 / /srv rw - tmpfs tmpfs rw\n"
        "33 22 0:33 / /with\\040space rw - fuse.fleetfs x rw\n"
        "34 22 0:34 / /back\\134slash rw - fuse.fleetfs x rw\n"
        "35 22 0:35 / /fleet2 rw - fuse.other x rw\n"
        "short line\n"
        "36 22 0:36 / /last rw - xfs /dev/vdb rw";

static const struct row {
        const char *name, *path, *type;
} rows[] = {
        { "ours", "/fleet", "fuse.fleetfs" },
        { "not a prefix", "/fle", "" },
        { "not an extension", "/fleet/prod", "" },
        { "optional fields", "/srv", "tmpfs" },
        { "the topmost of two", "/srv", "tmpfs" },
        { "an escaped space", "/with space", "fuse.fleetfs" },
        { "an escaped backslash", "/back\\slash", "fuse.fleetfs" },
        { "a last line without newline", "/last", "xfs" },
        { "the root", "/", "ext4" },
};

static void tells_the_type(void **state)
{
        const struct row *c = test_row(state);
        char type[64];

        assert_int_equal(mountinfo_type(text, c->path, type, sizeof(type)), 0);
        assert_string_equal(type, c->type);
}

static void refuses_a_type_that_does_not_fit(void **state)
{
        char type[8];

        (void)state;
        assert_int_equal(mountinfo_type(text, "/fleet", type, sizeof(type)), -ENAMETOOLONG);
}

static void leaves_an_ordinary_folder_alone(void **state)
{
        struct err err = ERR_INIT;

        assert_ok(mountinfo_clean(test_dir(state), &err), &err);
        assert_ok(mountinfo_clean("/nowhere/at/all", &err), &err);
        assert_ok(mountinfo_clean(".", &err), &err);
}

static void tells_what_would_be_hidden(void **state)
{
        char path[600];

        assert_false(mountinfo_would_hide(test_dir(state)));
        snprintf(path, sizeof(path), "%s/.kept", test_dir(state));
        assert_int_equal(mkdir(path, 0700), 0);
        assert_true(mountinfo_would_hide(test_dir(state)));
        assert_false(mountinfo_would_hide(path));
        assert_false(mountinfo_would_hide("/nowhere/at/all"));
        assert_false(mountinfo_would_hide("/etc/passwd"));
}

int main(void)
{
        TEST_ROWS(tells_the_type, rows);
        TEST(refuses_a_type_that_does_not_fit);
        TEST_IN_DIR(leaves_an_ordinary_folder_alone);
        TEST_IN_DIR(tells_what_would_be_hidden);
        return test_run("mountinfo");
}
