/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/*
 * What a result code means to us. Whatever is not here is a fault of ours (misuse, a broken constraint).
 * An I/O error may pass (a path comes back, a disk is enlarged), and nothing of a failed transaction is
 * visible, so it is asked again; a damaged file will not heal.
 */
static const struct meaning {
    int code; /* primary result code */
    enum fy_err_kind kind;
    const char *hint;
} meanings[] = {
    {SQLITE_FULL, FY_ERR_TRANSIENT, "make room on the store's disk; the engine goes on by itself"},
    {SQLITE_IOERR, FY_ERR_TRANSIENT, "look at the disk and the kernel's log; the engine goes on by itself"},
    {SQLITE_CANTOPEN, FY_ERR_TRANSIENT,
     "look at the store's folder: is it there, and may this user write it?"},
    {SQLITE_READONLY, FY_ERR_TRANSIENT, "the store must be writable for this user and its file system"},
    {SQLITE_PERM, FY_ERR_TRANSIENT, "the store must be writable for this user"},
    {SQLITE_BUSY, FY_ERR_TRANSIENT,
     "another program holds the database; end it, the engine goes on by itself"},
    {SQLITE_LOCKED, FY_ERR_TRANSIENT, ""},
    {SQLITE_PROTOCOL, FY_ERR_TRANSIENT, ""},
    {SQLITE_NOMEM, FY_ERR_TRANSIENT, ""},
    {SQLITE_INTERRUPT, FY_ERR_TRANSIENT, ""},
    {SQLITE_CORRUPT, FY_ERR_INTERNAL,
     "the file is damaged: stop ferryd, keep a copy, restore the last backup"},
    {SQLITE_NOTADB, FY_ERR_REFUSED, "give the path of a Ferry store, or of a file that does not exist yet"},
};

static int last_errno(sqlite3 *db, int which)
{
    sqlite3_file *file = NULL;
    int found = 0;
    if (sqlite3_file_control(db, "main", which, &file) == SQLITE_OK && file != NULL && file->pMethods != NULL)
        (void)file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &found);
    return found;
}

/*
 * SQLite calls a file damaged that it could not read (EIO and its like, in its unixRead), and stopping over
 * that would end every run for a disk that is back in a minute. The system's last word on the database and
 * its log tells the two apart; where it is an old one, a damaged store is asked again instead of given up,
 * and nothing acts meanwhile.
 */
static int unreadable(sqlite3 *db)
{
    static const int files[] = {SQLITE_FCNTL_FILE_POINTER, SQLITE_FCNTL_JOURNAL_POINTER};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        int last = last_errno(db, files[i]);
        if (last == EIO || last == ENXIO || last == ERANGE)
            return last;
    }
    return 0;
}

bool fy_sqlite_fail(sqlite3 *db, int rc, struct fy_err *err, const char *format, ...)
{
    char what[512];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(what, sizeof what, format, args);
    va_end(args);

    int cannot_read = db != NULL && (rc & 0xff) == SQLITE_CORRUPT ? unreadable(db) : 0;
    if (cannot_read != 0)
        rc = SQLITE_IOERR;
    struct meaning meaning = {rc, FY_ERR_INTERNAL, ""};
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++)
        if (meanings[i].code == (rc & 0xff))
            meaning = meanings[i];
    int system = cannot_read != 0 ? cannot_read : db != NULL ? sqlite3_system_errno(db) : 0;
    const char *words = cannot_read == 0 && db != NULL ? sqlite3_errmsg(db) : sqlite3_errstr(rc);
    bool disk = (rc & 0xff) == SQLITE_IOERR || (rc & 0xff) == SQLITE_CANTOPEN;
    (void)fy_fail(err, meaning.kind, "%s: %s%s%s", what, words, disk && system != 0 ? ": " : "",
                  disk && system != 0 ? strerror(system) : "");
    return fy_hint(err, "%s", meaning.hint);
}

void fy_sqlite_finalize(sqlite3_stmt **statement)
{
    (void)sqlite3_finalize(*statement);
    *statement = NULL;
}
