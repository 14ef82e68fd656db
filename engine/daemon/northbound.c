/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/northbound.h"

#include "api/access.h"

#include <unistd.h>

/* No file is nobody: only ferryd's own user and root. */
static bool read_access(struct fy_api *api, const struct fy_options *options, struct fy_err *err)
{
    struct fy_access *found = NULL;
    if (access(options->access, F_OK) == 0 && (found = fy_access_read(options->access, err)) == NULL)
        return false;
    fy_api_access(api, found);
    return true;
}

static struct fy_api_tls tls_of(const struct fy_options *options)
{
    return (struct fy_api_tls){
        .certificate = options->tls_certificate, .key = options->tls_key, .clients = options->tls_clients};
}

bool fy_northbound_open(struct fy_api *api, const struct fy_options *options, struct fy_err *err)
{
    const struct fy_api_tls tls = tls_of(options);
    if (!read_access(api, options, err))
        return false;
    if (options->listen == NULL)
        return true;
    if (!fy_api_listen(api, options->listen, &tls, err))
        return false;
    fy_log(FY_LOG_INFO, "HTTPS at %s", options->listen);
    return true;
}

void fy_northbound_reload(struct fy_api *api, const struct fy_options *options)
{
    const struct fy_api_tls tls = tls_of(options);
    struct fy_err err = {0};
    if (read_access(api, options, &err))
        fy_log(FY_LOG_INFO, "%s read again", options->access);
    else
        fy_log_err(&err, "access stays as it was");
    if (options->listen == NULL)
        return;
    if (fy_api_certificates(api, &tls, &err))
        fy_log(FY_LOG_INFO, "%s read again", options->tls_certificate);
    else
        fy_log_err(&err, "the certificate stays as it was");
}
