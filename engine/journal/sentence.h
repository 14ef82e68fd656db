/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside the journal: sentences as data. A template is text with members of the record's body in it:
 *
 *     {a.b}        the member, as a person would write it: strings as they are, 13,856, lists with commas
 *     {a#list}     a list of names: "a", "a, b and c", "7 (a ... g)"
 *     {a#count}    how many elements
 *     {a#percent}  permille as "50 %"
 *     {a#span}     milliseconds as "15 min"
 *     {a#time}     milliseconds since 1970 as "01:12:05"
 *     {a#json}     JSON as it stands
 *     {a#whole}    a text, however long it is (others are cut)
 *     [...]        left out, whole, if a member in it is missing
 */
#ifndef FY_JOURNAL_SENTENCE_H
#define FY_JOURNAL_SENTENCE_H

#include "base/buf.h"
#include "base/json.h"

/* Append the sentence. A missing member outside of [...] leaves a "?". */
void fy_sentence(const char *template, const json_t *body, struct fy_buf *buf);

/* The member at a dotted path; NULL if it is not there. */
const json_t *fy_sentence_member(const json_t *body, const char *path, size_t length);

/* "01:12:05" of milliseconds since 1970, UTC. */
void fy_sentence_clock(int64_t ms, struct fy_buf *buf);

#endif
