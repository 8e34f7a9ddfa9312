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

struct trust_set {
        struct trust *list; /* as many as there are different CAs in use: tens, rarely hundreds */
};

static inline void bio_freep(BIO **b)
{
        BIO_free(*b);
}

static inline void x509_freep(X509 **c)
{
        X509_free(*c);
}

static inline void key_freep(EVP_PKEY **k)
{
        EVP_PKEY_free(*k);
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
        assert(!set->list);
        free(set);
        return NULL;
}

struct trust *trust_ref(struct trust *t)
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

static int id_of(char id[static ID_SIZE], const char *pem, size_t len)
{
        unsigned char hash[EVP_MAX_MD_SIZE];
        unsigned n = 0;

        if (!EVP_Digest(pem, len, hash, &n, EVP_sha256(), NULL))
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

/* No password prompt: a daemon has no terminal, and libcrypto would open one. */
static int no_password(char *buf, int size, int writing, void *arg)
{
        (void)buf;
        (void)size;
        (void)writing;
        *(bool *)arg = true;
        return -1;
}

int trust_check_identity(const char *cert_pem, const char *key_pem, struct err *err)
{
        _cleanup_(bio_freep) BIO *cert_bio = BIO_new_mem_buf(cert_pem, -1);
        _cleanup_(bio_freep) BIO *key_bio = BIO_new_mem_buf(key_pem, -1);
        _cleanup_(x509_freep) X509 *cert = NULL;
        _cleanup_(key_freep) EVP_PKEY *key = NULL;
        bool encrypted = false;
        int r = 0;

        if (!cert_bio || !key_bio)
                return err_set(err, -ENOMEM, "client certificate: out of memory");
        ERR_clear_error();
        cert = PEM_read_bio_X509(cert_bio, NULL, NULL, NULL);
        if (!cert)
                return err_set(err, -EINVAL, "client certificate: %s", ssl_reason());
        key = PEM_read_bio_PrivateKey(key_bio, NULL, no_password, &encrypted);
        if (!key && encrypted) {
                err_set(err, -EINVAL, "client key: it is encrypted");
                r = err_remedy(err, "store it without a password: openssl pkey -in KEY -out KEY2");
        } else if (!key) {
                r = err_set(err, -EINVAL, "client key: %s", ssl_reason());
        } else if (!X509_check_private_key(cert, key)) {
                err_set(err, -EINVAL, "client key: it does not belong to the client certificate");
                r = err_remedy(err, "give certificate and key of one pair");
        }
        ERR_clear_error();
        return r;
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
                r = id_of(id, pem, len);
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
