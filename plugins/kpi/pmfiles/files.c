/* SPDX-License-Identifier: Apache-2.0 */
#include "pmfiles/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int64_t machine_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- what was asked: rows are numbers of its cells and sides ----------------------------------------------
 */

static uint64_t mix(uint64_t from, const char *text)
{
    for (; text != NULL && *text != '\0'; text++)
        from = (from ^ (unsigned char)*text) * UINT64_C(1099511628211);
    return (from ^ '|') * UINT64_C(1099511628211);
}

static uint64_t digest_of(const struct kpi_ask *ask)
{
    uint64_t digest = mix(UINT64_C(14695981039346656037), ask->versions[0]);
    digest = mix(digest, ask->versions[1]);
    for (size_t i = 0; i < ask->cell_count; i++)
        digest = mix(mix(digest, ask->cells[i].counter), ask->cells[i].cause);
    return digest;
}

/* ---- the folder -------------------------------------------------------------------------------------- */

static void drop(struct pm_folder *folder, size_t index)
{
    free(folder->files[index].name);
    pm_rows_free(&folder->files[index].rows);
    folder->files[index] = folder->files[--folder->count];
}

void pm_folder_done(struct pm_folder *folder)
{
    while (folder->count > 0)
        drop(folder, folder->count - 1);
    free(folder->files);
    *folder = (struct pm_folder){0};
}

static struct pm_file *find(struct pm_folder *folder, const char *name)
{
    for (size_t i = 0; i < folder->count; i++) {
        size_t at = (folder->next + i) % folder->count;
        if (strcmp(folder->files[at].name, name) != 0)
            continue;
        folder->next = at + 1;
        return &folder->files[at];
    }
    return NULL;
}

static struct pm_file *know(struct pm_folder *folder, const char *name)
{
    struct pm_file *known = find(folder, name);
    if (known == NULL && folder->count == PM_FILES_MAX)
        (void)snprintf(folder->broken, sizeof folder->broken,
                       "%.80s: there are more than %d files; move old ones away", name, PM_FILES_MAX);
    if (known != NULL || folder->count == PM_FILES_MAX)
        return known;
    struct pm_file *more = realloc(folder->files, (folder->count + 1) * sizeof *more);
    char *own = more != NULL ? strdup(name) : NULL;
    if (more != NULL)
        folder->files = more;
    if (own == NULL)
        return NULL;
    more[folder->count] = (struct pm_file){.name = own, .size = -1};
    return &more[folder->count++];
}

static char *read_bytes(int fd, size_t size)
{
    char *bytes = malloc(size > 0 ? size : 1);
    size_t got = 0;
    while (bytes != NULL && got < size) {
        ssize_t now = read(fd, bytes + got, size - got);
        if (now <= 0 && errno != EINTR)
            break;
        got += now > 0 ? (size_t)now : 0;
    }
    if (got == size)
        return bytes;
    free(bytes);
    return NULL;
}

static void read_file(struct pm_folder *folder, struct pm_file *file, int fd, const struct pm_reader *reader)
{
    char why[160] = "it could not be read";
    char *bytes = file->size <= (int64_t)PM_FILE_MAX ? read_bytes(fd, (size_t)file->size) : NULL;
    if (file->size > (int64_t)PM_FILE_MAX)
        (void)snprintf(why, sizeof why, "it is larger than 32 MiB");
    pm_rows_free(&file->rows);
    file->good =
        bytes != NULL && pm_parse_apart(reader, bytes, (size_t)file->size, &file->rows, why, sizeof why);
    if (!file->good)
        (void)snprintf(folder->broken, sizeof folder->broken, "%.80s: %.110s", file->name, why);
    free(bytes);
}

static void visit(struct pm_folder *folder, int directory, const char *name, const struct pm_reader *reader,
                  int64_t since_ns, bool may_read)
{
    struct stat now;
    int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return;
    if (fstat(fd, &now) == 0 && S_ISREG(now.st_mode)) {
        int64_t changed = (int64_t)now.st_mtim.tv_sec * 1000000000 + now.st_mtim.tv_nsec;
        struct pm_file *file = changed >= since_ns ? know(folder, name) : NULL;
        if (file != NULL)
            file->here = true;
        if (file != NULL && may_read && (file->size != now.st_size || file->changed_ns != changed)) {
            file->size = now.st_size;
            file->changed_ns = changed;
            read_file(folder, file, fd, reader);
        }
    }
    (void)close(fd);
}

