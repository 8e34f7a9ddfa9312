/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "tests/sim/contract.h"
#include "tests/sim/control.h"
#include "tests/sim/loop.h"
#include "tests/sim/sim.h"

static void usage(FILE *out)
{
        fputs("usage: fleetfs-sim up DIR [options]     a simulated fleet, in the foreground\n"
              "       fleetfs-sim ctl DIR CLUSTER VERB ARGS…     CLUSTER may be `all`\n"
              "\n"
              "  --clusters N             how many (3): eu-1 us-1 ap-1 c4 c5 …\n"
              "  --away NAME              this cluster is listed and cannot be reached; may be "
              "repeated\n"
              "  --backups-per-cluster M  each has M Completed backups already (0)\n"
              "  --one-port               clusters by path on one port; always so with more "
              "than 64\n"
              "  --speed X                Velero's delays are divided by X (1)\n"
              "  --http1                  offer no HTTP/2\n"
              "  --bare                   Velero is not installed; `ctl … fault off no-velero` "
              "installs it\n"
              "  --auth KIND              what the kubeconfig carries: cert, token or basic "
              "(cert)\n"
              "\n"
              "verbs: fault auth requests objects put delete velero hold release restart-velero "
              "load bucket stats\n",
                out);
}

static _Noreturn void usage_error(const char *sentence, const char *about)
{
        fprintf(stderr, "fleetfs-sim: %s%s%s%s\n\n", sentence, *about ? ", not \"" : "", about,
                *about ? "\"" : "");
        usage(stderr);
        exit(2);
}

static unsigned number(const char *option, const char *s, unsigned max)
{
        char *end;
        unsigned long n = strtoul(s, &end, 10);

        if (!*s || *end || *s == '-' || n > max) {
                fprintf(stderr, "fleetfs-sim: %s takes a number up to %u, not \"%s\"\n", option,
                        max, s);
                exit(2);
        }
        return (unsigned)n;
}

enum {
        OPT_CLUSTERS = 256,
        OPT_AWAY,
        OPT_BACKUPS,
        OPT_ONE_PORT,
        OPT_SPEED,
        OPT_HTTP1,
        OPT_BARE,
        OPT_AUTH,
        OPT_HELP
};

static void parse_options(struct sim_options *o, int argc, char **argv)
{
        static const struct option rows[] = {
                { "clusters", required_argument, NULL, OPT_CLUSTERS },
                { "away", required_argument, NULL, OPT_AWAY },
                { "backups-per-cluster", required_argument, NULL, OPT_BACKUPS },
                { "one-port", no_argument, NULL, OPT_ONE_PORT },
                { "speed", required_argument, NULL, OPT_SPEED },
                { "http1", no_argument, NULL, OPT_HTTP1 },
                { "bare", no_argument, NULL, OPT_BARE },
                { "auth", required_argument, NULL, OPT_AUTH },
                { "help", no_argument, NULL, OPT_HELP },
                { 0 },
        };
        int opt;

        while ((opt = getopt_long(argc, argv, "", rows, NULL)) != -1) {
                switch (opt) {
                case OPT_CLUSTERS:
                        o->n_clusters = number("--clusters", optarg, SIM_MAX_CLUSTERS);
                        break;
                case OPT_AWAY:
                        o->away = mem_realloc(o->away, (o->n_away + 1) * sizeof *o->away);
                        o->away[o->n_away++] = optarg;
                        break;
                case OPT_BACKUPS:
                        o->backups_per_cluster = number("--backups-per-cluster", optarg, 99999);
                        break;
                case OPT_ONE_PORT:
                        o->one_port = true;
                        break;
                case OPT_SPEED:
                        o->speed = strtod(optarg, NULL);
                        if (o->speed < 0.001 || o->speed > 1e6)
                                usage_error("--speed takes a factor from 0.001 to 1000000", optarg);
                        break;
                case OPT_HTTP1:
                        o->http1 = true;
                        break;
                case OPT_BARE:
                        o->bare = true;
                        break;
                case OPT_AUTH:
                        o->auth = optarg;
                        if (strcmp(optarg, "cert") != 0 && strcmp(optarg, "token") != 0 &&
                                strcmp(optarg, "basic") != 0)
                                usage_error("--auth takes cert, token or basic", optarg);
                        break;
                case OPT_HELP:
                        usage(stdout);
                        exit(0);
                default:
                        usage(stderr);
                        exit(2);
                }
        }
}

static void on_signal(struct io *io, uint32_t events)
{
        loop_stop();
}

/* SIGINT and SIGTERM end the loop. */
static void catch_signals(struct io *io)
{
        sigset_t set;

        sigemptyset(&set);
        sigaddset(&set, SIGINT);
        sigaddset(&set, SIGTERM);
        sigprocmask(SIG_BLOCK, &set, NULL);
        signal(SIGPIPE, SIG_IGN);
        io->fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
        io->on_ready = on_signal;
        io_want(io, EPOLLIN);
}

static void raise_limits(void)
{
        struct rlimit files;

        if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
                files.rlim_cur = files.rlim_max;
                setrlimit(RLIMIT_NOFILE, &files);
        }
}

static int up(int argc, char **argv)
{
        struct sim_options options = { .n_clusters = 3, .speed = 1, .auth = "cert" };
        struct io signals = { 0 };
        struct sim sim = { 0 };

        parse_options(&options, argc, argv);
        if (optind != argc - 1)
                usage_error(optind < argc ? "up takes one folder" : "up takes a folder", "");
        if (mkdir(argv[optind], 0700) < 0 && errno != EEXIST)
                die("%s: %s", argv[optind], strerror(errno));
        options.dir = realpath(argv[optind], NULL);
        if (!options.dir)
                die("%s: %s", argv[optind], strerror(errno));
        control_claim(options.dir);
        raise_limits();
        srandom((unsigned)getpid());
        loop_init();
        catch_signals(&signals);
        restype_init();
        sim_start(&sim, &options);
        control_open(&sim);
        contract_write(&sim);
        puts("ready");
        fflush(stdout);
        loop_run();
        contract_remove(&sim);
        control_close();
        sim_stop(&sim);
        restype_done();
        io_want(&signals, 0);
        close(signals.fd);
        loop_done();
        free(options.away);
        free((char *)options.dir);
        return 0;
}

int main(int argc, char **argv)
{
        if (argc >= 2 && strcmp(argv[1], "up") == 0)
                return up(argc - 1, argv + 1);
        if (argc >= 5 && strcmp(argv[1], "ctl") == 0)
                return control_client(argv[2], argv + 3, (size_t)argc - 3);
        if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
                usage(stdout);
                return 0;
        }
        usage_error("expected `up DIR` or `ctl DIR CLUSTER VERB ARGS…`", argc < 2 ? "" : argv[1]);
}
