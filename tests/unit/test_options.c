/* SPDX-License-Identifier: Apache-2.0 */
#include "mountd/options.h"

#include <errno.h>

#include "base/buf.h"
#include "tests/support/files.h"
#include "tests/support/test.h"

enum { ARGS_MAX = 8 };

/* What a command line means, as text: "member=value" of all that is not the default. The test runs
 * in DIR. */
static const struct accepted {
        const char *name;
        const char *args[ARGS_MAX];
        const char *expected;
} accepted[] = {
        { "a mountpoint is enough", { "/mnt" }, "mountpoint=/mnt" },
        { "a relative mountpoint counts from here", { "mnt" }, "mountpoint=DIR/mnt" },
        { "a long option with =", { "--fleet-file=/a.yaml", "/mnt" },
                "mountpoint=/mnt fleet_file=/a.yaml" },
        { "a long option with its value behind it", { "--fleet-file", "/a.yaml", "/mnt" },
                "mountpoint=/mnt fleet_file=/a.yaml" },
        { "a relative path counts from here", { "--kubeconfig", "k/config", "/mnt" },
                "mountpoint=/mnt kubeconfig=DIR/k/config" },
        { "a name is no path", { "--velero-namespace", "backup", "/mnt" },
                "mountpoint=/mnt velero_namespace=backup" },
        { "options may follow the mountpoint", { "/mnt", "-f" }, "mountpoint=/mnt foreground" },
        { "-f", { "-f", "/mnt" }, "mountpoint=/mnt foreground" },
        { "--foreground", { "--foreground", "/mnt" }, "mountpoint=/mnt foreground" },
        { "-d means -f", { "-d", "/mnt" }, "mountpoint=/mnt foreground debug" },
        { "--ro", { "--ro", "/mnt" }, "mountpoint=/mnt read_only" },
        { "--allow-other", { "--allow-other", "/mnt" }, "mountpoint=/mnt allow_other" },
        { "--fsname", { "--fsname", "fleet:all", "/mnt" }, "mountpoint=/mnt fsname=fleet:all" },
        { "--state-dir", { "--state-dir", "s", "/mnt" }, "mountpoint=/mnt state_dir=DIR/s" },
        { "--start-deadline", { "--start-deadline", "90m", "/mnt" },
                "mountpoint=/mnt start_deadline_s=5400" },
        { "logging", { "--log-level", "debug", "--log-format=json", "--log-file", "/l", "/mnt" },
                "mountpoint=/mnt log_file=/l log_level=debug log_format=json" },
        { "the later one counts", { "--fsname=a", "--fsname=b", "/mnt" },
                "mountpoint=/mnt fsname=b" },
        { "letters together", { "-fd", "/mnt" }, "mountpoint=/mnt foreground debug" },
        { "letters with -o behind them", { "-fo", "ro", "/mnt" },
                "mountpoint=/mnt foreground read_only" },
        { "-- ends the options", { "--", "-mnt" }, "mountpoint=DIR/-mnt" },

        { "-o with our options", { "-o", "ro,start_deadline=2h,fleet_file=/f", "/mnt" },
                "mountpoint=/mnt fleet_file=/f start_deadline_s=7200 read_only" },
        { "-o without a space", { "-oro", "/mnt" }, "mountpoint=/mnt read_only" },
        { "-o keeps what is libfuse's", { "-o", "max_read=65536,ro,noatime", "/mnt" },
                "mountpoint=/mnt fuse=max_read=65536,noatime read_only" },
        { "-o drops what is mount(8)'s",
                { "-o", "rw,user,nofail,_netdev,noauto,x-systemd.automount,x-gvfs-show,dev,suid",
                        "/mnt" },
                "mountpoint=/mnt" },
        { "-o noexec is the kernel's", { "-o", "noexec,nodev,nosuid", "/mnt" },
                "mountpoint=/mnt fuse=noexec" },
        { "-o ro and rw: the later one counts", { "-o", "ro,rw", "/mnt" }, "mountpoint=/mnt" },
        { "-o rw and ro: the later one counts", { "-o", "rw", "--ro", "/mnt" },
                "mountpoint=/mnt read_only" },
        { "-o twice", { "-o", "noatime", "-o", "ro,sync", "/mnt" },
                "mountpoint=/mnt fuse=noatime,sync read_only" },
        { "empty items of -o", { "-o", ",ro,,", "/mnt" }, "mountpoint=/mnt read_only" },

        { "mount helper with a fleet file", { "/etc/f.yaml", "/mnt", "-o", "rw,allow_other" },
                "mountpoint=/mnt fleet_file=/etc/f.yaml allow_other" },
        { "mount helper with none", { "none", "/mnt", "-o", "rw" }, "mountpoint=/mnt" },
        { "mount helper with our name", { "fleetfs", "/mnt" }, "mountpoint=/mnt" },

        { "--help needs nothing else", { "--help" }, "help" },
        { "-h", { "-h" }, "help" },
        { "--version", { "--version" }, "version" },
        { "-V beside a mountpoint", { "-V", "/mnt" }, "version" },
};

