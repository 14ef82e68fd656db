/* SPDX-License-Identifier: Apache-2.0 */
/* The conformance suite: SQLite in memory and in a file, and the store of the simulation. */
#include "tests/unit/store/conformance.h"

#include "base/mem.h"
#include "tests/support/memory_store.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/ferry-store-XXXXXX";
static char path[64];

static struct fy_store *open_at(const char *where)
{
    struct fy_store *store = NULL;
    struct fy_err err = {0};
    if (!fy_store_open_sqlite(where, &store, &err))
        (void)fprintf(stderr, "%s; %s\n", err.message, err.hint);
    return store;
}

static struct fy_store *in_memory(void)
{
    return open_at(":memory:");
}

static void remove_files(void)
{
    static const char *const endings[] = {"", "-wal", "-shm", ".lock"};
    for (size_t i = 0; i < FY_COUNT(endings); i++) {
        char file[96];
        (void)snprintf(file, sizeof file, "%s%s", path, endings[i]);
        (void)unlink(file);
    }
}

static struct fy_store *in_a_file(void)
{
    remove_files();
    return open_at(path);
}

static struct fy_store *reopen(struct fy_store *old)
{
    old->close(old);
    return open_at(path);
}

static struct fy_store *take_over(struct fy_store *old)
{
    old->epoch++;
    return old;
}

int main(void)
{
    if (mkdtemp(folder) == NULL)
        return 1;
    (void)snprintf(path, sizeof path, "%s/ferry.db", folder);
    int failed = conformance_run("SQLite in memory", in_memory, NULL);
    failed += conformance_run("SQLite in a file", in_a_file, reopen);
    failed += conformance_run("the store of the simulation", memory_store_new, take_over);
    remove_files();
    (void)rmdir(folder);
    return failed;
}
