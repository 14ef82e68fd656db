/* SPDX-License-Identifier: Apache-2.0 */
/* Feeds each file of the folders named on the command line to a fuzz target, with any compiler. */
#include "base/buf.h"
#include "base/mem.h"

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void replay_file(const char *path)
{
    FY_AUTO(fy_buf_free) struct fy_buf bytes = {0};
    char part[4096];
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    for (size_t got = fread(part, 1, sizeof part, file); got > 0; got = fread(part, 1, sizeof part, file))
        fy_buf_put(&bytes, part, got);
    (void)fclose(file);
    printf("%s\n", path);
    (void)fflush(stdout); /* names the culprit of a crash */
    (void)LLVMFuzzerTestOneInput((const uint8_t *)(bytes.data != NULL ? bytes.data : ""), bytes.length);
}

static int replay_folder(const char *folder)
{
    int files = 0;
    DIR *dir = opendir(folder);
    if (dir == NULL) {
        perror(folder);
        exit(EXIT_FAILURE);
    }
    for (const struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        if (entry->d_name[0] == '.')
            continue;
        FY_AUTO(fy_free_ptr) char *path = fy_format("%s/%s", folder, entry->d_name);
        replay_file(path);
        files++;
    }
    (void)closedir(dir);
    return files;
}

int main(int count, char **arguments)
{
    int files = 0;
    for (int i = 1; i < count; i++)
        files += replay_folder(arguments[i]);
    printf("%d inputs\n", files);
    return files > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
