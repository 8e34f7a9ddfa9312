/* SPDX-License-Identifier: Apache-2.0 */
#include "mountd/options.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/duration.h"
#include "base/limits.h"
#include "base/spell.h"
#include "ops/fleetconf.h"

#define ROW(name_, letter_, type_, member_, value_, help_)                                      \
        {                                                                                       \
                .name = (name_), .letter = (letter_), .type = (type_),                          \
                .offset = offsetof(struct options, member_), .value = (value_), .help = (help_) \
        }

static const struct option_row rows[] = {
        ROW("fleet-file", 0, OPTION_PATH, fleet_file, "FILE",
                "fleets and their clusters; default: all *.yaml of the configuration folder, else every context of the kubeconfig"),
        ROW("kubeconfig", 0, OPTION_PATH, kubeconfig, "FILE",
                "instead of $KUBECONFIG and ~/.kube/config"),
        ROW("velero-namespace", 0, OPTION_NAME, velero_namespace, "NAME",
                "where Velero is; default: where its storage locations are"),
        ROW("state-dir", 0, OPTION_PATH, state_dir, "DIR",
                "where policies and runs are kept; default: $XDG_STATE_HOME/fleetfs, for root /var/lib/fleetfs"),
        ROW("start-deadline", 0, OPTION_DURATION, start_deadline_s, "DURATION",
                "how long an unreachable cluster is owed a one-off backup, a restore or a migration (1h)"),
        ROW("relist", 0, OPTION_DURATION, relist_s, "DURATION",
                "how often a cluster's objects are listed again, should a proxy have lost a change (30m)"),
        ROW("ro", 0, OPTION_FLAG, read_only, NULL,
                "read-only: nothing is written, here or to any cluster; the fastest to read"),
        ROW("allow-other", 0, OPTION_FLAG, allow_other, NULL,
                "let other users in; needs user_allow_other in /etc/fuse.conf"),
        ROW("fsname", 0, OPTION_STRING, fsname, "NAME",
                "what df and mount show; default: fleet:NAME"),
        ROW("foreground", 'f', OPTION_FLAG, foreground, NULL,
                "stay in the foreground, log to stderr"),
        ROW("debug", 'd', OPTION_FLAG, debug, NULL,
                "as -f with --log-level debug, and tell every request of the kernel"),
        ROW("log-level", 0, OPTION_STRING, log_level, "LEVEL", "error, warn, info or debug (info)"),
        ROW("log-format", 0, OPTION_STRING, log_format, "FORMAT", "text or json (text)"),
        ROW("log-file", 0, OPTION_PATH, log_file, "FILE",
                "log there and not to stderr; default of a daemon: fleetfs.log in the state folder, with --ro none; at 8 MiB it becomes FILE.1"),
};

static const struct mount_option mount_options[] = {
        { "allow_root", NULL, "let root in, but no other user" },
        { "async", NULL, "undoes sync" },
        { "atime", NULL, "undoes noatime" },
        { "auto_unmount", NULL, "fusermount3 unmounts when the process dies" },
        { "context", "CONTEXT", "SELinux: of all files; without a comma" },
        { "defcontext", "CONTEXT", "SELinux: of files without one" },
        { "dirsync", NULL, "shown by mount; folders are always written at once" },
        { "exec", NULL, "undoes noexec" },
        { "fscontext", "CONTEXT", "SELinux: of the filesystem" },
        { "max_read", "BYTES", "the largest read that the kernel asks for" },
        { "noatime", NULL, "shown by mount; no file has a time of its last reading" },
        { "noexec", NULL, "nothing there can be executed" },
        { "rootcontext", "CONTEXT", "SELinux: of the mountpoint" },
        { "sync", NULL, "shown by mount; files are always written at once" },
};

const struct option_row *options_table(size_t *n)
{
        *n = ARRAY_SIZE(rows);
        return rows;
}

const struct mount_option *options_mount_table(size_t *n)
{
        *n = ARRAY_SIZE(mount_options);
        return mount_options;
}

