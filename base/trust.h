/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * trust: whose certificates are believed, parsed once and shared by all connections.
 *
 * Loading the system's bundle for each connection costs 20 ms and most of a megabyte; a certificate
 * store for each connection of a cluster costs half a millisecond.  So one store per CA text, found
 * by its SHA-256, counted by references.  A certificate in the text is a trust anchor whether it is
 * self-signed or not, as in Go.
 *
 * Thread: one set and all that comes from it belong to one thread.
 */

#include <stddef.h>

#include "base/cleanup.h"
#include "base/err.h"

struct trust;
struct trust_set;
struct ssl_ctx_st;

int trust_set_new(struct trust_set **ret);

/* All references must be given back first (asserted). NULL is allowed. */
struct trust_set *trust_set_free(struct trust_set *set);
DEFINE_CLEANUP(struct trust_set *, trust_set_free);

/*
 * A reference to the store of these PEM certificates; NULL means the system's.  Caller gives it
 * back with trust_unref().  -EINVAL: no certificate in it, or one that does not parse (err says
 * which); -EFBIG: more than LIMIT_CREDENTIAL_BYTES; -ENOENT: the system has none; -ENOMEM.
 */
int trust_get(
        struct trust **ret, struct trust_set *set, const char *pem, size_t len, struct err *err);

struct trust *trust_ref(struct trust *t);
struct trust *trust_unref(struct trust *t);
DEFINE_CLEANUP(struct trust *, trust_unref);

/* Makes `ctx` verify against this store. */
void trust_apply(struct trust *t, struct ssl_ctx_st *ctx);

/* The SHA-256 of the PEM text in hex, or "system". Borrowed. */
const char *trust_id(const struct trust *t);

/*
 * Whether a client certificate and its private key can be used: -EINVAL if one does not parse, the
 * key is encrypted, or they do not belong together. Any thread.
 */
int trust_check_identity(const char *cert_pem, const char *key_pem, struct err *err);
