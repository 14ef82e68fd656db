/* SPDX-License-Identifier: Apache-2.0 */
/* ferry-store: what is done to a store while no ferryd needs to run. "ferry store ..." hands its words to it.
 */
#include "base/json.h"
#include "base/mem.h"
#include "daemon/options.h"
#include "store/store.h"

#include <stdio.h>
#include <string.h>

static const char usage[] =
    "usage: ferry-store migrate ADDRESS\n"
    "\n"
    "  migrate   bring the PostgreSQL store at ADDRESS to the schema of this Ferry, as its owner\n"
    "\n"
    "ADDRESS: postgresql://USER@HOST/NAME, service=NAME or host=... dbname=... user=..., without a "
    "password.\n";

static void tell(void *context, int number, const char *name)
{
    *(int *)context += 1;
    (void)printf("migration %d (%s) applied\n", number, name);
}

static bool migrate(int argc, char **argv, struct fy_err *err)
{
    int count = 0;
    if (argc != 1)
        return fy_fail(err, FY_ERR_INVALID, "migrate wants the address of a PostgreSQL store");
    if (!fy_store_migrate_postgresql(argv[0], tell, &count, err))
        return false;
    if (count == 0)
        (void)printf("nothing to do: the schema is that of this Ferry\n");
    return true;
}

static const struct {
    const char *name;
    bool (*run)(int argc, char **argv, struct fy_err *err);
} commands[] = {{"migrate", migrate}};

int main(int argc, char **argv)
{
    struct fy_err err = {0};
    fy_json_init();
    for (size_t i = 0; argc > 1 && i < FY_COUNT(commands); i++) {
        if (strcmp(argv[1], commands[i].name) != 0)
            continue;
        if (commands[i].run(argc - 2, argv + 2, &err))
            return 0;
        (void)fprintf(stderr, "ferry store %s: %s\n", argv[1], err.message);
        if (err.hint[0] != '\0')
            (void)fprintf(stderr, "  %s\n", err.hint);
        return err.kind == FY_ERR_INVALID ? 2 : 1;
    }
    (void)fputs(usage, argc > 1 && strcmp(argv[1], "--help") == 0 ? stdout : stderr);
    return argc > 1 && strcmp(argv[1], "--help") == 0 ? 0 : 2;
}
