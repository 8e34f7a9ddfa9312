/* SPDX-License-Identifier: Apache-2.0 */
#include "base/trust.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "base/limits.h"

#define ID_SIZE (2 * 32 + 1)

struct trust {
        struct trust_set *set; /* NULL while it is being made */
        unsigned refs;
        char id[ID_SIZE]; /* hex of the SHA-256, or "system" */
        X509_STORE *store;
        struct trust *next;
};

struct trust_identity {
        struct trust_set *set; /* NULL while it is being made */
        unsigned refs;
        char id[ID_SIZE];
        X509 *cert;
        EVP_PKEY *key;
        STACK_OF(X509) *chain;
        struct trust_identity *next;
};

/* As many as there are different ones in use, looked through once for each cluster: tens of CAs,
 * rarely more identities than clusters. */
struct trust_set {
        struct trust *list;
        struct trust_identity *identities;
};

static inline void bio_freep(BIO **b)
{
        BIO_free(*b);
}

static inline void x509_freep(X509 **c)
{
        X509_free(*c);
}

static inline void digest_freep(EVP_MD_CTX **d)
{
        EVP_MD_CTX_free(*d);
}

int trust_set_new(struct trust_set **ret)
{
        *ret = calloc(1, sizeof(**ret));
        return *ret ? 0 : -ENOMEM;
}

struct trust_set *trust_set_free(struct trust_set *set)
{
        if (!set)
                return NULL;
        assert(!set->list && !set->identities);
        free(set);
        return NULL;
}

static struct trust *trust_ref(struct trust *t)
{
        t->refs++;
        return t;
}

struct trust *trust_unref(struct trust *t)
{
        struct trust **p;

        if (!t || --t->refs)
                return NULL;
        if (t->set) {
                for (p = &t->set->list; *p != t; p = &(*p)->next)
                        ;
                *p = t->next;
        }
        X509_STORE_free(t->store);
        free(t);
        return NULL;
}

const char *trust_id(const struct trust *t)
{
        return t->id;
}

void trust_apply(struct trust *t, SSL_CTX *ctx)
{
        SSL_CTX_set1_cert_store(ctx, t->store); /* takes a reference of its own */
}

/* Of one text, or of two with a NUL between them. */
static int id_of(char id[static ID_SIZE], const char *pem, size_t len, const char *more)
{
        _cleanup_(digest_freep) EVP_MD_CTX *digest = EVP_MD_CTX_new();
        unsigned char hash[EVP_MAX_MD_SIZE];
        unsigned n = 0;

        if (!digest || !EVP_DigestInit_ex(digest, EVP_sha256(), NULL) ||
                !EVP_DigestUpdate(digest, pem, len) ||
                (more && (!EVP_DigestUpdate(digest, "", 1) ||
                                 !EVP_DigestUpdate(digest, more, strlen(more)))) ||
                !EVP_DigestFinal_ex(digest, hash, &n))
                return -ENOMEM;
        for (unsigned i = 0; i < n; i++)
                (void)snprintf(id + 2 * (size_t)i, 3, "%02x", hash[i]);
        return 0;
}

/* What OpenSSL has to say about its last error; clears its queue. */
static const char *ssl_reason(void)
{
        const char *reason = ERR_reason_error_string(ERR_peek_last_error());

        ERR_clear_error();
        return reason ? reason : "not readable";
}

/* Whether the reader stopped because nothing more came, which it also reports as an error. */
static bool pem_ended(void)
{
        unsigned long e = ERR_peek_last_error();

        return ERR_GET_LIB(e) == ERR_LIB_PEM && ERR_GET_REASON(e) == PEM_R_NO_START_LINE;
}

