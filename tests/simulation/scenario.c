/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/simulation/scenario.h"

#include "base/mem.h"
#include "base/point.h"
#include "tests/simulation/chance.h"
#include "tests/simulation/faults.h"
#include "tests/simulation/seen.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *const deed_names[DEED_KINDS] = {
#define FIELD(name, usual, help)
#define DEED(NAME, name, weight, help) [DEED_##NAME] = (name),
#include "tests/simulation/scenario.def"
#undef FIELD
#undef DEED
};

static const int64_t weights[DEED_KINDS] = {
#define FIELD(name, usual, help)
#define DEED(NAME, name, weight, help) [DEED_##NAME] = (weight),
#include "tests/simulation/scenario.def"
#undef FIELD
#undef DEED
};

static const struct {
    const char *name;
    size_t at;
    int64_t usual;
} fields[] = {
#define FIELD(name, usual, help) {#name, offsetof(struct scenario, name), usual},
#define DEED(NAME, name, weight, help)
#include "tests/simulation/scenario.def"
#undef FIELD
#undef DEED
};

static int64_t *field(struct scenario *scenario, size_t i)
{
    return (int64_t *)(void *)((char *)scenario + fields[i].at);
}

static void usual(struct scenario *scenario)
{
    *scenario = (struct scenario){0};
    for (size_t i = 0; i < FY_COUNT(fields); i++)
        *field(scenario, i) = fields[i].usual;
}

/* ---- drawn ----------------------------------------------------------------------------------------------
 */

const char *const profiles[] = {"all", "calm", "crash", "people", "fault", NULL};

static void draw_landscape(struct scenario *s, struct chance *c)
{
    static const int64_t users[] = {80, 120, 120, 150, 150, 200, 300, 500};
    s->shape = chance_permille(c, 300);
    s->users = users[chance_of(c, 0, (int64_t)FY_COUNT(users) - 1)];
    s->svc = chance_permille(c, 900) ? chance_of(c, 3, 6) : 2;
    s->sdb = chance_permille(c, 970) ? chance_of(c, 2, 4) : 1;
    s->room = chance_permille(c, 900) ? chance_of(c, 300, 450) : chance_of(c, 200, 300);
    s->build_s = chance_of(c, 2, 60);
    s->sync_s = chance_of(c, 1, 20);
    s->mobility = chance_permille(c, 950) ? 0 : chance_of(c, 1, 3);
    s->worse = chance_permille(c, 120) ? chance_of(c, 300, 5000) : 0;
}

static void draw_order(struct scenario *s, struct chance *c)
{
    s->stages = chance_permille(c, 850) ? chance_of(c, 1, 2) : chance_of(c, 3, 4);
    s->soak_s = chance_of(c, 10, 90);
    s->period_s = chance_permille(c, 900) ? chance_of(c, 3, 6) * 10 : 10;
    s->rate = chance_of(c, 1, 40) * 10;
    s->step = chance_permille(c, 700) ? 0 : chance_of(c, 1, s->svc);
    s->preserved = chance_of(c, 1, s->svc > 2 ? s->svc / 2 : 1);
    s->approvals = chance_permille(c, 500) ? 0 : chance_of(c, 0, 15);
    s->approval_s = chance_of(c, 1, 60) * 60;
    s->late_answer = chance_permille(c, 300);
    s->on_failure = chance_permille(c, 600);
    s->on_window_end = chance_permille(c, 600);
    s->on_violation = chance_permille(c, 500) ? 0 : chance_of(c, 0, 2);
    s->on_expiry = chance_of(c, 0, 2);
    s->observe_min = chance_permille(c, 900) ? chance_of(c, 1, 8) * 60 : chance_of(c, 24, 200) * 60;
    s->window_min = chance_permille(c, 850) ? chance_of(c, 120, 400) : chance_of(c, 20, 90);
    s->early_min = chance_permille(c, 800) ? 0 : chance_of(c, 1, chance_permille(c, 800) ? 120 : 6000);
    s->guards = chance_permille(c, 700)   ? 15
                : chance_permille(c, 700) ? 3 + 4 * chance_of(c, 0, 7)
                                          : chance_of(c, 0, 31);
    s->backup = chance_of(c, 1, 7);
    s->dial = chance_permille(c, 800);
    s->workflow = chance_permille(c, 850) ? 0 : chance_permille(c, 850) ? 2 : 5;
    if (s->workflow == 2)
        s->stages = 1; /* straight to 100 % */
}

static void draw_people(struct scenario *s, struct chance *c)
{
    s->patience = chance_permille(c, 950) ? chance_of(c, 0, 12) : chance_of(c, 12, 300);
    s->retries = chance_of(c, 0, 4);
    s->way_out = chance_permille(c, 700);
    s->at_end = chance_permille(c, 600) ? 0 : chance_of(c, 1, 2);
    s->rejects = chance_permille(c, 850) ? 0 : 500;
}

