/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loaded into the daemon by LD_PRELOAD while its memory is measured: gives what is free back to the
 * kernel on SIGUSR2, so that resident memory is what is in use, not what a first sync once needed.
 */
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>

static void *trim_thread(void *arg)
{
        sigset_t set;
        int sig;

        (void)arg;
        sigemptyset(&set);
        sigaddset(&set, SIGUSR2);
        for (;;)
                if (sigwait(&set, &sig) == 0)
                        (void)malloc_trim(0);
        return NULL;
}

/* Blocked here, before main() makes threads, so in all of them. */
__attribute__((constructor)) static void trim_init(void)
{
        pthread_t thread;
        sigset_t set;

        sigemptyset(&set);
        sigaddset(&set, SIGUSR2);
        pthread_sigmask(SIG_BLOCK, &set, NULL);
        (void)pthread_create(&thread, NULL, trim_thread, NULL);
}
