/* SPDX-License-Identifier: Apache-2.0 */
/* The first process of a pod, which holds its namespaces: ends when it is told to, and reaps what is left to it. */
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void on_end(int sig)
{
        (void)sig;
        _exit(EXIT_SUCCESS);
}

static void on_child(int sig)
{
        (void)sig;
        while (waitpid(-1, NULL, WNOHANG) > 0)
                ;
}

int main(void)
{
        const struct sigaction end = { .sa_handler = on_end }, child = { .sa_handler = on_child, .sa_flags = SA_NOCLDSTOP };

        if (sigaction(SIGTERM, &end, NULL) < 0 || sigaction(SIGINT, &end, NULL) < 0 || sigaction(SIGCHLD, &child, NULL) < 0)
                return EXIT_FAILURE;
        for (;;)
                pause();
}
