/* SPDX-License-Identifier: Apache-2.0 */
/*
 * judge_table [--short]: the table of judges, Ferry's row being the engine's own code; then what K1 to K7
 * promise, each with its number. Exit code 1 if a promise is not kept. The same seeds each time.
 */
#include "tests/judge/paper.h"
#include "tests/judge/promises.h"
#include "tests/judge/run.h"

#include <stdio.h>
#include <string.h>

#define EFFECTS 5

static const char *rule_name(size_t r)
{
    return rules[r].name != NULL ? rules[r].name : "FERRY";
}

static void print_effect(struct outcome o)
{
    const double minutes = o.stopped > 0 ? o.minutes / (double)o.stopped : 0;
    (void)printf(" | %6.2f %5.2f %5.0f", 100 * (double)o.stopped / (double)o.soaks, minutes,
                 o.harmed / (double)o.soaks);
}

static void say_where_worse(struct outcome (*all)[RULES_MOST], size_t count, const char *const *names)
{
    (void)printf("\nWhere Ferry's row is worse than one that keeps its false alarms under 1.5 %%:\n");
    for (size_t r = 0; r + 1 < count; r++)
        for (int e = 1; e <= EFFECTS; e++) {
            const struct outcome one = all[e][r], ours = all[e][count - 1];
            if ((double)all[0][r].stopped > 0.015 * (double)all[0][r].soaks)
                continue;
            if ((double)one.stopped > (double)ours.stopped + 0.01 * (double)ours.soaks)
                (void)printf("  %-36s finds %.1f %% of %s, Ferry %.1f %%\n", rules[r].name,
                             100 * (double)one.stopped / (double)one.soaks, names[e],
                             100 * (double)ours.stopped / (double)ours.soaks);
            else if (one.harmed < 0.95 * ours.harmed)
                (void)printf("  %-36s harms %.1f users at %s, Ferry %.1f\n", rules[r].name,
                             one.harmed / (double)one.soaks, names[e], ours.harmed / (double)ours.soaks);
        }
}

static void anchor(long soaks)
{
    static const char *const names[EFFECTS + 1] = {"none",    "0.1 points", "0.3 points",
                                                   "1 point", "5 points",   "1 point from minute 8"};
    static const double worse[EFFECTS + 1] = {0, 0.001, 0.003, 0.01, 0.05, 0.01};
    struct outcome all[EFFECTS + 1][RULES_MOST];
    size_t count = 0;
    for (int e = 0; e <= EFFECTS; e++) {
        struct scenario s = scenario_usual(names[e], worse[e]);
        s.onset = e == EFFECTS ? 8 * A_MINUTE : 0;
        count = run_all(&s, e == 0 ? 2 * soaks : soaks, SOAK, 100 + (uint64_t)e * 10000000, all[e]);
    }
    (void)printf("15 minutes, 1,000 users a minute and side, 0.3 %% fail; %ld soaks each. Stopped %%, mean "
                 "minutes, users "
                 "harmed\n\n%-40s | %7s",
                 soaks, "rule", "false %");
    for (int e = 1; e <= EFFECTS; e++)
        (void)printf(" | %18s", e == EFFECTS ? "1 pt, minute 8" : names[e]);
    (void)printf("\n");
    for (size_t r = 0; r < count; r++) {
        (void)printf("%-40s | %7.2f", rule_name(r),
                     100 * (double)all[0][r].stopped / (double)all[0][r].soaks);
        for (int e = 1; e <= EFFECTS; e++)
            print_effect(all[e][r]);
        (void)printf("\n");
    }
    say_where_worse(all, count, names);
}

static void others(long soaks)
{
    struct scenario list[] = {
        scenario_usual("no disturbance", 0),          scenario_usual("rate doubles, volume -30 %", 0),
        scenario_usual("bursts on both sides", 0),    scenario_usual("retries counted as attempts", 0),
        scenario_usual("noise of each side 0.30", 0), scenario_usual("a slice of 5 %", 0)};
    list[1].drift = 2;
    list[1].thinning = 0.3;
    list[2].bursts = true;
    list[3].retries = 3;
    list[4].noise = 0.3;
    list[5].minute[0] = 1900;
    list[5].minute[1] = 100;
    (void)printf("\nRolled back though nothing is worse, %% of %ld soaks\n\n%-40s", soaks, "rule");
    struct outcome all[6][RULES_MOST];
    size_t count = 0;
    for (size_t i = 0; i < 6; i++) {
        count = run_all(&list[i], soaks, SOAK, 900000000 + i * 1000000, all[i]);
        (void)printf(" | %-14.14s", list[i].name);
    }
    (void)printf("\n");
    for (size_t r = 0; r < count; r++) {
        (void)printf("%-40s", rule_name(r));
        for (size_t i = 0; i < 6; i++)
            (void)printf(" | %14.2f", 100 * (double)all[i][r].stopped / (double)all[i][r].soaks);
        (void)printf("\n");
    }
}

/* How soon a good version passes, and how often one does that is worse by the margin. */
static void passes(long soaks)
{
    static const struct {
        const char *name;
        double worse, minute;
        int ticks;
    } rows[] = {{"as good, 1,000 a minute and side, at 15 min", 0, 1000, SOAK},
                {"as good, 500 a minute and side, at 15 min", 0, 500, SOAK},
                {"as good, 150 a minute and side, by 45 min", 0, 150, 3 * SOAK},
                {"0.1 points better, 1,000, at 15 min", -0.001, 1000, SOAK},
                {"worse by the margin of 0.3, 1,000, by 45 min (5 % promised)", 0.003, 1000, 3 * SOAK},
                {"worse by the margin of 0.3, 150, by 45 min (5 % promised)", 0.003, 150, 3 * SOAK}};
    (void)printf("\nPassed, of %ld soaks with a margin of 0.3 points\n\n", soaks);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct scenario s = scenario_usual(rows[i].name, rows[i].worse);
        s.minute[0] = s.minute[1] = rows[i].minute;
        const struct outcome o = run_passes(&s, soaks, rows[i].ticks, 800000000 + i * 1000000);
        (void)printf("  %-62s %6.2f %%, after %.1f min\n", rows[i].name,
                     100 * (double)o.stopped / (double)o.soaks,
                     o.stopped > 0 ? o.minutes / (double)o.stopped : 0);
    }
}

int main(int argc, char **argv)
{
    static const struct amounts full = {20000, 40000, 20000, 3000, 1000000, 10000, 1000},
                                quick = {150, 1600, 300, 4, 20000, 300, 60};
    const bool is_short = argc > 1 && strcmp(argv[1], "--short") == 0;
    const struct amounts *amounts = is_short ? &quick : &full;
    anchor(amounts->table_soaks);
    others(amounts->table_soaks / 2);
    passes(amounts->table_soaks / 10 + 100);
    const bool stays = paper_upgrades(amounts->upgrades);
    const bool kept = promises(amounts);
    (void)printf("\n%s\n", kept && stays ? "all promises are kept" : "NOT all promises are kept");
    return kept && stays ? 0 : 1;
}
