/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * options: the command line, one row per option. --help, the man page's list and the parser read
 * the same rows. Every option may also be given by -o, as mount(8) does: `-o
 * fleet_file=/etc/fleetfs/prod.yaml`; beside them -o has those of libfuse and the kernel that work
 * here.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

enum options_action { OPTIONS_MOUNT, OPTIONS_HELP, OPTIONS_VERSION };

struct options {
        enum options_action action;
        char *mountpoint; /* absolute */
        char *fleet_file;
        char *kubeconfig;
        char *velero_namespace;
        char *state_dir;
        char *log_file;
        char *log_level;
        char *log_format;
        char *fsname;
        char *fuse; /* mount options for libfuse, comma-separated, as they came; or NULL */
        int64_t start_deadline_s;
        int64_t relist_s;
        bool foreground;
        bool debug;
        bool read_only;
        bool allow_other;
};

enum option_type {
        OPTION_FLAG,
        OPTION_STRING,
        OPTION_NAME, /* of a namespace */
        OPTION_PATH,
        OPTION_DURATION,
};

struct option_row {
        const char *name; /* as --name; as -o with _ for - */
        char letter;      /* 0: none */
        enum option_type type;
        size_t offset;     /* of its member of struct options */
        const char *value; /* what --help calls it; NULL for flags */
        const char *help;
};

/* What -o takes for libfuse and the kernel; all else is refused. */
struct mount_option {
        const char *name;
        const char *value; /* what --help calls it, or NULL */
        const char *help;
};

/* The rows, for what is made of them; *n is their number. Constant. */
const struct option_row *options_table(size_t *n);
const struct mount_option *options_mount_table(size_t *n);

/*
 * Parses; strings of *ret are its own. Relative paths become absolute, later options override
 * earlier ones. -EINVAL with a sentence: usage (exit 2); -ENOMEM. With --help and --version nothing
 * else has to be there.
 */
int options_parse(int argc, char *const *argv, struct options *ret, struct err *err);
void options_done(struct options *o);
/* Fills in what was not given from the environment: state_dir. -ENOENT when there is no place for
 * it. */
int options_defaults(struct options *o, struct err *err);
void options_help(FILE *out);
