/* SPDX-License-Identifier: Apache-2.0 */
/* Every workflows/NAME/test.lua. */
#include "base/mem.h"
#include "transcript.h"

#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

int main(void)
{
    struct dirent **found;
    int folders = scandir(SOURCE_DIR "/workflows", &found, NULL, alphasort), failures = 0, all = 0;
    for (int i = 0; i < folders; i++) {
        FY_AUTO(fy_free_ptr) char *path = fy_format("workflows/%s/test.lua", found[i]->d_name);
        FY_AUTO(fy_free_ptr) char *whole = fy_format("%s/%s", SOURCE_DIR, path);
        free(found[i]);
        if (access(whole, R_OK) != 0)
            continue;
        int count = 0;
        failures += transcripts_run(path, &count);
        (void)printf("%s: %d transcripts\n", path, count);
        all += count;
    }
    free(found);
    return failures == 0 && all > 0 ? 0 : 1;
}
