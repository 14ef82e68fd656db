/* SPDX-License-Identifier: Apache-2.0 */
/* Databases of the private PostgreSQL of a test ($FERRY_TEST_PG, tests/support/postgresql.py). */
#ifndef TESTS_STORE_POSTGRESQL_H
#define TESTS_STORE_POSTGRESQL_H

#include "store/store.h"

bool pg_begin(void); /* the logins; false where there is no PostgreSQL */
/* An empty store, and an engine's view of it. They say what went wrong. */
bool pg_fresh_database(void);
struct fy_store *pg_open_store(void);
const char *pg_address(const char *login); /* of the database made last; good until the next call */

/* Run a statement as a login. What it gave (first column of the first row), or NULL; the words of a refusal.
 */
const char *pg_ask(const char *login, const char *sql, const char **ret_words);

#endif
