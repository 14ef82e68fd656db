/* SPDX-License-Identifier: Apache-2.0 */
#include "rehearse/table.h"

#include "base/mem.h"
#include "base/time.h"

#include <stdio.h>
#include <string.h>

#define STEP_WIDTH 46

static const struct {
    const char *cell, *name, *sentence;
} ends[] = {
    [FY_END_DONE] = {"done", "completed", "the upgrade completed"},
    [FY_END_BACK] = {"back", "rolled back", "it went back by itself"},
    [FY_END_PARKED] = {"parked", "parked, rolled back", "it parked, and went back when an operator said so"},
    [FY_END_STUCK] = {"STUCK", "stuck", "it parked, and nothing led out"},
    [FY_END_NEVER] = {"NO END", "no end", "it had no end within two days"},
    [FY_END_DIED] = {"DIED", "died", "the rehearsal itself died"},
};

size_t fy_programme_failures(const struct fy_programme *programme)
{
    size_t failures = !programme->undisturbed.acceptable;
    for (size_t i = 0; i < programme->count; i++)
        failures += !programme->cases[i].outcome.acceptable;
    return failures;
}

static const struct fy_outcome *find(const struct fy_programme *programme, const struct fy_acting *acting,
                                     int trouble)
{
    for (size_t i = 0; i < programme->count; i++)
        if (programme->cases[i].acting == acting && (int)programme->cases[i].trouble == trouble)
            return &programme->cases[i].outcome;
    return NULL;
}

static void print_cell(const struct fy_outcome *outcome)
{
    char cell[16] = "";
    if (outcome != NULL)
        (void)snprintf(cell, sizeof cell, "%s%s", ends[outcome->end].cell, outcome->acceptable ? "" : "!");
    (void)printf(" %-7s", cell);
}

static void print_head(const struct fy_programme *programme)
{
    (void)printf("%4s  %-*s", "step", STEP_WIDTH, "what is done");
    for (int t = 0; t < FY_TROUBLES; t++)
        if (programme->wanted[t])
            (void)printf(" %-7s", fy_troubles[t].name);
    (void)printf("\n");
}

static bool has_case(const struct fy_programme *programme, const struct fy_acting *acting)
{
    for (size_t i = 0; i < programme->count; i++)
        if (programme->cases[i].acting == acting)
            return true;
    return false;
}

static void print_rows(const struct fy_programme *programme)
{
    for (size_t i = 0; i < programme->actings.count; i++) {
        const struct fy_acting *acting = &programme->actings.list[i];
        if (!has_case(programme, acting))
            continue;
        (void)printf("%4llu  %-*.*s", (unsigned long long)acting->step, STEP_WIDTH, STEP_WIDTH, acting->text);
        for (int t = 0; t < FY_TROUBLES; t++)
            if (programme->wanted[t])
                print_cell(find(programme, acting, t));
        (void)printf("\n");
    }
}

static void print_legend(const struct fy_programme *programme)
{
    bool seen[FY_COUNT(ends)] = {false};
    (void)printf("\n");
    for (int t = 0; t < FY_TROUBLES; t++)
        if (programme->wanted[t])
            (void)printf("  %-7s %s\n", fy_troubles[t].name, fy_troubles[t].help);
    (void)printf("\n");
    for (size_t i = 0; i < programme->count; i++)
        seen[programme->cases[i].outcome.end] = true;
    for (size_t e = 0; e < FY_COUNT(ends); e++)
        if (seen[e])
            (void)printf("  %-7s %s\n", ends[e].cell, ends[e].sentence);
}

static void print_failures(const struct fy_programme *programme)
{
    bool head = false;
    for (size_t i = 0; i < programme->count; i++) {
        const struct fy_case *one = &programme->cases[i];
        if (one->outcome.acceptable)
            continue;
        if (!head)
            (void)printf("\nNot acceptable:\n");
        head = true;
        (void)printf("  step %llu (%s), %s: %s; %s\n", (unsigned long long)one->acting->step,
                     one->acting->call, fy_troubles[one->trouble].name, ends[one->outcome.end].sentence,
                     one->outcome.why);
    }
}

void fy_table_print(const struct fy_programme *programme, const struct fy_score *score)
{
    char took[FY_TIME_TEXT];
    const struct fy_outcome *plain = &programme->undisturbed;
    int64_t dropped = plain->dropped;
    (void)printf("%s by %s: undisturbed %s after %s, %lld dropped%s%s\n\n", score->order->request.id,
                 score->order->workflow.name, ends[plain->end].name,
                 fy_duration_words(plain->took_ms / 60000 * 60000, took), (long long)plain->dropped,
                 plain->acceptable ? "" : "; ", plain->acceptable ? "" : plain->why);
    if (programme->count == 0)
        return;
    print_head(programme);
    print_rows(programme);
    print_legend(programme);
    print_failures(programme);
    for (size_t i = 0; i < programme->count; i++)
        dropped += programme->cases[i].outcome.dropped;
    (void)printf("\n%zu rehearsals, %zu not acceptable, %lld users or calls dropped in all of them\n",
                 programme->count + 1, fy_programme_failures(programme), (long long)dropped);
}

static json_t *outcome_json(const struct fy_outcome *outcome)
{
    return json_pack("{s:s,s:b,s:b,s:s,s:I,s:b,s:I}", "outcome", ends[outcome->end].name, "acceptable",
                     outcome->acceptable, "struck", outcome->struck, "why", outcome->why, "dropped",
                     (json_int_t)outcome->dropped, "guards_as_they_were", outcome->guards, "took_ms",
                     (json_int_t)outcome->took_ms);
}

void fy_table_json(const struct fy_programme *programme, const struct fy_score *score)
{
    FY_AUTO(fy_json_unref)
    json_t *doc = json_pack("{s:s,s:s,s:o,s:I,s:[]}", "order", score->order->request.id, "workflow",
                            score->order->workflow.name, "undisturbed", outcome_json(&programme->undisturbed),
                            "not_acceptable", (json_int_t)fy_programme_failures(programme), "rehearsals");
    for (size_t i = 0; i < programme->count; i++) {
        const struct fy_case *one = &programme->cases[i];
        json_t *row = outcome_json(&one->outcome);
        json_object_set_new(row, "step", json_integer((json_int_t)one->acting->step));
        json_object_set_new(row, "call", json_string(one->acting->call));
        json_object_set_new(row, "text", json_string(one->acting->text));
        json_object_set_new(row, "fault", json_string(fy_troubles[one->trouble].name));
        json_array_append_new(json_object_get(doc, "rehearsals"), row);
    }
    (void)json_dumpf(doc, stdout, JSON_INDENT(1) | JSON_ENCODE_ANY);
    (void)printf("\n");
}
