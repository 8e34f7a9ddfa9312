/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/sim/loop.h"

#define CONTROL_MAX_REQUEST ((size_t)64 * 1024 * 1024)
#define CONTROL_MAX_ARGS    64

static struct {
        struct sim *sim;
        struct io io;
} control;

/* A client while it sends, and while it is answered. */
struct caller {
        struct io io;
        struct str in, out;
        size_t sent;
};

static void control_address(struct sockaddr_un *addr, const char *dir)
{
        *addr = (struct sockaddr_un){ .sun_family = AF_UNIX };
        if (strlen(dir) + sizeof "/control" > sizeof addr->sun_path)
                die("%s: the path is too long for a socket in it", dir);
        strcpy(addr->sun_path, dir);
        strcat(addr->sun_path, "/control");
}

static void caller_free(void *arg)
{
        struct caller *c = arg;

        str_done(&c->in);
        str_done(&c->out);
        free(c);
}

static void caller_close(struct caller *c)
{
        io_want(&c->io, 0);
        close(c->io.fd);
        loop_defer(caller_free, c);
}

static void caller_send(struct caller *c)
{
        while (c->sent < c->out.len) {
                ssize_t n = send(c->io.fd, c->out.s + c->sent, c->out.len - c->sent, MSG_NOSIGNAL);

                if (n < 0 && errno == EAGAIN) {
                        io_want(&c->io, EPOLLOUT);
                        return;
                }
                if (n <= 0)
                        break;
                c->sent += (size_t)n;
        }
        caller_close(c);
}

/* One cluster, or all of them with an object of results. */
static json_t *control_run(char **args, size_t n, const json_t *input, struct str *why)
{
        struct cluster *c = n > 1 ? sim_cluster(control.sim, args[0]) : NULL;
        json_t *results;

        if (n < 2) {
                str_puts(why, "expected CLUSTER VERB ARGS…");
                return NULL;
        }
        if (c)
                return command_run(control.sim, c, args + 1, n - 1, input, why);
        if (strcmp(args[0], "all") != 0) {
                str_printf(why, "there is no cluster \"%s\"", args[0]);
                return NULL;
        }
        results = json_object();
        for (c = control.sim->clusters; c; c = c->hh.next) {
                json_t *one = command_run(control.sim, c, args + 1, n - 1, input, why);

                if (!one) {
                        json_decref(results);
                        return NULL;
                }
                json_object_set_new(results, c->name, one);
        }
        return results;
}

static void caller_answer(struct caller *c)
{
        json_t *request = json_loadb(c->in.s ? c->in.s : "", c->in.len, 0, NULL), *result = NULL,
               *answer, *v;
        char *args[CONTROL_MAX_ARGS];
        struct str why = { 0 };
        size_t i, n = 0;
        char *text;

        json_array_foreach (json_object_get(request, "args"), i, v)
                if (n < CONTROL_MAX_ARGS && json_is_string(v))
                        args[n++] = (char *)json_string_value(v);
        result = control_run(args, n, json_object_get(request, "stdin"), &why);
        answer = result ? json_pack("{s:b, s:o}", "ok", 1, "result", result)
                        : json_pack("{s:b, s:s}", "ok", 0, "error", why.s ? why.s : "");
        text = json_dumps(answer, JSON_COMPACT);
        str_puts(&c->out, text);
        free(text);
        json_decref(answer);
        json_decref(request);
        str_done(&why);
        caller_send(c);
}

static void caller_ready(struct io *io, uint32_t events)
{
        struct caller *c = container_of(io, struct caller, io);
        char bytes[16384];
        ssize_t n;

        if (c->out.len) {
                caller_send(c);
                return;
        }
        n = recv(io->fd, bytes, sizeof bytes, 0);
        if (n > 0 && c->in.len + (size_t)n <= CONTROL_MAX_REQUEST)
                str_add(&c->in, bytes, (size_t)n);
        else if (n == 0)
                caller_answer(c);
        else if (n > 0 || errno != EAGAIN)
                caller_close(c);
}

