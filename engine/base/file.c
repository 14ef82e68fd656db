/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

bool fy_read_file(const char *path, size_t limit, struct fy_buf *ret, struct fy_err *err)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    char piece[16384];
    size_t got = 0;
    if (file == NULL) {
        int why = errno;
        return fy_fail(err, why == ENOENT ? FY_ERR_NOT_FOUND : FY_ERR_INVALID, "could not read %s: %s", path,
                       strerror(why));
    }
    while (ret->length <= limit && (got = fread(piece, 1, sizeof piece, file)) > 0)
        fy_buf_put(ret, piece, got);
    bool broken = ferror(file) != 0;
    int why = errno;
    if (file != stdin)
        (void)fclose(file);
    if (broken)
        return fy_fail(err, FY_ERR_INVALID, "could not read %s: %s", path, strerror(why));
    if (ret->length > limit)
        return fy_fail(err, FY_ERR_INVALID, "%s has more than %zu bytes", path, limit);
    return true;
}

bool fy_read_private_file(const char *path, size_t limit, struct fy_buf *ret, struct fy_err *err)
{
    struct stat found;
    if (stat(path, &found) == 0 && (found.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        (void)fy_fail(err, FY_ERR_REFUSED, "the secret file %s can be read by others (mode %04o)", path,
                      (unsigned)found.st_mode & 07777u);
        return fy_hint(err, "chmod 600 '%s'", path);
    }
    if (!fy_read_file(path, limit, ret, err))
        return false;
    while (ret->length > 0 && strchr("\r\n", ret->data[ret->length - 1]) != NULL)
        ret->data[--ret->length] = '\0';
    return true;
}
