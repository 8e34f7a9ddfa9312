/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What velero/cron.h makes of each line of standard input, for cron.bats to compare with the
 * library:
 *
 *      <seconds> TAB <expression>
 *
 * gives on standard output "refused", or the next three times as seconds, 0 for none. The first
 * time is not 0.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "velero/cron.h"

#define TIMES 3

int main(void)
{
        char line[1024];
        size_t number = 0;

        while (fgets(line, sizeof(line), stdin)) {
                struct err err = ERR_INIT;
                struct cron cron;
                char *text;
                int64_t t;
                int r;

                number++;
                errno = 0;
                t = strtoll(line, &text, 10);
                if (errno != 0 || *text != '\t' || line[strlen(line) - 1] != '\n') {
                        fprintf(stderr, "line %zu: not <seconds> TAB <expression>\n", number);
                        return 2;
                }
                text++;
                text[strlen(text) - 1] = '\0';
                r = cron_parse(text, &cron, &err);
                if (r < 0 && r != -EINVAL) {
                        fprintf(stderr, "line %zu: %s\n", number, err.msg);
                        return 1;
                }
                if (r < 0) {
                        puts("refused");
                        continue;
                }
                for (size_t i = 0; i < TIMES; i++) {
                        t = t != 0 ? cron_next(&cron, t) : 0;
                        printf("%" PRId64 "%c", t, i + 1 < TIMES ? ' ' : '\n');
                }
        }
        return ferror(stdin) || fflush(stdout) != 0 ? 1 : 0;
}
