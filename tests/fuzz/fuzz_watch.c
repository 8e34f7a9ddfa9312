/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a watch, a Status and an object: the same events in whatever pieces they come. */
#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "k8s/status.h"
#include "k8s/watch.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

struct sum {
        size_t events;
        uint64_t hash;
};

static int add(void *arg, enum kube_event event, const char *object, size_t len, struct err *err)
{
        struct sum *sum = arg;
        char version[64];

        (void)err;
        assert(len >= 2 && object[0] == '{' && object[len - 1] == '}');
        sum->events++;
        sum->hash = (sum->hash ^ (uint64_t)event) * 1099511628211U;
        for (size_t i = 0; i < len; i++)
                sum->hash = (sum->hash ^ (unsigned char)object[i]) * 1099511628211U;
        if (kube_object_version(object, len, version, sizeof(version)) == 0)
                assert(version[0] && strlen(version) < sizeof(version));
        return 0;
}

static int feed(const char *bytes, size_t n, size_t piece, struct sum *sum)
{
        struct kube_watch *w = NULL;
        struct err err = ERR_INIT;
        int r = kube_watch_new(&w, 500, add, sum);

        assert(r == 0);
        for (size_t at = 0; at < n && r == 0; at += piece)
                r = kube_watch_feed(w, bytes + at, piece < n - at ? piece : n - at, &err);
        assert(r == 0 || (err.code == r && err.msg[0]));
        kube_watch_free(w);
        return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
        char *copy = malloc(n);
        struct sum whole = { 0 };
        struct kube_status status;
        struct err err = ERR_INIT;
        int r;

        if (n)
                memcpy(copy, bytes, n);
        r = feed(copy, n, n + 1, &whole);
        for (size_t piece = 1; piece <= 65 && piece <= n; piece += 1 + piece * 2) {
                struct sum sum = { 0 };
                int again = feed(copy, n, piece, &sum);

                /* Cut into pieces, a half line that is too long is noticed at its 501st byte, and
                 * not only at its end, which may not come. */
                assert(again == r);
                assert(sum.events == whole.events && sum.hash == whole.hash);
        }
        r = kube_status_parse(&status, copy, n);
        assert(r == 0 || (r == -EBADMSG && !status.reason[0] && !status.message[0]));
        for (long http = 400; http < 420; http++) {
                r = kube_status_err(&err, http, copy, n);
                assert(r < 0 && r != -EAGAIN && err.code == r && err.msg[0]);
        }
        free(copy);
        return 0;
}
