/* SPDX-License-Identifier: Apache-2.0 */
/* A folder into which files of measurements are delivered, and what was read of each. */
#ifndef KPI_PMFILES_FILES_H
#define KPI_PMFILES_FILES_H

#include "pmfiles/rows.h"

#define PM_FILES_MAX 20000

/* One file that was seen. It is read again when it has changed: it was not whole, or was delivered anew. */
struct pm_file {
    char *name;
    int64_t size, changed_ns;
    bool here, good;
    struct pm_rows rows;
};

struct pm_folder {
    struct pm_file *files;
    size_t count, next; /* next: where the one that follows the last found is; folders keep their order */
    uint64_t asked;     /* digest of what the rows were read for */
    char broken[200];   /* the last file that could not be read, and why; "": none */
};

/*
 * Bring it up to date: new files and changed ones are read, at most for budget_ms of machine time, files that
 * are gone are forgotten. Names that begin with a dot or do not end with .xml are passed over. False, and
 * why, if the folder itself cannot be read.
 */
bool pm_folder_look(struct pm_folder *folder, const char *path, const struct pm_reader *reader,
                    int64_t since_ns, int64_t budget_ms, char *why, size_t why_size);
void pm_folder_done(struct pm_folder *folder);

/*
 * Fill a table. A figure of the same object and period counts once: the one of the file that changed last.
 * False, and why, if periods of the files are not those of the table, or if memory ran out.
 */
bool pm_folder_fill(const struct pm_folder *folder, struct kpi_table *table, char *why, size_t why_size);

#endif