static const struct refused {
        const char *name;
        const char *args[ARGS_MAX];
        const char *sentence;
} refused[] = {
        { "nothing", { NULL }, "where to mount is missing" },
        { "three arguments", { "a", "b", "c" }, "too many arguments: c" },
        { "an unknown long option", { "--quux", "/mnt" }, "unknown option --quux" },
        { "a misspelt one", { "--kubeconfg=/k", "/mnt" },
                "unknown option --kubeconfg: did you mean --kubeconfig?" },
        { "an unknown letter", { "-x", "/mnt" }, "unknown option -x" },
        { "an unknown letter behind a known one", { "-fx", "/mnt" }, "unknown option -x" },
        { "-o last of letters without a list", { "/mnt", "-fo" }, "-o needs a value" },
        { "-o with an option of libfuse's that does nothing here",
                { "-o", "noatime,kernel_cache", "/mnt" }, "unknown option -o kernel_cache" },
        { "-o misspelt", { "-o", "noatme", "/mnt" },
                "unknown option -o noatme: did you mean noatime?" },
        { "-o misspelt, of ours", { "-o", "kubeconfg=/k", "/mnt" },
                "unknown option -o kubeconfg: did you mean kubeconfig?" },
        { "-o max_read without a value", { "-o", "max_read", "/mnt" }, "-o max_read needs a value" },
        { "-o noatime with a value", { "-o", "noatime=1", "/mnt" }, "-o noatime takes no value" },
        { "a namespace that cannot be", { "--velero-namespace", "BAD_", "/mnt" },
                "--velero-namespace: \"BAD_\" is no name of a namespace" },
        { "-o with a namespace that cannot be", { "-o", "velero_namespace=a/b", "/mnt" },
                "--velero-namespace: \"a/b\" is no name of a namespace" },
        { "a flag with a value", { "--ro=yes", "/mnt" }, "--ro takes no value" },
        { "a missing value", { "/mnt", "--fleet-file" }, "--fleet-file needs a value" },
        { "an empty value", { "--fleet-file=", "/mnt" }, "--fleet-file: the value is empty" },
        { "an empty mountpoint", { "" }, "an argument is empty" },
        { "-o without a list", { "/mnt", "-o" }, "-o needs a value" },
        { "-o flag with a value", { "-o", "ro=1", "/mnt" }, "-o ro takes no value" },
        { "-o option without a value", { "-o", "kubeconfig", "/mnt" },
                "-o kubeconfig needs a value" },
        { "-o option with an empty value", { "-o", "kubeconfig=", "/mnt" },
                "--kubeconfig: the value is empty" },
        { "a duration without a unit", { "--start-deadline", "90", "/mnt" }, "--start-deadline: " },
        { "days", { "--start-deadline", "1d", "/mnt" }, "--start-deadline: " },
        { "no time at all", { "--start-deadline", "0s", "/mnt" }, "--start-deadline: at least 1s" },
        { "two fleet files", { "--fleet-file", "/a", "/b", "/mnt" }, "two fleet files: /a and /b" },
};

