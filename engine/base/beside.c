/* SPDX-License-Identifier: Apache-2.0 */
#include "base/beside.h"

#include "base/mem.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#define FOLDERS_UP 4

/* Cut the last component off; false when only the root is left. */
static bool go_up(char *path)
{
    char *slash = strrchr(path, '/');
    if (slash == NULL || slash == path)
        return false;
    *slash = '\0';
    return true;
}

char *fy_find_beside(const char *const *candidates)
{
    char folder[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", folder, sizeof folder - 1);
    if (length <= 0)
        return NULL;
    folder[length] = '\0';
    for (int up = 0; up <= FOLDERS_UP && go_up(folder); up++)
        for (const char *const *candidate = candidates; *candidate != NULL; candidate++) {
            char *path = fy_format("%s/%s", folder, *candidate);
            if (access(path, R_OK) == 0)
                return path;
            free(path);
        }
    return NULL;
}
