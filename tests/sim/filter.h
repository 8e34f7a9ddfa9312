/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Velero's filters: include and exclude lists of namespaces and resources, and what the server
 * finds wrong with them. The sentences are Velero 1.18's own.
 */
#include <jansson.h>
#include <stdbool.h>

#include "tests/sim/restype.h"

/* Appends a sentence to the array @errors, as validationErrors has them. */
void filter_error(json_t *errors, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The rules of included/excluded lists; each error begins with @what. Returns the errors' number.
 */
size_t filter_validate(
        json_t *errors, const char *what, const json_t *includes, const json_t *excludes);
/* The same with each item a namespace name or a glob. */
size_t filter_validate_namespaces(
        json_t *errors, const char *what, const json_t *includes, const json_t *excludes);
/* The rules of the scoped lists, where excludes may be ["*"]. */
size_t filter_validate_scoped(
        json_t *errors, const char *what, const json_t *includes, const json_t *excludes);

/* `*`, `?`, `[a-z]`. */
bool glob_match(const char *pattern, const char *s);
/* A name against a pair of lists; an empty include list includes everything. */
bool filter_includes(const json_t *includes, const json_t *excludes, const char *name);
/* The same for a resource type, whose names in the lists may be short or singular. */
bool filter_includes_type(
        const json_t *includes, const json_t *excludes, const struct restype *type);
/* True where an item of the list names the type; "*" does not count. */
bool filter_names_type(const json_t *list, const struct restype *type);
/* True where the lists leave nothing out. */
bool filter_everything(const json_t *includes, const json_t *excludes);
bool filter_has(const json_t *list, const char *item);
