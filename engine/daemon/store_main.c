/* SPDX-License-Identifier: Apache-2.0 */
/* ferry-store: what is done to a store while no ferryd needs to run. "ferry store ..." hands its words to it.
 */
#include "base/json.h"
#include "base/mem.h"
#include "daemon/store_copy.h"
#include "fleet/fleet.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char usage[] =
    "usage: ferry store migrate ADDRESS\n"
    "       ferry store copy DIR ADDRESS\n"
    "       ferry store retire ADDRESS YYYY-MM\n"
    "\n"
    "  migrate   bring the PostgreSQL store at ADDRESS to the schema of this Ferry, as its owner\n"
    "  copy      copy the SQLite store in DIR, which no ferryd uses, into the one at ADDRESS, as an engine's "
    "login\n"
    "  retire    take the records of runs that were accepted before that month and are over, as its owner\n"
    "\n"
    "ADDRESS: postgresql://USER@HOST/NAME, service=NAME or host=... dbname=... user=..., without a password\n"
    "(docs/postgresql.md).\n";

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

/* The lock of the SQLite store is held all the time: no ferryd can begin on it meanwhile. */
static bool copy_between(struct fy_store *from, struct fy_store *to, struct fy_err *err)
{
    struct fy_copied counts = {0};
    if (!fy_store_copy(from, to, &counts, err) || !fy_store_leave_postgresql(to, from->epoch, err))
        return false;
    (void)printf(
        "%llu runs, %llu records and %llu texts copied; every chain was verified as it lies there now\n",
        (unsigned long long)counts.runs, (unsigned long long)counts.records,
        (unsigned long long)counts.texts);
    return true;
}

/* As one engine among many: it fences nobody but an earlier try of its own. */
static bool join(void *context, uint64_t *ret_epoch, struct fy_err *err)
{
    struct fy_fleet *fleet = NULL;
    if (!fy_fleet_join(context, &fleet, err))
        return false;
    *ret_epoch = fy_fleet_epoch(fleet);
    fy_fleet_free(fleet);
    return true;
}

static bool copy(int argc, char **argv, struct fy_err *err)
{
    if (argc != 2)
        return fy_fail(err, FY_ERR_INVALID,
                       "copy wants the directory of an SQLite store and the address of a PostgreSQL store");
    struct fy_store *from = NULL;
    struct fy_store *to = NULL;
    FY_AUTO(fy_free_ptr) char *path = fy_format("%s/ferry.db", argv[0]);
    if (access(path, R_OK) != 0)
        return fy_fail_errno(err, "there is no SQLite store in %s", argv[0]);
    if (!fy_store_open_sqlite(path, &from, err))
        return false;
    struct fy_fleet_options engine = {.conninfo = argv[1], .name = "ferry store copy", .home = argv[0]};
    const struct fy_pg_options options = {.address = argv[1], .join = join, .context = &engine};
    bool good = fy_store_open_postgresql(&options, &to, err);
    if (good) {
        good = copy_between(from, to, err);
        to->close(to);
    }
    from->close(from);
    if (good)
        (void)printf("put \"database = %s\" (with the login of the engine) into %s/ferryd.conf; ferry.db is "
                     "not used after that\n",
                     argv[1], argv[0]);
    return good;
}

static void tell_month(void *context, const char *month, uint64_t runs, uint64_t records)
{
    *(int *)context += 1;
    (void)printf("%s: %llu run%s, %llu records taken\n", month, (unsigned long long)runs,
                 runs == 1 ? "" : "s", (unsigned long long)records);
}

static bool retire(int argc, char **argv, struct fy_err *err)
{
    int count = 0;
    if (argc != 2)
        return fy_fail(err, FY_ERR_INVALID,
                       "retire wants the address of a PostgreSQL store and a month, as 2026-11");
    if (!fy_store_retire_postgresql(argv[0], argv[1], tell_month, &count, err))
        return false;
    if (count == 0)
        (void)printf("nothing to do: there are no records of months before %s\n", argv[1]);
    return true;
}

static const struct {
    const char *name;
    bool (*run)(int argc, char **argv, struct fy_err *err);
} commands[] = {{"migrate", migrate}, {"copy", copy}, {"retire", retire}};

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
