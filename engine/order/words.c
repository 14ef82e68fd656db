/* SPDX-License-Identifier: Apache-2.0 */
#include "order/words.h"

#include <stdint.h>
#include <string.h>

#define WORDS(name, ...) const char *const name[] = {__VA_ARGS__, NULL}

WORDS(fy_qualifier_words, "UP", "DOWN");
WORDS(fy_on_end_words, "rollback", "hold");
WORDS(fy_connection_kind_words, "vim", "nf", "kpi", "ems");
WORDS(fy_role_words, "oam", "active-standby", "data-storage", "load-sharing");
WORDS(fy_verbs_from_words, "vim", "nf");
WORDS(fy_link_loss_words, "hold", "continue", "rollback");
WORDS(fy_scope_words, "host", "zone");
WORDS(fy_basis_words, "users", "sessions");
WORDS(fy_use_words, "first", "last", "never");
WORDS(fy_violation_words, "rollback", "hold", "ask");
WORDS(fy_kpi_direction_words, "higher", "lower");
WORDS(fy_severity_words, "critical", "major", "minor", "warning");
WORDS(fy_dial_when_words, "before-migration", "after-completion");
WORDS(fy_dial_by_words, "adapter", "person");
WORDS(fy_steer_words, "target", "none");
WORDS(fy_domain_words, "source", "target");
WORDS(fy_keep_until_words, "completion", "commit", "manual");
WORDS(fy_data_words, "none", "convert", "restore");
WORDS(fy_expiry_words, "hold", "commit", "rollback");
WORDS(fy_input_type_words, "string", "integer", "decimal", "boolean", "duration");
WORDS(fy_event_words, "state", "stage", "batch", "approval", "verdict", "alarm", "guard", "report");
WORDS(fy_backup_words, "config", "data", "image");

int fy_word_index(const char *const *words, const char *text)
{
    for (int i = 0; words[i] != NULL; i++)
        if (strcmp(words[i], text) == 0)
            return i;
    return -1;
}

#define NEAR_MAX 40

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* How many letters must be put in, taken out or changed (Levenshtein), upper and lower case alike. */
static size_t distance(const char *a, const char *b)
{
    size_t row[NEAR_MAX + 1];
    size_t width = strlen(b);
    if (width > NEAR_MAX || strlen(a) > NEAR_MAX)
        return SIZE_MAX;
    for (size_t j = 0; j <= width; j++)
        row[j] = j;
    for (size_t i = 0; a[i] != '\0'; i++) {
        size_t diagonal = row[0]++;
        for (size_t j = 0; j < width; j++) {
            size_t change = diagonal + ((a[i] | 0x20) == (b[j] | 0x20) ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = least(change, least(row[j], row[j + 1]) + 1);
        }
    }
    return row[width];
}

const char *fy_word_nearest(const char *const *words, const char *text)
{
    const char *nearest = NULL;
    size_t best = strlen(text) / 3 + 2; /* further away it is another word */
    for (size_t i = 0; words[i] != NULL; i++) {
        size_t far = distance(text, words[i]);
        if (far < best) {
            best = far;
            nearest = words[i];
        }
    }
    return nearest;
}
