/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Writing objects as the API server does: identity, times, generation, managed fields,
 * finalizers. The API's handlers and the controllers both write through here.
 */
#include <jansson.h>

#include "tests/sim/store.h"

/*
 * Stores a new object; @obj is changed in place, its metadata completed. The caller has made sure
 * that the name is free. Borrowed result.
 */
struct doc *object_create(
        struct table *t, const char *ns, const char *name, json_t *obj, const char *manager);
/*
 * Stores the next version of @d, which was @prev. What only the server may change stays as it was.
 * Where nothing changed nothing is stored. Removes the object when its last finalizer went while it
 * was being deleted. Borrowed result; @d itself where nothing changed; NULL where it was removed.
 */
struct doc *object_update(
        struct table *t, struct doc *d, const json_t *prev, json_t *obj, const char *manager);
/* The two for the outcome of a server-side apply, which has its managed fields already. */
struct doc *object_create_applied(
        struct table *t, const char *ns, const char *name, json_t *obj, json_t *entries);
struct doc *object_applied(struct table *t, struct doc *d, const json_t *prev, json_t *obj);
/* Deletes, or marks as being deleted while finalizers are left. Returns true when it is gone. */
bool object_delete(struct table *t, struct doc *d);

/* For controllers: a parsed copy of @d for changing, then object_modified() with it (both are
 * freed). */
json_t *object_edit(const struct doc *d);
/* Borrowed result, or NULL where the object went meanwhile. */
struct doc *object_modified(
        struct table *t, const char *ns, const char *name, json_t *obj, const char *manager);

/* metadata.* of a tree. */
json_t *object_meta(const json_t *obj);
const char *object_label(const json_t *obj, const char *key);
const char *object_annotation(const json_t *obj, const char *key);
void object_set_label(json_t *obj, const char *key, const char *value);
void object_set_annotation(json_t *obj, const char *key, const char *value);
/* obj.status, made where there is none. */
json_t *object_status(json_t *obj);
