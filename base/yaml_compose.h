/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Private to base/yaml.c, base/yaml_events.c and base/yaml_compose.c: the bytes of a stream on their way to nodes. yaml.c reads
 * documents, yaml_events.c has libyaml's events and says in our words what it refuses, yaml_compose.c makes nodes of them.
 */
#include <stddef.h>
#include <yaml.h>

#include "base/err.h"
#include "base/limits.h"
#include "base/yaml.h"

struct yaml_anchor {
        const char *name;
        const struct yaml_node *node; /* NULL while its content is being read */
};

struct yaml_composer {
        yaml_parser_t parser;
        const char *bytes; /* the input without its byte order mark */
        size_t len;
        const struct yaml_options *options;
        struct yaml_docs *docs;
        struct yaml_anchor anchors[LIMIT_YAML_ALIASES]; /* of the current document */
        size_t n_anchors;
        size_t n_nodes, n_aliases, alias_cost;
};

/* ---------------------------------------------------------------- base/yaml_events.c */

/* Sets err with the place of the mark. Returns code. */
int yaml_refuse_at(struct err *err, int code, yaml_mark_t mark, const char *id, const char *fmt, ...)
        __attribute__((format(printf, 5, 6)));
/* The place of a byte of the input; what lies behind its end counts as the end. */
yaml_mark_t yaml_mark_of_offset(const struct yaml_composer *c, size_t offset);
/* The caller deletes the event. -EINVAL: what libyaml refuses; -ENOMEM. */
int yaml_next_event(struct yaml_composer *c, yaml_event_t *event, struct err *err);

/* ---------------------------------------------------------------- base/yaml_compose.c */

/* The node that begins with the event, at this depth, with all that is in it. It is the documents' arena's. -EINVAL, -EFBIG,
   -ENOMEM. */
int yaml_compose_node(struct yaml_composer *c, const yaml_event_t *event, unsigned depth,
        const struct yaml_node **ret, struct err *err);
