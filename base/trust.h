/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/*
 * trust: whose certificates are believed, and which one is shown, parsed once and shared by all
 * connections.
 *
 * Loading the system's bundle for each connection costs 20 ms and most of a megabyte; a certificate
 * store for each connection of a cluster costs half a millisecond, and so does a client certificate
 * with its key.  So one store per CA text and one identity per pair of certificate and key, found by
 * their SHA-256, counted by references.  A certificate in the CA text is a trust anchor whether it
 * is self-signed or not, as in Go.
 *
 * Thread: one set and all that comes from it belong to one thread.
 */

#include <stddef.h>

#include "base/cleanup.h"
#include "base/err.h"

struct trust;
struct trust_identity;
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

struct trust *trust_unref(struct trust *t);
DEFINE_CLEANUP(struct trust *, trust_unref);

/* Makes `ctx` verify against this store. */
void trust_apply(struct trust *t, struct ssl_ctx_st *ctx);

/* The SHA-256 of the PEM text in hex, or "system". Borrowed. */
const char *trust_id(const struct trust *t);

/*
 * A reference to the client certificate, with those that lead to its CA, and private key of these
 * PEM texts.  Caller gives it back with trust_identity_unref(); the key is wiped with the last one.
 * -EINVAL: one does not parse, the key is encrypted, or they do not belong together; -EFBIG: more
 * than LIMIT_CREDENTIAL_BYTES; -ENOMEM.
 */
int trust_identity_get(struct trust_identity **ret, struct trust_set *set, const char *cert_pem,
        const char *key_pem, struct err *err);

/* NULL is allowed. */
struct trust_identity *trust_identity_ref(struct trust_identity *i);
struct trust_identity *trust_identity_unref(struct trust_identity *i);
DEFINE_CLEANUP(struct trust_identity *, trust_identity_unref);

/* Makes `ctx` show this certificate. -EINVAL if OpenSSL does not allow it, as for a weak key. */
int trust_identity_apply(struct trust_identity *i, struct ssl_ctx_st *ctx, struct err *err);

/* The SHA-256 of the PEM texts in hex. Borrowed. */
const char *trust_identity_id(const struct trust_identity *i);