static bool in_profile(enum deed_kind kind, const char *profile)
{
    if (strcmp(profile, "crash") == 0)
        return kind <= DEED_SCRIPT || kind == DEED_SLOW;
    if (strcmp(profile, "people") == 0)
        return kind == DEED_PRESS || kind == DEED_WRONG;
    if (strcmp(profile, "fault") == 0)
        return kind == DEED_FAULT || kind == DEED_HAND;
    return strcmp(profile, "calm") != 0;
}

static enum deed_kind draw_kind(struct chance *c, const char *profile)
{
    int64_t all = 0;
    for (int kind = 0; kind < DEED_KINDS; kind++)
        all += in_profile((enum deed_kind)kind, profile) ? weights[kind] : 0;
    int64_t left = chance_of(c, 0, all - 1);
    int kind = 0;
    for (; kind < DEED_KINDS - 1; kind++) {
        left -= in_profile((enum deed_kind)kind, profile) ? weights[kind] : 0;
        if (left < 0)
            break;
    }
    return (enum deed_kind)kind;
}

static void draw_own(struct deed *deed, struct chance *c)
{
    deed->a = (int64_t)(chance_next(c) % 1000000);
    deed->b = 0;
    if (deed->kind == DEED_DIE_AT) {
        deed->a = chance_of(c, 0, FY_POINT_COUNT - 1);
        deed->b = chance_permille(c, 700) ? 1 : chance_of(c, 2, 20);
    } else if (deed->kind == DEED_PRESS) {
        deed->a = -1; /* whatever is possible then */
    } else if (deed->kind == DEED_AWAY) {
        deed->a = chance_permille(c, 800) ? chance_of(c, 1, 600) : chance_of(c, 600, 100000);
    } else if (deed->kind == DEED_STORE || deed->kind == DEED_SLOW) {
        deed->a = chance_of(c, 1, 30);
    } else if (deed->kind == DEED_FAULT) {
        deed->a = chance_of(c, 0, fault_count() - 1);
        deed->b = chance_permille(c, 200) ? 0 : chance_of(c, 1, 120);
    } else if (deed->kind == DEED_HAND) {
        deed->a = chance_of(c, 0, 4);
        deed->b = chance_of(c, 0, 2);
    }
}

/* Half of the moments are anywhere, half come close after another one: trouble comes in company. */
static void draw_deeds(struct scenario *s, struct chance *c, const char *profile)
{
    if (strcmp(profile, "calm") == 0 || chance_permille(c, 50))
        return;
    size_t count = (size_t)(chance_permille(c, 800) ? chance_of(c, 1, 8) : chance_of(c, 9, 40));
    bool early = s->early_min > 0 && chance_permille(c, 500); /* something while it waits for its window */
    for (size_t i = 0; i < count; i++) {
        struct deed *deed = &s->deeds[s->deed_count++];
        deed->kind = draw_kind(c, profile);
        deed->at = i > 0 && chance_permille(c, 500) ? s->deeds[i - 1].at + chance_of(c, 0, 8)
                                                    : chance_of(c, 0, chance_permille(c, 800) ? 250 : 1200);
        if (early && i < 4)
            deed->at = chance_of(c, 0, 8);
        draw_own(deed, c);
    }
}

static void draw_press(struct scenario *s, const char *verb, int64_t at)
{
    const char *name;
    for (size_t i = 0; s->deed_count < DEEDS_MAX && (name = seen_name(SEEN_VERB, i)) != NULL; i++)
        if (strcmp(name, verb) == 0)
            s->deeds[s->deed_count++] = (struct deed){.kind = DEED_PRESS, .at = at, .a = (int64_t)i};
}

/* What chance alone hardly ever brings together. */
static void draw_company(struct scenario *s, struct chance *c, const char *profile)
{
    if (!in_profile(DEED_PRESS, profile))
        return;
    if (s->early_min > 0 && chance_permille(c, 400)) { /* what is said of an order while it waits */
        draw_press(s, "waive", chance_of(c, 0, 6));
        draw_press(s, "amend", chance_of(c, 0, 6));
        if (chance_permille(c, 600))
            draw_press(s, "unwaive", chance_of(c, 0, 8));
    }
    if (s->worse > 0 && chance_permille(c, 400)) { /* a gate fails while a person has stopped it */
        draw_press(s, chance_permille(c, 700) ? "pause" : "cancel", chance_of(c, 60, 300));
        s->patience = chance_of(c, 50, 300);
    }
}

void scenario_draw(struct scenario *scenario, uint64_t seed, const char *profile)
{
    struct chance chance = {chance_mix(seed + 1)};
    usual(scenario);
    scenario->seed = (int64_t)seed;
    draw_landscape(scenario, &chance);
    draw_order(scenario, &chance);
    draw_people(scenario, &chance);
    draw_deeds(scenario, &chance, profile);
    draw_company(scenario, &chance, profile);
}

