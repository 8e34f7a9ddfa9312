/* SPDX-License-Identifier: Apache-2.0 */
#pragma once
/*
 * The keys and certificates of one simulated fleet, made in memory at every start.
 *
 * One CA signs the server certificate (SAN IP:127.0.0.1 and DNS:localhost) and the client
 * certificate of the administrator (O=system:masters, CN=admin). For faults there are a server
 * certificate of another CA and one that expired yesterday.
 */

#include <openssl/ssl.h>
#include <stdbool.h>

enum pki_identity {
        PKI_GOOD,
        PKI_WRONG_CA,
        PKI_EXPIRED,
        PKI_N_IDENTITIES,
};

struct pki {
        char *ca_pem;    /* what clients trust */
        char *admin_pem; /* client certificate */
        char *admin_key_pem;
        SSL_CTX *ctx[PKI_N_IDENTITIES];
};

/*
 * Makes everything; dies where OpenSSL cannot. The contexts ask for a client certificate but let
 * a connection without one, or with an unknown one, come in: who is not known gets a 401 or 403,
 * as from the Kubernetes API server. @http1_only leaves h2 out of ALPN.
 */
void pki_init(struct pki *pki, bool http1_only);
void pki_done(struct pki *pki);
