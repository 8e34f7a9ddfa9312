/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The Kubernetes API: from a request's path to the handler that answers it.
 *
 * router.c finds the cluster, who asks and what is asked for; the handlers answer. A handler
 * always answers, or keeps the exchange (a watch).
 */
#include "tests/sim/cluster.h"
#include "tests/sim/exchange.h"
#include "tests/sim/status.h"

/* A request on objects: /api/v1/… or /apis/group/version/… */
struct api_request {
        struct cluster *cluster;
        struct exchange *x;
        const struct restype *type;
        struct table *table;
        const char *ns;          /* "" for cluster-scoped types and for all namespaces */
        const char *name;        /* "" for the collection */
        const char *subresource; /* "" without */
        const char *user;
};

/* Before the first request: whose clusters are served. */
void router_init(struct sim *sim);

void api_get(struct api_request *r);
void api_list(struct api_request *r);
void api_watch(struct api_request *r);
void api_create(struct api_request *r);
void api_update(struct api_request *r);
void api_patch(struct api_request *r);
void api_delete(struct api_request *r);
void api_delete_collection(struct api_request *r);

/* /version, /api, /apis, …, /healthz. Returns false where the path is none of these. */
bool discovery_serve(struct cluster *c, struct exchange *x);

/* The serialized object as the answer. */
void api_reply_doc(struct exchange *x, int code, const struct doc *d);
/* Compresses the body when the client wants that and it is worth while, then answers. */
void api_reply_json(struct exchange *x, int code, struct str *body);
/* 404 for an object. */
void api_not_found(struct api_request *r);
/* The manager to record for a write: ?fieldManager=, else the first part of the user agent. */
char *api_manager(const struct api_request *r);
/* Parses the request's body (JSON, or YAML's JSON subset). On failure answers and returns NULL. */
json_t *api_body(struct api_request *r);
/*
 * Judges @obj, which is about to be stored, as the server's decoder and schemas would. On
 * failure answers and returns -1; may drop unknown fields from @obj.
 */
int api_validate(struct api_request *r, json_t *obj);
/* 409 where @obj names another resourceVersion than @d has. Returns 0, or -1 after answering. */
int api_conflict(struct api_request *r, const struct doc *d, const json_t *obj);
/* Stores @obj as the next version of @d (parsed: @prev) and answers. */
void api_commit(
        struct api_request *r, struct doc *d, const json_t *prev, json_t *obj, const char *manager);
/* Identity and metadata of what is to be applied. Returns 0, or -1 after answering. */
int api_apply_check(struct api_request *r, json_t *config);
/* Stores the outcome of a server-side apply, @d NULL: as a new object, and answers. */
void api_commit_applied(struct api_request *r, struct doc *d, const json_t *live, json_t *merged);
