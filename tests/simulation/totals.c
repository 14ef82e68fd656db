/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/simulation/totals.h"

#include "tests/simulation/seen.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *name(int64_t point)
{
    return seen_name(SEEN_POINT, (size_t)point);
}

static int64_t number(const char *text)
{
    for (int64_t point = 0; point < FY_POINT_COUNT; point++)
        if (strcmp(name(point), text) == 0)
            return point;
    return -1;
}

/* ---- reading --------------------------------------------------------------------------------------------
 */

static bool read_build(const char *build, const char *path, const struct totals *totals, struct fy_err *err)
{
    if (strcmp(build, totals->build) == 0)
        return true;
    fy_fail(err, FY_ERR_REFUSED, "%s has the totals of build %s, and this is build %s", path, build,
            totals->build);
    return fy_hint(err, "give another file: what another build did proves nothing about this one");
}

static bool read_line(const char *line, struct totals *totals)
{
    struct chain_counts *counts = totals->counts;
    char first[64], second[64];
    int64_t order, a, b;
    // NOLINTBEGIN(cert-err34-c): numbers that this program has written itself
    if (sscanf(line, "played %" SCNd64 " violations %" SCNd64, &a, &b) == 2) {
        totals->played = a;
        totals->violations = b;
        return true;
    }
    if (sscanf(line, "pair %63s %63s %" SCNd64 " %" SCNd64, first, second, &a, &b) == 4 &&
        number(first) >= 0 && number(second) >= 0) {
        atomic_store(&counts->samples[number(first)][number(second)], a);
        atomic_store(&counts->ended[number(first)][number(second)], b);
        return true;
    }
    if (sscanf(line, "rest %" SCNd64 " %63s %" SCNd64, &order, first, &a) == 3 && number(first) >= 0 &&
        order >= 0 && order < CHAIN_ORDERS) {
        atomic_store(&counts->rests[order][number(first)], a);
        return true;
    }
    if (sscanf(line, "passed %" SCNd64 " %63s %63s", &order, first, second) == 3 && number(first) >= 0 &&
        number(second) >= 0 && order >= 0 && order < CHAIN_ORDERS) {
        atomic_store(&counts->passed[order][number(first)][number(second)], true);
        atomic_store(&counts->met[order][number(second)], true);
        return true;
    }
    // NOLINTEND(cert-err34-c)
    return false;
}

static bool read_lines(FILE *file, const char *path, struct totals *totals, struct fy_err *err)
{
    char line[256], build[128];
    int lines = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        bool good =
            sscanf(line, "build %127s", build) == 1 ? lines == 0 : lines > 0 && read_line(line, totals);
        if (!good)
            return fy_fail(err, FY_ERR_INVALID, "line %d of %s is not of a file of totals: %.60s", lines + 1,
                           path, line);
        if (lines++ == 0 && !read_build(build, path, totals, err))
            return false;
    }
    return true;
}

bool totals_read(const char *path, struct totals *totals, struct fy_err *err)
{
    FILE *file = fopen(path, "re");
    if (file == NULL && errno == ENOENT)
        return true;
    if (file == NULL)
        return fy_fail(err, FY_ERR_INVALID, "cannot read %s: %s", path, strerror(errno));
    bool ok = read_lines(file, path, totals, err);
    (void)fclose(file);
    return ok;
}

/* ---- writing --------------------------------------------------------------------------------------------
 */

static void write_orders(FILE *file, const struct chain_counts *counts)
{
    for (int order = 0; order < CHAIN_ORDERS; order++)
        for (int64_t first = 0; first < FY_POINT_COUNT; first++) {
            int64_t rests = atomic_load(&counts->rests[order][first]);
            if (rests > 0)
                (void)fprintf(file, "rest %d %s %" PRId64 "\n", order, name(first), rests);
            for (int64_t second = 0; second < FY_POINT_COUNT; second++)
                if (atomic_load(&counts->passed[order][first][second]))
                    (void)fprintf(file, "passed %d %s %s\n", order, name(first), name(second));
        }
}

static void write_pairs(FILE *file, const struct chain_counts *counts)
{
    for (int64_t first = 0; first < FY_POINT_COUNT; first++)
        for (int64_t second = 0; second < FY_POINT_COUNT; second++) {
            int64_t samples = atomic_load(&counts->samples[first][second]);
            if (samples > 0)
                (void)fprintf(file, "pair %s %s %" PRId64 " %" PRId64 "\n", name(first), name(second),
                              samples, (int64_t)atomic_load(&counts->ended[first][second]));
        }
}

bool totals_write(const char *path, const struct totals *totals, struct fy_err *err)
{
    char other[4096];
    (void)snprintf(other, sizeof other, "%s.new", path);
    FILE *file = fopen(other, "we");
    if (file == NULL)
        return fy_fail(err, FY_ERR_INVALID, "cannot write %s: %s", other, strerror(errno));
    (void)fprintf(file, "build %s\nplayed %" PRId64 " violations %" PRId64 "\n", totals->build,
                  totals->played, totals->violations);
    write_pairs(file, totals->counts);
    write_orders(file, totals->counts);
    bool failed = ferror(file) != 0;
    if (fclose(file) != 0 || failed || rename(other, path) != 0)
        return fy_fail(err, FY_ERR_INVALID, "cannot write %s: %s", path, strerror(errno));
    return true;
}
