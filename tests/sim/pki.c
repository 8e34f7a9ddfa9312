/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/pki.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "tests/sim/mem.h"

#define DAY (24 * 3600L)

/* What goes into one certificate. Without an issuer it signs itself. */
struct cert_spec {
        const char *org;
        const char *cn;
        const char *usage;     /* extendedKeyUsage; NULL for a CA */
        const char *alt_names; /* NULL: none */
        long from_s, until_s;  /* relative to now */
};

static const struct cert_spec spec_ca = { "fleetfs-sim", "fleetfs-sim CA", NULL, NULL, -DAY,
        3650 * DAY };
static const struct cert_spec spec_other_ca = { "fleetfs-sim", "another CA", NULL, NULL, -DAY,
        3650 * DAY };
static const struct cert_spec spec_server = { "fleetfs-sim", "kube-apiserver", "serverAuth",
        "IP:127.0.0.1,DNS:localhost", -DAY, 3650 * DAY };
static const struct cert_spec spec_expired = { "fleetfs-sim", "kube-apiserver", "serverAuth",
        "IP:127.0.0.1,DNS:localhost", -30 * DAY, -DAY };
static const struct cert_spec spec_admin = { "system:masters", "admin", "clientAuth", NULL, -DAY,
        3650 * DAY };

static void pki_die(const char *what)
{
        die("%s: %s", what, ERR_error_string(ERR_get_error(), NULL));
}

static void cert_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
        X509V3_CTX ctx;
        X509_EXTENSION *ext;

        X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
        ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
        if (!ext || !X509_add_ext(cert, ext, -1))
                pki_die("certificate extension");
        X509_EXTENSION_free(ext);
}

static X509 *cert_new(
        const struct cert_spec *spec, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key)
{
        X509 *cert = X509_new();
        X509_NAME *name;
        uint64_t serial = 0;

        if (!cert || RAND_bytes((unsigned char *)&serial, sizeof serial) != 1)
                pki_die("certificate");
        X509_set_version(cert, 2);
        ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), serial >> 1);
        X509_gmtime_adj(X509_getm_notBefore(cert), spec->from_s);
        X509_gmtime_adj(X509_getm_notAfter(cert), spec->until_s);
        X509_set_pubkey(cert, key);
        name = X509_get_subject_name(cert);
        X509_NAME_add_entry_by_txt(
                name, "O", MBSTRING_UTF8, (const unsigned char *)spec->org, -1, -1, 0);
        X509_NAME_add_entry_by_txt(
                name, "CN", MBSTRING_UTF8, (const unsigned char *)spec->cn, -1, -1, 0);
        if (!issuer) {
                issuer = cert;
                issuer_key = key;
        }
        X509_set_issuer_name(cert, X509_get_subject_name(issuer));
        cert_extension(cert, issuer, NID_subject_key_identifier, "hash");
        if (spec->usage) {
                cert_extension(cert, issuer, NID_basic_constraints, "critical,CA:FALSE");
                cert_extension(
                        cert, issuer, NID_key_usage, "critical,digitalSignature,keyEncipherment");
                cert_extension(cert, issuer, NID_ext_key_usage, spec->usage);
                cert_extension(cert, issuer, NID_authority_key_identifier, "keyid");
        } else {
                cert_extension(cert, issuer, NID_basic_constraints, "critical,CA:TRUE");
                cert_extension(cert, issuer, NID_key_usage, "critical,keyCertSign,cRLSign");
        }
        if (spec->alt_names)
                cert_extension(cert, issuer, NID_subject_alt_name, spec->alt_names);
        if (!X509_sign(cert, issuer_key, EVP_sha256()))
                pki_die("sign certificate");
        return cert;
}

static EVP_PKEY *key_new(void)
{
        EVP_PKEY *key = EVP_EC_gen("P-256");

        if (!key)
                pki_die("make key");
        return key;
}