static void control_ready(struct io *io, uint32_t events)
{
        int fd = accept4(io->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        struct caller *c;

        if (fd < 0)
                return;
        c = mem_zalloc(sizeof *c);
        c->io.fd = fd;
        c->io.on_ready = caller_ready;
        io_want(&c->io, EPOLLIN);
}

void control_claim(const char *dir)
{
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct sockaddr_un addr;

        control_address(&addr, dir);
        if (fd >= 0 && connect(fd, (struct sockaddr *)&addr, sizeof addr) == 0)
                die("%s: a simulator runs there already", dir);
        if (fd >= 0)
                close(fd);
}

void control_open(struct sim *sim)
{
        struct sockaddr_un addr;
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

        control_address(&addr, sim->options.dir);
        unlink(addr.sun_path);
        if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof addr) < 0 || listen(fd, 64) < 0)
                die("%s: %s", addr.sun_path, strerror(errno));
        control.sim = sim;
        control.io.fd = fd;
        control.io.on_ready = control_ready;
        io_want(&control.io, EPOLLIN);
}

void control_close(void)
{
        io_want(&control.io, 0);
        close(control.io.fd);
}

/* ---- the client ---- */

static void read_all(int fd, struct str *out)
{
        char bytes[16384];
        ssize_t n;

        while ((n = read(fd, bytes, sizeof bytes)) > 0)
                str_add(out, bytes, (size_t)n);
        if (n < 0)
                die("read: %s", strerror(errno));
}

static json_t *client_request(char **args, size_t n)
{
        json_t *list = json_array(), *request = json_object();
        bool reads = false;

        for (size_t i = 0; i < n; i++) {
                json_array_append_new(list, json_string(args[i]));
                reads |= i == 1 && strcmp(args[i], "put") == 0;
        }
        json_object_set_new(request, "args", list);
        if (reads) {
                struct str in = { 0 };
                json_error_t error;
                json_t *input;

                read_all(STDIN_FILENO, &in);
                input = json_loadb(in.s ? in.s : "", in.len, 0, &error);
                if (!input)
                        die("standard input is no JSON: line %d: %s", error.line, error.text);
                json_object_set_new(request, "stdin", input);
                str_done(&in);
        }
        return request;
}

static json_t *client_call(const char *dir, const char *text)
{
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        size_t left = strlen(text);
        struct sockaddr_un addr;
        struct str in = { 0 };
        json_t *answer;

        control_address(&addr, dir);
        if (fd < 0 || connect(fd, (struct sockaddr *)&addr, sizeof addr) < 0)
                die("%s: %s", addr.sun_path, strerror(errno));
        while (left) {
                ssize_t n = send(fd, text, left, MSG_NOSIGNAL);

                if (n < 0)
                        die("%s: %s", addr.sun_path, strerror(errno));
                text += n;
                left -= (size_t)n;
        }
        shutdown(fd, SHUT_WR);
        read_all(fd, &in);
        close(fd);
        answer = json_loadb(in.s ? in.s : "", in.len, 0, NULL);
        if (!answer)
                die("%s: the answer is no JSON", addr.sun_path);
        str_done(&in);
        return answer;
}

int control_client(const char *dir, char **args, size_t n)
{
        json_t *request = client_request(args, n), *answer, *result;
        char *text = json_dumps(request, JSON_COMPACT);
        bool ok;

        answer = client_call(dir, text);
        free(text);
        json_decref(request);
        ok = json_is_true(json_object_get(answer, "ok"));
        result = json_object_get(answer, "result");
        /* What was done needs no words; what was asked for has an answer. */
        if (ok && !json_is_true(result)) {
                json_dumpf(result, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY | JSON_SORT_KEYS);
                putchar('\n');
        } else if (!ok) {
                fprintf(stderr, "fleetfs-sim: %s\n",
                        json_string_value(json_object_get(answer, "error")));
        }
        json_decref(answer);
        return ok ? 0 : 1;
}