static int load_pem(X509_STORE *store, const char *pem, size_t len, struct err *err)
{
        _cleanup_(bio_freep) BIO *bio = BIO_new_mem_buf(pem, (int)len);
        int n = 0;

        if (!bio)
                return err_set(err, -ENOMEM, "certificate authority: out of memory");
        ERR_clear_error();
        for (;;) {
                _cleanup_(x509_freep) X509 *cert = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL);

                if (!cert)
                        break;
                n++;
                /* The same certificate twice is no error. */
                if (!X509_STORE_add_cert(store, cert))
                        return err_set(err, -ENOMEM, "certificate authority: certificate %d: %s", n,
                                ssl_reason());
        }
        if (!pem_ended()) {
                err_set(err, -EINVAL, "certificate authority: certificate %d: %s", n + 1,
                        ssl_reason());
                return err_remedy(err, "give the whole certificate, from BEGIN to END");
        }
        ERR_clear_error();
        if (n == 0) {
                err_set(err, -EINVAL, "certificate authority: no certificate in it");
                return err_remedy(err, "give PEM text with a CERTIFICATE block");
        }
        return 0;
}

static int load_system(X509_STORE *store, struct err *err)
{
        ERR_clear_error();
        if (!X509_STORE_set_default_paths(store))
                return err_set(err, -ENOENT, "system certificates: %s", ssl_reason());
        ERR_clear_error();
        return 0;
}

static int trust_new(
        struct trust **ret, const char *id, const char *pem, size_t len, struct err *err)
{
        _cleanup_(trust_unrefp) struct trust *t = calloc(1, sizeof(*t));
        int r;

        if (!t)
                return err_set(err, -ENOMEM, "certificate authority: out of memory");
        t->refs = 1;
        memcpy(t->id, id, ID_SIZE);
        t->store = X509_STORE_new();
        if (!t->store)
                return err_set(err, -ENOMEM, "certificate authority: out of memory");
        /* A certificate given to us is an anchor, also when a CA signed it. */
        X509_STORE_set_flags(t->store, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST);
        r = pem ? load_pem(t->store, pem, len, err) : load_system(t->store, err);
        if (r < 0)
                return r;
        *ret = TAKE(t);
        return 0;
}

int trust_get(
        struct trust **ret, struct trust_set *set, const char *pem, size_t len, struct err *err)
{
        char id[ID_SIZE] = "system";
        struct trust *t;
        int r = 0;

        if (pem && len > LIMIT_CREDENTIAL_BYTES)
                return err_set(err, -EFBIG, "certificate authority: more than %u bytes",
                        LIMIT_CREDENTIAL_BYTES);
        if (pem)
                r = id_of(id, pem, len, NULL);
        if (r < 0)
                return err_set(err, r, "certificate authority: out of memory");
        for (t = set->list; t; t = t->next) {
                if (strcmp(t->id, id) == 0) {
                        *ret = trust_ref(t);
                        return 0;
                }
        }
        r = trust_new(&t, id, pem, len, err);
        if (r < 0)
                return r;
        t->set = set;
        t->next = set->list;
        set->list = t;
        *ret = t;
        return 0;
}

/* --- client certificates --- */

struct trust_identity *trust_identity_ref(struct trust_identity *i)
{
        if (i)
                i->refs++;
        return i;
}

struct trust_identity *trust_identity_unref(struct trust_identity *i)
{
        struct trust_identity **p;

        if (!i || --i->refs)
                return NULL;
        if (i->set) {
                for (p = &i->set->identities; *p != i; p = &(*p)->next)
                        ;
                *p = i->next;
        }
        X509_free(i->cert);
        EVP_PKEY_free(i->key); /* wipes it */
        sk_X509_pop_free(i->chain, X509_free);
        free(i);
        return NULL;
}

const char *trust_identity_id(const struct trust_identity *i)
{
        return i->id;
}

int trust_identity_apply(struct trust_identity *i, SSL_CTX *ctx, struct err *err)
{
        ERR_clear_error();
        /* Takes references of its own. */
        if (SSL_CTX_use_cert_and_key(ctx, i->cert, i->key, i->chain, 1) == 1)
                return 0;
        return err_set(err, -EINVAL, "client certificate: %s", ssl_reason());
}

