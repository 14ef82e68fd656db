/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schema as numbered migrations (sql/), compiled in. Each is applied once, in order, in a transaction of
 * its own, and its digest is kept, so that an edited migration or a store of a newer ferryd is refused
 * before anything is touched.
 */
#ifndef FY_STORE_MIGRATE_H
#define FY_STORE_MIGRATE_H

#include "base/err.h"

#include <sqlite3.h>
#include <stddef.h>

struct fy_migration {
    int number; /* from 1, without a gap */
    const char *name;
    const char *text;
};

struct fy_migrations {
    const struct fy_migration *list;
    size_t count;
};

extern const struct fy_migrations fy_sqlite_migrations;
extern const struct fy_migrations fy_postgresql_migrations;

/*
 * Bring the database to the last migration. "store" names it in messages. FY_ERR_REFUSED: it is somebody
 * else's database, newer than this ferryd, has a gap, or has a migration whose text was another one.
 */
bool fy_migrate(sqlite3 *db, const struct fy_migrations *migrations, const char *store,
                struct fy_err *err) FY_MUST_CHECK;

#endif