/* ---- written and read -----------------------------------------------------------------------------------
 */

/* What a deed's a names, for those that name something: so a text stays what it was when a table grows. */
static const char *name_of_a(enum deed_kind kind, size_t i)
{
    if (kind == DEED_FAULT)
        return i < (size_t)fault_count() ? fault_name((int64_t)i) : NULL;
    if (kind == DEED_PRESS)
        return seen_name(SEEN_VERB, i);
    return kind == DEED_DIE_AT ? seen_name(SEEN_POINT, i) : NULL;
}

static void write_deed(const struct deed *deed, struct fy_buf *buf)
{
    const char *name = deed->a >= 0 ? name_of_a(deed->kind, (size_t)deed->a) : NULL;
    fy_buf_format(buf, "%s@%" PRId64 ":", deed_names[deed->kind], deed->at);
    if (name != NULL)
        fy_buf_format(buf, "%s:%" PRId64, name, deed->b);
    else
        fy_buf_format(buf, "%" PRId64 ":%" PRId64, deed->a, deed->b);
}

void scenario_write(const struct scenario *scenario, struct fy_buf *buf)
{
    const char *between = "";
    for (size_t i = 0; i < FY_COUNT(fields); i++) {
        int64_t value = *(const int64_t *)(const void *)((const char *)scenario + fields[i].at);
        if (value == fields[i].usual)
            continue;
        fy_buf_format(buf, "%s%s=%" PRId64, between, fields[i].name, value);
        between = " ";
    }
    for (size_t i = 0; i < scenario->deed_count; i++) {
        fy_buf_text(buf, i > 0 ? "," : " deeds=");
        write_deed(&scenario->deeds[i], buf);
    }
}

static bool read_a(struct deed *deed, const char *text, struct fy_err *err)
{
    char *rest;
    const char *name;
    deed->a = strtoll(text, &rest, 10);
    if (rest != text && *rest == '\0')
        return true;
    for (size_t i = 0; (name = name_of_a(deed->kind, i)) != NULL; i++)
        if (name[0] != '\0' && strcmp(name, text) == 0) {
            deed->a = (int64_t)i;
            return true;
        }
    return fy_fail(err, FY_ERR_INVALID, "there is no \"%s\" for a deed %s", text, deed_names[deed->kind]);
}

static bool read_deed(struct scenario *scenario, const char *text, struct fy_err *err)
{
    char name[32], a[48];
    struct deed deed = {.kind = DEED_KINDS};
    if (scenario->deed_count == DEEDS_MAX)
        return fy_fail(err, FY_ERR_INVALID, "more than %d deeds", DEEDS_MAX);
    // NOLINTNEXTLINE(cert-err34-c): a number out of range is a scenario like any other
    if (sscanf(text, "%31[a-z-]@%" SCNd64 ":%47[^:]:%" SCNd64, name, &deed.at, a, &deed.b) != 4)
        return fy_fail(err, FY_ERR_INVALID, "\"%.60s\" is not a deed: name@at:a:b", text);
    for (int kind = 0; kind < DEED_KINDS; kind++)
        if (strcmp(deed_names[kind], name) == 0)
            deed.kind = (enum deed_kind)kind;
    if (deed.kind == DEED_KINDS)
        return fy_fail(err, FY_ERR_INVALID, "there is no deed \"%s\"; scenario.def lists them", name);
    if (!read_a(&deed, a, err))
        return false;
    scenario->deeds[scenario->deed_count++] = deed;
    return true;
}

static bool read_deeds(struct scenario *scenario, char *text, struct fy_err *err)
{
    char *rest = NULL;
    for (char *one = strtok_r(text, ",", &rest); one != NULL; one = strtok_r(NULL, ",", &rest))
        if (!read_deed(scenario, one, err))
            return false;
    return true;
}

static bool read_word(struct scenario *scenario, char *word, struct fy_err *err)
{
    char *value = strchr(word, '=');
    if (value == NULL)
        return fy_fail(err, FY_ERR_INVALID, "\"%.60s\" is not name=value", word);
    *value++ = '\0';
    if (strcmp(word, "deeds") == 0)
        return read_deeds(scenario, value, err);
    for (size_t i = 0; i < FY_COUNT(fields); i++)
        if (strcmp(fields[i].name, word) == 0) {
            *field(scenario, i) = strtoll(value, NULL, 10);
            return true;
        }
    return fy_fail(err, FY_ERR_INVALID, "there is no field \"%.60s\"; scenario.def lists them", word);
}

bool scenario_read(struct scenario *ret, const char *text, struct fy_err *err)
{
    FY_AUTO(fy_free_ptr) char *copy = fy_strdup(text);
    char *rest = NULL;
    usual(ret);
    for (char *word = strtok_r(copy, " \t\n", &rest); word != NULL; word = strtok_r(NULL, " \t\n", &rest))
        if (!read_word(ret, word, err))
            return false;
    return true;
}
