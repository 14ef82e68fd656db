/* SPDX-License-Identifier: Apache-2.0 */
/* Every workflows/NAME/test.lua. */
#include "base/mem.h"
#include "script/transcript.h"

#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

int main(void)
{
    struct dirent **found;
    int folders = scandir(SOURCE_DIR "/workflows", &found, NULL, alphasort), failures = 0, all = 0;
    for (int i = 0; i < folders; i++) {
        FY_AUTO(fy_free_ptr) char *folder = fy_format("%s/workflows/%s", SOURCE_DIR, found[i]->d_name);
        FY_AUTO(fy_free_ptr) char *file = fy_format("%s/test.lua", folder);
        free(found[i]);
        if (access(file, R_OK) != 0)
            continue;
        int count = 0, failed = 0;
        struct fy_err err;
        if (!fy_transcripts_run(folder, &count, &failed, &err)) {
            (void)fprintf(stderr, "%s\n", err.message);
            failed++;
        }
        (void)printf("%s: %d transcripts, %d failed\n", file, count, failed);
        failures += failed;
        all += count;
    }
    free(found);
    return failures == 0 && all > 0 ? 0 : 1;
}