static char *bio_text(BIO *bio)
{
        char *data = NULL;
        long n = BIO_get_mem_data(bio, &data);
        char *text = mem_strndup(data, (size_t)n);

        BIO_free(bio);
        return text;
}

static char *cert_pem(X509 *cert)
{
        BIO *bio = BIO_new(BIO_s_mem());

        if (!bio || !PEM_write_bio_X509(bio, cert))
                pki_die("write certificate");
        return bio_text(bio);
}

static char *key_pem(EVP_PKEY *key)
{
        BIO *bio = BIO_new(BIO_s_mem());

        if (!bio || !PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL))
                pki_die("write key");
        return bio_text(bio);
}

static int alpn_select(SSL *ssl, const unsigned char **out, unsigned char *outlen,
        const unsigned char *in, unsigned int inlen, void *arg)
{
        static const unsigned char both[] = "\x02h2\x08http/1.1";
        bool http1_only = arg != NULL;
        const unsigned char *ours = both + (http1_only ? 3 : 0);
        unsigned int n = (unsigned int)sizeof both - 1 - (http1_only ? 3 : 0);

        if (SSL_select_next_proto((unsigned char **)out, outlen, ours, n, in, inlen) !=
                OPENSSL_NPN_NEGOTIATED)
                return SSL_TLSEXT_ERR_NOACK;
        return SSL_TLSEXT_ERR_OK;
}

/* Lets every client certificate in; who it belongs to is judged per request. */
static int verify_later(int ok, X509_STORE_CTX *ctx)
{
        return 1;
}

static SSL_CTX *context_new(X509 *cert, EVP_PKEY *key, X509 *client_ca, bool http1_only)
{
        static const unsigned char session_id[] = "fleetfs-sim";
        SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

        if (!ctx || SSL_CTX_use_certificate(ctx, cert) != 1 ||
                SSL_CTX_use_PrivateKey(ctx, key) != 1)
                pki_die("TLS context");
        SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
        SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
        SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
        SSL_CTX_set_session_id_context(ctx, session_id, sizeof session_id - 1);
        SSL_CTX_set_alpn_select_cb(ctx, alpn_select, http1_only ? ctx : NULL);
        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, verify_later);
        X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), client_ca);
        SSL_CTX_add_client_CA(ctx, client_ca);
        return ctx;
}

void pki_init(struct pki *pki, bool http1_only)
{
        EVP_PKEY *ca_key = key_new(), *other_key = key_new(), *server_key = key_new(),
                 *admin_key = key_new();
        X509 *ca = cert_new(&spec_ca, ca_key, NULL, NULL);
        X509 *other = cert_new(&spec_other_ca, other_key, NULL, NULL);
        X509 *server[PKI_N_IDENTITIES] = {
                [PKI_GOOD] = cert_new(&spec_server, server_key, ca, ca_key),
                [PKI_WRONG_CA] = cert_new(&spec_server, server_key, other, other_key),
                [PKI_EXPIRED] = cert_new(&spec_expired, server_key, ca, ca_key),
        };
        X509 *admin = cert_new(&spec_admin, admin_key, ca, ca_key);

        pki->ca_pem = cert_pem(ca);
        pki->admin_pem = cert_pem(admin);
        pki->admin_key_pem = key_pem(admin_key);
        for (int i = 0; i < PKI_N_IDENTITIES; i++) {
                pki->ctx[i] = context_new(server[i], server_key, ca, http1_only);
                X509_free(server[i]);
        }
        X509_free(ca);
        X509_free(other);
        X509_free(admin);
        EVP_PKEY_free(ca_key);
        EVP_PKEY_free(other_key);
        EVP_PKEY_free(server_key);
        EVP_PKEY_free(admin_key);
}

void pki_done(struct pki *pki)
{
        free(pki->ca_pem);
        free(pki->admin_pem);
        free(pki->admin_key_pem);
        for (int i = 0; i < PKI_N_IDENTITIES; i++)
                SSL_CTX_free(pki->ctx[i]);
        *pki = (struct pki){ 0 };
}
