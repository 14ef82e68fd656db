/* SPDX-License-Identifier: Apache-2.0 */
/* Where the database is. What a person must not see in a log is not accepted in an address. */
#include "base/mem.h"
#include "store/pg.h"

#include <string.h>

static const char *value_of(const PQconninfoOption *options, const char *keyword)
{
    for (; options->keyword != NULL; options++)
        if (strcmp(options->keyword, keyword) == 0)
            return options->val != NULL && options->val[0] != '\0' ? options->val : NULL;
    return NULL;
}

static bool refuse_secret(const PQconninfoOption *options, struct fy_err *err)
{
    static const char *const secrets[] = {"password", "sslpassword"};
    for (size_t i = 0; i < FY_COUNT(secrets); i++)
        if (value_of(options, secrets[i]) != NULL) {
            (void)fy_fail(err, FY_ERR_REFUSED,
                          "the address of the store has a %s in it, which any log and \"ps\" would show",
                          secrets[i]);
            return fy_hint(err,
                           "put it into a file of mode 0600: passfile=FILE in the address, ~/.pgpass, or the "
                           "systemd credential \"pgpass\"");
        }
    return true;
}

static char *title_of(const PQconninfoOption *options)
{
    const char *service = value_of(options, "service");
    const char *host = value_of(options, "host");
    const char *name = value_of(options, "dbname");
    if (service != NULL)
        return fy_format("PostgreSQL store of the service %s", service);
    return fy_format("PostgreSQL store %s on %s", name != NULL ? name : "(of the user's name)",
                     host != NULL ? host : "this machine");
}

bool fy_pg_check_address(const char *address, char **ret_title, struct fy_err *err)
{
    char *words = NULL;
    PQconninfoOption *options = PQconninfoParse(address, &words);
    if (options == NULL) {
        /* libpq quotes what it did not understand, which may be a password */
        PQfreemem(words);
        (void)fy_fail(err, FY_ERR_INVALID, "the address of the store is not one that libpq understands");
        return fy_hint(err, "postgresql://USER@HOST/DATABASE, service=NAME, or host=... dbname=... user=...");
    }
    bool good = refuse_secret(options, err);
    if (good)
        *ret_title = title_of(options);
    PQconninfoFree(options);
    return good;
}
