/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Files of a test's folder, and texts that name it.
 */
#include <sys/stat.h>

#include "base/buf.h"
#include "tests/support/test.h"

/* Writes dir/name and makes the folders on the way. */
static inline void test_write_file(const char *dir, const char *name, const char *text)
{
        char path[512];
        FILE *f;

        (void)snprintf(path, sizeof(path), "%s/%s", dir, name);
        for (char *slash = path + strlen(dir) + 1; (slash = strchr(slash, '/')); slash++) {
                *slash = '\0';
                (void)mkdir(path, 0700);
                *slash = '/';
        }
        f = fopen(path, "w");
        assert_non_null(f);
        assert_true(fputs(text, f) >= 0);
        assert_int_equal(fclose(f), 0);
}

/* Appends the text with DIR for the folder, so that expectations are constant; dir may be NULL. */
static inline void test_put_without_dir(struct buf *out, const char *text, const char *dir)
{
        const char *hit;

        for (; dir && (hit = strstr(text, dir)); text = hit + strlen(dir))
                (void)buf_printf(out, "%.*sDIR", (int)(hit - text), text);
        (void)buf_puts(out, text);
}
