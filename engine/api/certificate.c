/* SPDX-License-Identifier: Apache-2.0 */
/* The certificate a client showed. */
#include "api/server.h"

#include "base/sha256.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>

static void describe(struct fy_peer_certificate *certificate, const gnutls_datum_t *der)
{
    gnutls_x509_crt_t crt = NULL;
    gnutls_datum_t dn = {0};
    fy_sha256_text((const char *)der->data, der->size, certificate->sha256);
    if (gnutls_x509_crt_init(&crt) != GNUTLS_E_SUCCESS)
        return;
    if (gnutls_x509_crt_import(crt, der, GNUTLS_X509_FMT_DER) == GNUTLS_E_SUCCESS &&
        gnutls_x509_crt_get_dn3(crt, &dn, 0) == GNUTLS_E_SUCCESS && dn.size < sizeof certificate->dn) {
        memcpy(certificate->dn, dn.data, dn.size);
        certificate->until_s = gnutls_x509_crt_get_expiration_time(crt);
    } else {
        certificate->good = false;
    }
    gnutls_free(dn.data);
    gnutls_x509_crt_deinit(crt);
}

/* Once a connection: the chain is proven against who may sign clients, with the times in it. */
const struct fy_peer_certificate *fy_peer_certificate_of(struct fy_peer *peer,
                                                         struct MHD_Connection *connection)
{
    struct fy_peer_certificate *certificate = &peer->certificate;
    if (certificate->looked)
        return certificate;
    certificate->looked = true;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    gnutls_session_t session = info != NULL ? info->tls_session : NULL;
    unsigned count = 0;
    unsigned wrong = ~0u;
    const gnutls_datum_t *chain =
        session != NULL && peer->door->clients != NULL ? gnutls_certificate_get_peers(session, &count) : NULL;
    certificate->there = chain != NULL && count > 0;
    if (!certificate->there)
        return certificate;
    certificate->good = gnutls_certificate_verify_peers2(session, &wrong) == GNUTLS_E_SUCCESS && wrong == 0;
    describe(certificate, &chain[0]);
    return certificate;
}
