/* SPDX-License-Identifier: Apache-2.0 */
/* What somebody probably meant: optimal string alignment distance over short names. */
#include "adapter/check.h"

#include <string.h>

#define LONGEST 63u

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t distance(const char *a, const char *b)
{
    size_t rows[3][LONGEST + 1], a_length = strlen(a), b_length = strlen(b);
    if (a_length > LONGEST || b_length > LONGEST)
        return LONGEST;
    for (size_t j = 0; j <= b_length; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i - 1) % 3], *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            row[j] = smaller(smaller(above[j], row[j - 1]) + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = smaller(row[j], two_above[j - 2] + 1);
        }
    }
    return rows[a_length % 3][b_length];
}

const char *fy_nearest(const char *name, const char *const *known)
{
    const char *nearest = NULL;
    size_t best = strlen(name) / 3 + 2; /* a third of it wrong is another word */
    for (; *known != NULL; known++) {
        size_t far = distance(name, *known);
        if (far < best) {
            best = far;
            nearest = *known;
        }
    }
    return nearest;
}