static void member(struct buf *out, const char *name, const char *value, const char *dir)
{
        if (value == NULL)
                return;
        (void)buf_printf(out, "%s%s=", out->len > 0 ? " " : "", name);
        test_put_without_dir(out, value, dir);
}

static void flag(struct buf *out, const char *name, bool value)
{
        if (value)
                (void)buf_printf(out, "%s%s", out->len > 0 ? " " : "", name);
}

static int parse(const char *const *args, struct options *ret, struct err *err)
{
        char *argv[ARGS_MAX + 2] = { (char *)"fleetfs" };
        int argc = 1;

        for (size_t i = 0; i < ARGS_MAX && args[i] != NULL; i++)
                argv[argc++] = (char *)args[i];
        return options_parse(argc, argv, ret, err);
}

static void is_accepted(void **state)
{
        const struct accepted *row = test_row(state);
        struct err err = ERR_INIT;
        struct options o = { 0 };
        struct buf out = BUF_INIT(4096);
        char dir[512];

        assert_non_null(getcwd(dir, sizeof(dir)));
        assert_ok(parse(row->args, &o, &err), &err);
        if (o.action == OPTIONS_MOUNT) {
                member(&out, "mountpoint", o.mountpoint, dir);
                member(&out, "fleet_file", o.fleet_file, dir);
                member(&out, "kubeconfig", o.kubeconfig, dir);
                member(&out, "velero_namespace", o.velero_namespace, NULL);
                member(&out, "state_dir", o.state_dir, dir);
                member(&out, "log_file", o.log_file, dir);
                member(&out, "log_level", o.log_level, NULL);
                member(&out, "log_format", o.log_format, NULL);
                member(&out, "fsname", o.fsname, NULL);
                member(&out, "fuse", o.fuse, NULL);
                if (o.start_deadline_s != 3600)
                        (void)buf_printf(
                                &out, " start_deadline_s=%lld", (long long)o.start_deadline_s);
                flag(&out, "foreground", o.foreground);
                flag(&out, "debug", o.debug);
                flag(&out, "read_only", o.read_only);
                flag(&out, "allow_other", o.allow_other);
        } else {
                flag(&out, "help", o.action == OPTIONS_HELP);
                flag(&out, "version", o.action == OPTIONS_VERSION);
        }
        assert_text(out.data, row->expected);
        buf_done(&out);
        options_done(&o);
}

static void is_refused(void **state)
{
        const struct refused *row = test_row(state);
        struct err err = ERR_INIT;
        struct options o = { 0 };

        assert_int_equal(parse(row->args, &o, &err), -EINVAL);
        assert_err(&err, -EINVAL, row->sentence);
        /* Nothing of it is left with the caller. */
        assert_null(o.mountpoint);
        assert_null(o.fleet_file);
}

static char *help_text(void)
{
        static char *text;
        static size_t len;
        FILE *f = open_memstream(&text, &len);

        assert_non_null(f);
        options_help(f);
        assert_int_equal(fclose(f), 0);
        return text;
}

/* --help has a line for each row: its name, its value, its sentence. */
static bool help_has(const char *text, const struct option_row *row)
{
        char start[80];
        const char *line;

        snprintf(start, sizeof(start), "--%s%s%s ", row->name, row->value ? " " : "",
                row->value ? row->value : "");
        line = strstr(text, start);
        return line != NULL && strstr(line, row->help) != NULL;
}

static void help_lists_every_row(void **state)
{
        char *text = help_text();
        size_t n;
        const struct option_row *rows = options_table(&n);

        (void)state;
        assert_true(n > 5);
        for (size_t i = 0; i < n; i++) {
                if (!help_has(text, &rows[i]))
                        fail_msg("--help does not tell of --%s", rows[i].name);
                assert_int_equal((rows[i].type == OPTION_FLAG), (rows[i].value == NULL));
        }
        assert_non_null(strstr(text, "Exit codes:"));
        free(text);
}

