/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The watches on a table: from a past version to the present, then every event as it happens.
 */

#include <stdbool.h>

#include "tests/sim/exchange.h"
#include "tests/sim/loop.h"
#include "tests/sim/selector.h"
#include "tests/sim/store.h"

struct watch {
        struct table *table;
        struct watch *next, *prev;
        struct exchange *x;
        char *ns; /* "" for all namespaces */
        struct selector labels, fields;
        bool bookmarks;
        uint64_t sent_rv; /* of the last event or bookmark */
        struct timer timeout, bookmark;
};

struct watch_options {
        const char *ns;
        struct selector labels, fields; /* moved into the watch */
        bool bookmarks;
        bool initial_events; /* sendInitialEvents: current objects, then a marked bookmark */
        bool from_now;       /* resourceVersion "" or "0": current objects come as ADDED */
        uint64_t rv;         /* else: events behind this version */
        unsigned timeout_s;  /* 0: the server's choice */
};

/*
 * Answers @x with a stream of events of @t. The caller has seen that @rv is still kept. The watch
 * lives until its timeout, watch_end_all() or the peer's leaving.
 */
void watch_start(struct table *t, struct exchange *x, struct watch_options *options);
/* Called by the table for each event. */
void watch_dispatch(struct table *t, const struct event *e);
/* Ends the streams cleanly. */
void watch_end_all(struct table *t);
/* Sends `{"type":"ERROR","object":Status 410}` on every watch of @t and ends it. */
void watch_expire_all(struct table *t);
/* Sends the first half of an event's line on every watch of @t and closes the connection. */
void watch_break_all(struct table *t);
