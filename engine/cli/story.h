/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a run's records tell, gathered as they come: the phases so far, the last lines, the calls that are
 * held, and after a restart of the engine what was in flight and how that ended. No I/O here.
 */
#ifndef FY_CLI_STORY_H
#define FY_CLI_STORY_H

#include "cli/layout.h"

struct fy_story {
    int64_t cursor; /* number of the last record seen */
    char *phases[16];
    size_t phase_count;
    char *lines[FY_PICTURE_LINES];
    size_t line_count;
    char *notices[FY_PICTURE_NOTICES];
    size_t notice_count;
    struct fy_held_call calls[4];
    size_t call_count;
    int64_t in_flight; /* step that was under way when the engine died; 0: none that is not settled */
};

void fy_story_free(struct fy_story *story);

/* Something a person must not miss: stays on the page until newer ones push it off. */
void fy_story_notice(struct fy_story *story, const char *text);

/* Records that are worth a line on a page a person watches. */
bool fy_story_tells(const json_t *record);

/*
 * Take one record in. What a person must be told about a restart (what was in flight, how it was settled) is
 * put into said, without a line break; said stays empty otherwise.
 */
void fy_story_take(struct fy_story *story, const json_t *record, struct fy_buf *said);

#endif
