/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/simulation/seen.h"

#include "base/mem.h"
#include "base/point.h"
#include "journal/journal.h"
#include "tests/simulation/faults.h"
#include "tests/simulation/scenario.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const states[] = {
#define STATE(NAME, name, final, means) name,
#define MOVE(FROM, event, kind, condition, TO)
#include "run/state/state.def"
#undef STATE
#undef MOVE
};

static const char *const ends[] = {
#define STATE(NAME, name, final, means) (final) ? (name) : "",
#define MOVE(FROM, event, kind, condition, TO)
#include "run/state/state.def"
#undef STATE
#undef MOVE
};

static const char *const moves[] = {
#define STATE(NAME, name, final, means)
#define MOVE(FROM, event, kind, condition, TO) #FROM " " event " " #TO,
#include "run/state/state.def"
#undef STATE
#undef MOVE
};

/* Verbs, each as often as it has rows: the first of a name counts. */
static const struct {
    const char *name;
    enum { VERB, EVENT } kind;
} verbs[] = {
#define STATE(NAME, name, final, means)
#define MOVE(FROM, event, kind, condition, TO) {event, kind},
#include "run/state/state.def"
#undef STATE
#undef MOVE
};

static const char *const calls[] = {
#define CALL(name, side, verb, needs) name,
#include "run/step/call.def"
#undef CALL
};

static const char *const points[] = {
#define X(name, where) #name,
#include "base/point.def"
#undef X
};

static const char *verb_name(size_t i)
{
    if (verbs[i].kind != VERB)
        return "";
    for (size_t before = 0; before < i; before++)
        if (verbs[before].kind == VERB && strcmp(verbs[before].name, verbs[i].name) == 0)
            return "";
    return verbs[i].name;
}

static const char *record_name(size_t i)
{
    const char *name = fy_record_name((uint32_t)i + 1);
    return name;
}

const char *seen_name(enum seen_what what, size_t i)
{
    static const struct {
        const char *const *names;
        size_t count;
    } tables[SEEN_WHATS] = {
        [SEEN_STATE] = {states, FY_COUNT(states)}, [SEEN_MOVE] = {moves, FY_COUNT(moves)},
        [SEEN_CALL] = {calls, FY_COUNT(calls)},    [SEEN_DEED] = {deed_names, DEED_KINDS},
        [SEEN_POINT] = {points, FY_COUNT(points)}, [SEEN_END] = {ends, FY_COUNT(ends)},
    };
    if (what == SEEN_VERB || what == SEEN_REFUSED)
        return i < FY_COUNT(verbs) ? verb_name(i) : NULL;
    if (what == SEEN_RECORD)
        return record_name(i);
    if (what == SEEN_FAULT)
        return i < (size_t)fault_count() ? fault_name((int64_t)i) : NULL;
    return i < tables[what].count ? tables[what].names[i] : NULL;
}

void seen_number(struct seen *seen, enum seen_what what, int64_t number)
{
    if (number >= 0 && number < SEEN_ROOM)
        atomic_fetch_add_explicit(&seen->count[what][number], 1, memory_order_relaxed);
}

void seen_note(struct seen *seen, enum seen_what what, const char *name)
{
    const char *at;
    for (size_t i = 0; i < SEEN_ROOM && (at = seen_name(what, i)) != NULL; i++)
        if (strcmp(at, name) == 0) {
            seen_number(seen, what, (int64_t)i);
            return;
        }
}

/* From, event, to; a row that leads BACK, or stays the SAME, leads anywhere. */
void seen_move(struct seen *seen, const char *from, const char *event, const char *to)
{
    const char *const ends_in[] = {to, "BACK"};
    for (size_t i = 0; i < FY_COUNT(moves); i++)
        for (size_t j = 0; j < FY_COUNT(ends_in); j++) {
            char row[128];
            (void)snprintf(row, sizeof row, "%s %s %s", from, event, ends_in[j]);
            if (strcmp(moves[i], row) == 0) {
                seen_number(seen, SEEN_MOVE, (int64_t)i);
                return;
            }
        }
}

static const char *const titles[SEEN_WHATS] = {
    [SEEN_STATE] = "states entered",
    [SEEN_MOVE] = "moves of the state table",
    [SEEN_VERB] = "verbs accepted",
    [SEEN_REFUSED] = "verbs refused",
    [SEEN_CALL] = "steps",
    [SEEN_RECORD] = "records",
    [SEEN_DEED] = "deeds",
    [SEEN_FAULT] = "faults",
    [SEEN_POINT] = "deaths at a crash point",
    [SEEN_END] = "end states",
};

static void put_counts(const struct seen *seen, enum seen_what what, struct fy_buf *buf)
{
    const char *name;
    struct fy_buf never = {0};
    fy_buf_format(buf, "%s:", titles[what]);
    for (size_t i = 0; i < SEEN_ROOM && (name = seen_name(what, i)) != NULL; i++) {
        int64_t count = atomic_load(&seen->count[what][i]);
        if (name[0] == '\0')
            continue;
        if (count > 0)
            fy_buf_format(buf, " %s %" PRId64 ",", name, count);
        else
            fy_buf_format(&never, "%s %s", never.length > 0 ? "," : "", name);
    }
    fy_buf_text(buf, "\n");
    if (never.length > 0)
        fy_buf_format(buf, "    never:%s\n", never.data);
    fy_buf_free(&never);
}

void seen_report(const struct seen *seen, struct fy_buf *buf)
{
    static const enum seen_what order[] = {SEEN_END,  SEEN_STATE,  SEEN_MOVE,  SEEN_VERB, SEEN_REFUSED,
                                           SEEN_CALL, SEEN_RECORD, SEEN_FAULT, SEEN_DEED, SEEN_POINT};
    for (size_t i = 0; i < FY_COUNT(order); i++)
        put_counts(seen, order[i], buf);
    fy_buf_text(buf, "engines that died in one upgrade:");
    for (size_t i = 0; i < FY_COUNT(seen->deaths); i++)
        fy_buf_format(buf, " %zu%s: %" PRId64 ",", i, i + 1 == FY_COUNT(seen->deaths) ? "+" : "",
                      atomic_load(&seen->deaths[i]));
    fy_buf_text(buf, "\n");
}