void options_help(FILE *out)
{
        fputs("usage: fleetfs [OPTION…] MOUNTPOINT\n"
              "       fleetfs FLEET-FILE MOUNTPOINT [-o OPTION,…]       as mount(8) calls it\n\n"
              "Mounts a fleet of Kubernetes clusters as a directory tree. Read MOUNTPOINT/README.txt next.\n\n",
                out);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                char left[64];

                snprintf(left, sizeof(left), "%s--%s%s%s",
                        rows[i].letter ? (char[]){ '-', rows[i].letter, ',', ' ', '\0' } : "    ",
                        rows[i].name, rows[i].value ? " " : "", rows[i].value ? rows[i].value : "");
                fprintf(out, "  %-30s %s\n", left, rows[i].help);
        }
        fputs("  -o OPTION[=VALUE],…            any of the above with _ for -, rw (undoes ro), or one of\n                                ",
                out);
        for (size_t i = 0; i < ARRAY_SIZE(mount_options); i++)
                fprintf(out, "%s%s%s%s", mount_options[i].name, mount_options[i].value ? "=" : "",
                        mount_options[i].value ? mount_options[i].value : "",
                        i + 1 == ARRAY_SIZE(mount_options) ? "\n"
                        : i % 6 == 5                       ? ",\n                                "
                                                           : ", ");
        fputs("  -h, --help                     this text\n"
              "  -V, --version                  versions of fleetfs and libfuse\n\n"
              "Unmount: fusermount3 -u MOUNTPOINT\n"
              "Exit codes: 0 ok, 1 failed, 2 usage, 69 no FUSE, 77 not permitted, 78 configuration\n",
                out);
}

/* ---------------------------------------------------------------- values */

static int option_path(char **to, const char *value, struct err *err)
{
        _cleanup_(freep) char *cwd = NULL;
        char *full;

        if (value[0] == '/') {
                full = strdup(value);
        } else {
                cwd = getcwd(NULL, 0);
                if (cwd == NULL)
                        return err_set(err, -errno, "find the current folder");
                if (asprintf(&full, "%s/%s", cwd, value) < 0)
                        full = NULL;
        }
        if (full == NULL)
                return err_set(err, -ENOMEM, "keep an option");
        free(*to);
        *to = full;
        return 0;
}

static int option_set(
        struct options *o, const struct option_row *row, const char *value, struct err *err)
{
        void *member = (char *)o + row->offset;
        char **text = member;
        int64_t ns;
        int r;

        /* An unset variable of a script: an empty path would be the current folder. */
        if (row->type != OPTION_FLAG && value[0] == '\0')
                return err_set(err, -EINVAL, "--%s: the value is empty", row->name);
        switch (row->type) {
        case OPTION_FLAG:
                *(bool *)member = true;
                return 0;
        case OPTION_PATH:
                return option_path(text, value, err);
        case OPTION_NAME:
                if (!fleetconf_name_ok(value)) {
                        err_set(err, -EINVAL, "--%s: \"%s\" is no name of a namespace", row->name,
                                value);
                        return err_remedy(err, "use at most 63 of a-z, 0-9, \"-\" and \".\", "
                                               "beginning and ending with a letter or digit");
                }
                /* fallthrough */
        case OPTION_STRING:
                free(*text);
                *text = strdup(value);
                return *text != NULL ? 0 : err_set(err, -ENOMEM, "keep an option");
        case OPTION_DURATION:
                r = duration_parse(value, &ns, err);
                if (r < 0)
                        return err_wrap(err, r, "--%s", row->name);
                if (ns < NS_PER_SEC)
                        return err_set(err, -EINVAL, "--%s: at least 1s", row->name);
                *(int64_t *)member = ns / NS_PER_SEC;
                return 0;
        }
        return 0;
}

static bool option_name_is(
        const struct option_row *row, const char *name, size_t len, char separator)
{
        if (strlen(row->name) != len)
                return false;
        for (size_t i = 0; i < len; i++)
                if ((row->name[i] == '-' ? separator : row->name[i]) != name[i])
                        return false;
        return true;
}

static const struct option_row *option_find(const char *name, size_t len, char separator)
{
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                if (option_name_is(&rows[i], name, len, separator))
                        return &rows[i];
        return NULL;
}

/* Options that mount(8) and fstab pass and that mean nothing to a mount helper; nodev, nosuid and
 * default_permissions hold in any case. */
static bool option_of_mount(const char *name, size_t len)
{
        static const char *const names[] = { "user", "nouser", "users", "nofail", "auto", "noauto",
                "_netdev", "dev", "nodev", "suid", "nosuid", "defaults", "default_permissions" };

        if (len > 2 && strncmp(name, "x-", 2) == 0)
                return true;
        for (size_t i = 0; i < ARRAY_SIZE(names); i++)
                if (strlen(names[i]) == len && strncmp(names[i], name, len) == 0)
                        return true;
        return false;
}

