/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * Who asks, and whether the cluster lets them: client certificate, bearer token, basic.
 */
#include <stdbool.h>

#include "tests/sim/api.h"

/*
 * The user of a request: "system:anonymous" without credentials. With credentials that the
 * cluster does not accept it answers 401 and returns NULL.
 */
const char *auth_user(struct cluster *c, struct exchange *x);
/* Anonymous users may see no object: answers 403 and returns false. */
bool auth_allows(struct api_request *r);
/* The same for a path that is no object; /version and the health checks are for everyone. */
bool auth_allows_path(struct exchange *x, const char *user);
/* 403 for @r as RBAC words it. */
void auth_forbid(struct exchange *x, const struct restype *type, const char *ns, const char *name,
        const char *user);
/* Carries out `auth ARGS…` (cert | token T | basic U P | none | as [HEADER…]). Returns 0 or -1. */
int auth_command(struct cluster *c, char **args, size_t n, struct str *why);
