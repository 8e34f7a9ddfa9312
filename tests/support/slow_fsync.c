/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk that takes its time, for LD_PRELOAD: fsync() does not come back while the file $SLOW_FSYNC exists.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <unistd.h>

__attribute__((visibility("default"))) int fsync(int fd)
{
        int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
        const char *path = getenv("SLOW_FSYNC");

        while (path != NULL && access(path, F_OK) == 0)
                (void)usleep(10000);
        return next(fd);
}