static int option_of_list_unknown(const char *name, size_t len, struct err *err)
{
        char word[64], own[ARRAY_SIZE(rows)][64];
        struct spell spell = SPELL_INIT(word);

        snprintf(word, sizeof(word), "%.*s", (int)len, name);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
                snprintf(own[i], sizeof(own[i]), "%s", rows[i].name);
                for (char *p = own[i]; *p != '\0'; p++)
                        *p = *p == '-' ? '_' : *p;
                spell_offer(&spell, own[i]);
        }
        for (size_t i = 0; i < ARRAY_SIZE(mount_options); i++)
                spell_offer(&spell, mount_options[i].name);
        return spell.nearest != NULL
                       ? err_set(err, -EINVAL, "unknown option -o %s: did you mean %s?", word,
                                 spell.nearest)
                       : err_set(err, -EINVAL, "unknown option -o %s", word);
}

/* One that libfuse and the kernel know: added to what they are given. */
static int option_for_mount(
        const char *item, size_t n, size_t name_len, struct buf *fuse, struct err *err)
{
        const struct mount_option *o = NULL;

        for (size_t i = 0; i < ARRAY_SIZE(mount_options) && o == NULL; i++)
                if (strlen(mount_options[i].name) == name_len &&
                        strncmp(mount_options[i].name, item, name_len) == 0)
                        o = &mount_options[i];
        if (o == NULL)
                return option_of_list_unknown(item, name_len, err);
        if ((o->value != NULL) != (name_len < n))
                return err_set(err, -EINVAL, "-o %s %s", o->name,
                        o->value != NULL ? "needs a value" : "takes no value");
        if (fuse->len > 0)
                buf_putc(fuse, ',');
        buf_append(fuse, item, n);
        return 0;
}

static int option_comma_list(struct options *o, const char *list, struct buf *fuse, struct err *err)
{
        while (*list != '\0') {
                size_t n = strcspn(list, ","), k = strcspn(list, ",=");
                const struct option_row *row = option_find(list, k, '_');
                _cleanup_(freep) char *value = k < n ? strndup(list + k + 1, n - k - 1) : NULL;
                int r = 0;

                if (row != NULL) {
                        if ((row->type != OPTION_FLAG) != (value != NULL))
                                return err_set(err, -EINVAL, "-o %.*s %s", (int)k, list,
                                        value != NULL ? "takes no value" : "needs a value");
                        r = option_set(o, row, value, err);
                } else if (n == 2 && strncmp(list, "rw", 2) == 0) {
                        o->read_only = false;
                } else if (!option_of_mount(list, k) && n > 0) {
                        r = option_for_mount(list, n, k, fuse, err);
                }
                if (r < 0)
                        return r;
                list += n + (list[n] == ',');
        }
        return 0;
}

static int option_unknown(const char *name, size_t len, struct err *err)
{
        char word[64];
        struct spell spell = SPELL_INIT(word);

        snprintf(word, sizeof(word), "%.*s", (int)len, name);
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                spell_offer(&spell, rows[i].name);
        return spell.nearest != NULL
                       ? err_set(err, -EINVAL, "unknown option --%s: did you mean --%s?", word,
                                 spell.nearest)
                       : err_set(err, -EINVAL, "unknown option --%s", word);
}

static int option_long(struct options *o, int argc, char *const *argv, int *i, struct err *err)
{
        const char *name = argv[*i] + 2, *eq = strchr(name, '=');
        size_t len = eq != NULL ? (size_t)(eq - name) : strlen(name);
        const struct option_row *row;

        if (strcmp(name, "help") == 0) {
                o->action = OPTIONS_HELP;
                return 0;
        }
        if (strcmp(name, "version") == 0) {
                o->action = OPTIONS_VERSION;
                return 0;
        }
        row = option_find(name, len, '-');
        if (row == NULL)
                return option_unknown(name, len, err);
        if (row->type == OPTION_FLAG)
                return eq != NULL ? err_set(err, -EINVAL, "--%s takes no value", row->name)
                                  : option_set(o, row, NULL, err);
        if (eq == NULL && *i + 1 >= argc)
                return err_set(err, -EINVAL, "--%s needs a value", row->name);
        return option_set(o, row, eq != NULL ? eq + 1 : argv[++*i], err);
}

static int option_letter(struct options *o, char letter, struct err *err)
{
        if (letter == 'h')
                o->action = OPTIONS_HELP;
        if (letter == 'V')
                o->action = OPTIONS_VERSION;
        if (letter == 'h' || letter == 'V')
                return 0;
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                if (rows[i].letter == letter)
                        return option_set(o, &rows[i], NULL, err);
        return err_set(err, -EINVAL, "unknown option -%c", letter);
}