/* Every row can be given both ways. */
static void each_row_is_parsed(void **state)
{
        size_t n;
        const struct option_row *rows = options_table(&n);

        (void)state;
        for (size_t i = 0; i < n; i++) {
                const char *value = rows[i].type == OPTION_DURATION ? "1h"
                                    : rows[i].type == OPTION_NAME   ? "v"
                                                                    : "/v";
                char text[80];

                for (int form = 0; form < 2; form++) {
                        const char *args[ARGS_MAX] = { text, "/mnt" };
                        const char *listed[ARGS_MAX] = { "-o", text, "/mnt" };
                        struct err err = ERR_INIT;
                        struct options o = { 0 };

                        snprintf(text, sizeof(text), "%s%s%s%s", form == 0 ? "--" : "",
                                rows[i].name, rows[i].value ? "=" : "", rows[i].value ? value : "");
                        for (char *p = text; form == 1 && *p != '\0' && *p != '='; p++)
                                *p = *p == '-' ? '_' : *p;
                        assert_ok(parse(form == 0 ? args : listed, &o, &err), &err);
                        assert_null(o.fuse);
                        options_done(&o);
                }
        }
}

/* Each option for libfuse and the kernel is taken as it is, and --help has it. */
static void each_mount_option_is_parsed(void **state)
{
        char *text = help_text();
        size_t n;
        const struct mount_option *table = options_mount_table(&n);

        (void)state;
        for (size_t i = 0; i < n; i++) {
                char item[80];
                const char *args[ARGS_MAX] = { "-o", item, "/mnt" };
                struct err err = ERR_INIT;
                struct options o = { 0 };

                snprintf(item, sizeof(item), "%s%s%s", table[i].name, table[i].value ? "=" : "",
                        table[i].value ? table[i].value : "");
                assert_non_null(strstr(text, item));
                assert_ok(parse(args, &o, &err), &err);
                assert_string_equal(o.fuse, item);
                options_done(&o);
        }
        free(text);
}

/* Where the state is, by the environment. */
static const struct state_dir {
        const char *name, *given, *xdg, *home, *expected; /* for root; expected NULL: an error */
} state_dirs[] = {
        { "given", "/given", "/xdg", "/home/u", "/given" },
        { "by XDG", NULL, "/xdg", "/home/u", "/xdg/fleetfs" },
        { "a relative XDG does not count", NULL, "xdg", "/home/u", "/var/lib/fleetfs" },
        { "root has its own", NULL, NULL, "/root", "/var/lib/fleetfs" },
};

static void state_dir_is(void **state)
{
        const struct state_dir *row = test_row(state);
        struct options o = { .state_dir = row->given != NULL ? strdup(row->given) : NULL };
        struct err err = ERR_INIT;
        const char *expected = row->expected;

        (void)(row->xdg != NULL ? setenv("XDG_STATE_HOME", row->xdg, 1)
                                : unsetenv("XDG_STATE_HOME"));
        (void)setenv("HOME", row->home, 1);
        if (geteuid() != 0 && strcmp(expected, "/var/lib/fleetfs") == 0)
                expected = strcmp(row->home, "/root") == 0 ? "/root/.local/state/fleetfs"
                                                           : "/home/u/.local/state/fleetfs";
        assert_ok(options_defaults(&o, &err), &err);
        assert_string_equal(o.state_dir, expected);
        options_done(&o);
}

int main(void)
{
        TEST_ROWS(is_accepted, accepted);
        TEST_ROWS(is_refused, refused);
        TEST_ROWS(state_dir_is, state_dirs);
        TEST(help_lists_every_row);
        TEST(each_row_is_parsed);
        TEST(each_mount_option_is_parsed);
        return test_run("options");
}