static int load_chain(struct trust_identity *i, BIO *bio, struct err *err)
{
        X509 *cert;

        i->chain = sk_X509_new_null();
        if (!i->chain)
                return err_set(err, -ENOMEM, "client certificate: out of memory");
        while ((cert = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
                if (!sk_X509_push(i->chain, cert)) {
                        X509_free(cert);
                        return err_set(err, -ENOMEM, "client certificate: out of memory");
                }
        }
        if (!pem_ended())
                return err_set(err, -EINVAL, "client certificate: certificate %d: %s",
                        sk_X509_num(i->chain) + 2, ssl_reason());
        ERR_clear_error();
        return 0;
}

/* No password prompt: a daemon has no terminal, and libcrypto would open one. */
static int no_password(char *buf, int size, int writing, void *arg)
{
        (void)buf;
        (void)size;
        (void)writing;
        *(bool *)arg = true;
        return -1;
}

static int load_key(struct trust_identity *i, const char *pem, struct err *err)
{
        _cleanup_(bio_freep) BIO *bio = BIO_new_mem_buf(pem, -1);
        bool encrypted = false;

        if (!bio)
                return err_set(err, -ENOMEM, "client certificate: out of memory");
        ERR_clear_error();
        i->key = PEM_read_bio_PrivateKey(bio, NULL, no_password, &encrypted);
        if (!i->key && encrypted) {
                err_set(err, -EINVAL, "client key: it is encrypted");
                return err_remedy(
                        err, "store it without a password: openssl pkey -in KEY -out KEY2");
        }
        return i->key ? 0 : err_set(err, -EINVAL, "client key: %s", ssl_reason());
}

static int trust_identity_new(struct trust_identity **ret, const char *id, const char *cert_pem,
        const char *key_pem, struct err *err)
{
        _cleanup_(trust_identity_unrefp) struct trust_identity *i = calloc(1, sizeof(*i));
        _cleanup_(bio_freep) BIO *bio = BIO_new_mem_buf(cert_pem, -1);
        int r;

        if (!i || !bio)
                return err_set(err, -ENOMEM, "client certificate: out of memory");
        i->refs = 1;
        memcpy(i->id, id, ID_SIZE);
        ERR_clear_error();
        i->cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        if (!i->cert)
                return err_set(err, -EINVAL, "client certificate: %s", ssl_reason());
        r = load_chain(i, bio, err);
        if (r == 0)
                r = load_key(i, key_pem, err);
        if (r == 0 && !X509_check_private_key(i->cert, i->key)) {
                err_set(err, -EINVAL, "client key: it does not belong to the client certificate");
                r = err_remedy(err, "give certificate and key of one pair");
        }
        ERR_clear_error();
        if (r == 0)
                *ret = TAKE(i);
        return r;
}

int trust_identity_get(struct trust_identity **ret, struct trust_set *set, const char *cert_pem,
        const char *key_pem, struct err *err)
{
        char id[ID_SIZE];
        struct trust_identity *i;
        int r;

        if (strlen(cert_pem) > LIMIT_CREDENTIAL_BYTES || strlen(key_pem) > LIMIT_CREDENTIAL_BYTES)
                return err_set(err, -EFBIG, "client certificate: more than %u bytes",
                        LIMIT_CREDENTIAL_BYTES);
        r = id_of(id, cert_pem, strlen(cert_pem), key_pem);
        if (r < 0)
                return err_set(err, r, "client certificate: out of memory");
        for (i = set->identities; i; i = i->next) {
                if (strcmp(i->id, id) == 0) {
                        *ret = trust_identity_ref(i);
                        return 0;
                }
        }
        r = trust_identity_new(&i, id, cert_pem, key_pem, err);
        if (r < 0)
                return r;
        i->set = set;
        i->next = set->identities;
        set->identities = i;
        *ret = i;
        return 0;
}