/* Letters, one or several; of -o the rest is the value, or the next argument. */
static int options_short(struct options *o, int argc, char *const *argv, int *i, struct buf *fuse,
        struct err *err)
{
        int r = 0;

        for (const char *a = argv[*i] + 1; *a != '\0' && r == 0; a++) {
                if (*a != 'o') {
                        r = option_letter(o, *a, err);
                        continue;
                }
                if (a[1] == '\0' && *i + 1 >= argc)
                        return err_set(err, -EINVAL, "-o needs a value");
                return option_comma_list(o, a[1] != '\0' ? a + 1 : argv[++*i], fuse, err);
        }
        return r;
}

/* Where to mount, and before it, from mount(8), what: a fleet file, or a word that only stands for
 * one. */
static int options_positional(struct options *o, const char *const *v, size_t n, struct err *err)
{
        int r = 0;

        if (n == 0)
                return err_set(err, -EINVAL, "where to mount is missing");
        for (size_t i = 0; i < n; i++)
                if (v[i][0] == '\0')
                        return err_set(err, -EINVAL, "an argument is empty");
        if (n == 2 && strcmp(v[0], "none") != 0 && strcmp(v[0], "fleetfs") != 0) {
                if (o->fleet_file != NULL)
                        return err_set(
                                err, -EINVAL, "two fleet files: %s and %s", o->fleet_file, v[0]);
                r = option_path(&o->fleet_file, v[0], err);
        }
        return r < 0 ? r : option_path(&o->mountpoint, v[n - 1], err);
}

int options_parse(int argc, char *const *argv, struct options *ret, struct err *err)
{
        _cleanup_(options_done) struct options o = {
                .start_deadline_s = 3600, .relist_s = LIMIT_REFLECTOR_RELIST_MS / 1000
        };
        _cleanup_(buf_done) struct buf fuse = BUF_INIT(LIMIT_TEXT_BYTES);
        const char *positional[2];
        bool options_end = false;
        size_t n = 0;
        int r = 0;

        for (int i = 1; i < argc && r == 0; i++) {
                const char *a = argv[i];

                if (options_end || a[0] != '-' || a[1] == '\0') {
                        if (n == ARRAY_SIZE(positional))
                                return err_set(err, -EINVAL, "too many arguments: %s", a);
                        positional[n++] = a;
                } else if (strcmp(a, "--") == 0) {
                        options_end = true;
                } else if (a[1] == '-') {
                        r = option_long(&o, argc, argv, &i, err);
                } else {
                        r = options_short(&o, argc, argv, &i, &fuse, err);
                }
        }
        if (r == 0 && o.action == OPTIONS_MOUNT)
                r = options_positional(&o, positional, n, err);
        if (r == 0 && fuse.error < 0)
                r = err_set(err, fuse.error, "keep the mount options");
        if (r == 0 && fuse.len > 0)
                r = buf_steal(&fuse, &o.fuse, NULL);
        if (r < 0)
                return r;
        if (o.debug)
                o.foreground = true;
        *ret = o;
        memset(&o, 0, sizeof(o));
        return 0;
}

void options_done(struct options *o)
{
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                if (rows[i].type == OPTION_STRING || rows[i].type == OPTION_NAME ||
                        rows[i].type == OPTION_PATH)
                        free(*(char **)((char *)o + rows[i].offset));
        free(o->mountpoint);
        free(o->fuse);
        memset(o, 0, sizeof(*o));
}

int options_defaults(struct options *o, struct err *err)
{
        const char *xdg = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
        int n = 0;

        if (o->state_dir != NULL)
                return 0;
        if (xdg != NULL && xdg[0] == '/')
                n = asprintf(&o->state_dir, "%s/fleetfs", xdg);
        else if (geteuid() == 0)
                n = asprintf(&o->state_dir, "/var/lib/fleetfs");
        else if (home != NULL && home[0] == '/')
                n = asprintf(&o->state_dir, "%s/.local/state/fleetfs", home);
        else {
                err_set(err, -ENOENT,
                        "no place to keep policies: neither $XDG_STATE_HOME nor $HOME is set");
                return err_remedy(err, "use --state-dir");
        }
        if (n < 0) {
                o->state_dir = NULL;
                return err_set(err, -ENOMEM, "find the state folder");
        }
        return 0;
}