static bool is_delivered(const char *name)
{
    size_t length = strlen(name);
    return name[0] != '.' && length > 4 && strcmp(name + length - 4, ".xml") == 0;
}

bool pm_folder_look(struct pm_folder *folder, const char *path, const struct pm_reader *reader,
                    int64_t since_ns, int64_t budget_ms, char *why, size_t why_size)
{
    uint64_t asked = digest_of(reader->ask);
    int64_t until = machine_ms() + budget_ms;
    if (asked != folder->asked)
        pm_folder_done(folder);
    folder->asked = asked;
    folder->broken[0] = '\0';
    DIR *directory = opendir(path);
    if (directory == NULL) {
        (void)snprintf(why, why_size, "%.200s: %s", path, strerror(errno));
        return false;
    }
    for (size_t i = 0; i < folder->count; i++)
        folder->files[i].here = false;
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;)
        if (is_delivered(entry->d_name))
            visit(folder, dirfd(directory), entry->d_name, reader, since_ns, machine_ms() < until);
    (void)closedir(directory);
    for (size_t i = folder->count; i-- > 0;)
        if (!folder->files[i].here)
            drop(folder, i);
    return true;
}

/* ---- the table --------------------------------------------------------------------------------------- */

struct figure {
    const struct pm_row *row;
    int64_t changed_ns;
    const char *name;
};

/* By object and period; of repetitions the latest file first. */
static int by_object(const void *a, const void *b)
{
    const struct figure *left = a, *right = b;
    if (left->row->object != right->row->object)
        return left->row->object < right->row->object ? -1 : 1;
    if (left->row->end_ms != right->row->end_ms)
        return left->row->end_ms < right->row->end_ms ? -1 : 1;
    if (left->changed_ns != right->changed_ns)
        return left->changed_ns > right->changed_ns ? -1 : 1;
    return strcmp(right->name, left->name);
}

static size_t gather(const struct pm_folder *folder, const struct kpi_table *table, struct figure *figures)
{
    size_t used = 0;
    for (size_t i = 0; i < folder->count; i++)
        for (size_t k = 0; k < folder->files[i].rows.count; k++)
            if (kpi_table_tick(table, folder->files[i].rows.rows[k].end_ms) != KPI_NONE) {
                if (figures != NULL)
                    figures[used] = (struct figure){&folder->files[i].rows.rows[k],
                                                    folder->files[i].changed_ns, folder->files[i].name};
                used++;
            }
    return used;
}

static void put(struct kpi_table *table, const struct pm_row *row)
{
    size_t tick = kpi_table_tick(table, row->end_ms);
    table->counted[tick] = true;
    if (row->cell < 0)
        table->users[tick][row->side][-1 - row->cell] += row->value;
    else
        kpi_table_add(table, tick, row->side, (size_t)row->cell, row->value);
}

static bool fits(const struct kpi_table *table, const struct pm_row *row, char *why, size_t why_size)
{
    int64_t period = table->ask->period_ms;
    if (row->duration_ms == period && row->end_ms % period == 0)
        return true;
    (void)snprintf(why, why_size,
                   "the files count in periods of %lld s that end %lld s after a multiple of %lld s",
                   (long long)(row->duration_ms / 1000), (long long)(row->end_ms % period / 1000),
                   (long long)(period / 1000));
    return false;
}

bool pm_folder_fill(const struct pm_folder *folder, struct kpi_table *table, char *why, size_t why_size)
{
    size_t count = gather(folder, table, NULL);
    struct figure *figures = calloc(count + 1, sizeof *figures);
    bool good = figures != NULL;
    if (!good)
        (void)snprintf(why, why_size, "out of memory");
    else
        (void)gather(folder, table, figures);
    if (good)
        qsort(figures, count, sizeof *figures, by_object);
    for (size_t i = 0; good && i < count; i++) {
        const struct pm_row *row = figures[i].row;
        bool repeated =
            i > 0 && figures[i - 1].row->object == row->object && figures[i - 1].row->end_ms == row->end_ms;
        good = fits(table, row, why, why_size);
        if (good && !repeated)
            put(table, row);
    }
    free(figures);
    return good;
}
