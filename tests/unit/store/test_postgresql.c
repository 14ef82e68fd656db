/* SPDX-License-Identifier: Apache-2.0 */
/* The conformance suite on PostgreSQL. tests/support/postgresql.py starts it. */
#include "tests/unit/store/conformance.h"
#include "tests/unit/store/postgresql.h"

#include <stdio.h>

static struct fy_store *reopen(struct fy_store *old)
{
    old->close(old);
    return pg_open_store();
}

static struct fy_store *fresh(void)
{
    return pg_fresh_database() ? pg_open_store() : NULL;
}

int main(void)
{
    return pg_begin() ? conformance_run("PostgreSQL", fresh, reopen) : 1;
}
