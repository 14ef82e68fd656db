/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The paper's own upgrade: table 1 at 50 %, with the attempts that so many users plausibly make in a quarter
 * of an hour (it prints none). And whole upgrades at those rates, both versions being equal: how many are
 * rolled back?
 */
#include "tests/judge/paper.h"

#include "base/buf.h"
#include "base/mem.h"
#include "tests/judge/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *kpi;
    double minute[2];  /* users a minute that try: 15,552 users on the source, 15,569 on the target */
    double success[2]; /* percent, source and target, as printed */
    int64_t margin;
    bool critical;
} rows[] = {
    {"amf.initial_registration", {139, 140}, {100, 100}, 30, true},
    {"amf.pdu_session_establishment", {577, 582}, {99.99, 99.97}, 30, true},
    {"amf.paging", {1847, 1861}, {99.41, 99.30}, 100, false},
    {"amf.handover_5g_to_4g", {69, 70}, {92.67, 92.29}, 300, false},
    {"amf.handover_4g_to_5g", {66, 62}, {100, 100}, 100, false},
    {"mme.attach", {17, 16}, {99.68, 99.69}, 50, false},
    {"mme.tracking_area_update", {57, 54}, {99.98, 99.97}, 50, false},
    {"mme.pdn_connectivity", {42, 40}, {99.51, 99.53}, 50, false},
};
#define ROWS (sizeof rows / sizeof *rows)

static void gates_of(struct fy_gate gates[ROWS])
{
    for (size_t i = 0; i < ROWS; i++)
        gates[i] = (struct fy_gate){
            .kpi = fy_kpi_find(rows[i].kpi), .margin = rows[i].margin, .critical = rows[i].critical};
}

static void feed(struct fy_judge *judge, int tick, struct fy_count (*counts)[2])
{
    struct fy_err err;
    if (!fy_judge_tick(judge, &(struct fy_tick){.end_ms = (int64_t)tick * TICK_MS, .counts = counts}, &err))
        abort();
}

/* Exactly the printed shares, spread evenly: what is cumulated until a tick, rounded. */
static int64_t until(double total, int tick)
{
    return (int64_t)floor(total * tick / SOAK + 0.5);
}

static void replay(struct fy_judge *judge)
{
    for (int t = 1; t <= SOAK; t++) {
        struct fy_count counts[ROWS][2];
        for (size_t i = 0; i < ROWS; i++)
            for (int d = 0; d < 2; d++) {
                const double users = rows[i].minute[d] * 15,
                             failed = users * (100 - rows[i].success[d]) / 100;
                counts[i][d].users = until(users, t) - until(users, t - 1);
                counts[i][d].failed = until(failed, t) - until(failed, t - 1);
            }
        feed(judge, t, counts);
    }
    fy_judge_planned_end(judge);
}

static void print_evidence(const char *text, size_t length)
{
    struct fy_err err;
    FY_AUTO(fy_json_unref) json_t *doc = fy_json_parse(text, length, "evidence", &err);
    const json_t *kpi = NULL;
    size_t i = 0;
    (void)printf("  %-32s %10s %10s %14s %9s %9s %9s\n", "KPI", "source", "target", "odds ratio", "e worse",
                 "e equal", "could see");
    json_array_foreach(json_object_get(doc, "kpis"), i, kpi)
    {
        const json_t *range = json_object_get(kpi, "odds_ratio_95");
        const char *high = json_string_value(json_array_get(range, 1));
        char interval[48];
        (void)snprintf(interval, sizeof interval, "%s (%s-%s)", fy_json_string_or(kpi, "odds_ratio", "?"),
                       json_string_value(json_array_get(range, 0)), high != NULL ? high : "");
        (void)printf("  %-32s %9.2f%% %9.2f%% %14s %9s %9s %6s pts\n", fy_json_string_or(kpi, "kpi", "?"),
                     rows[i].success[0], rows[i].success[1], interval, fy_json_string_or(kpi, "e", "?"),
                     fy_json_string_or(kpi, "e_not_worse", "?"),
                     fy_json_string_or(kpi, "smallest_points", "?"));
    }
}

static bool paper(void)
{
    struct fy_gate gates[ROWS];
    FY_AUTO(fy_buf_free) struct fy_buf evidence = {0};
    gates_of(gates);
    struct fy_judge *judge = fy_judge_new(gates, ROWS, TICK_MS, NULL);
    replay(judge);
    const struct fy_verdict verdict = fy_judge_look(judge, true, &evidence);
    (void)printf("\nThe paper's table 1 at 50 %%, 15 minutes\n\n");
    print_evidence(evidence.data, evidence.length);
    (void)printf("\n  verdict %s: %s\n", fy_verdict_name(verdict.kind), verdict.sentence);
    fy_judge_free(judge);
    return verdict.kind != FY_VERDICT_ROLLBACK;
}

/* One soak of all KPIs with the source's rates on both sides; goes on to three quarters of an hour if it
 * must. */
static enum fy_verdict_kind good_soak(struct luck *one, int *ret_ticks)
{
    struct fy_gate gates[ROWS];
    gates_of(gates);
    struct fy_judge *judge = fy_judge_new(gates, ROWS, TICK_MS, NULL);
    enum fy_verdict_kind kind = FY_VERDICT_INCONCLUSIVE;
    int t = 0;
    while (t < 3 * SOAK && kind != FY_VERDICT_ROLLBACK && kind != FY_VERDICT_PASS) {
        struct fy_count counts[ROWS][2];
        for (size_t i = 0; i < ROWS; i++)
            for (int d = 0; d < 2; d++) {
                counts[i][d].users = luck_poisson(one, rows[i].minute[d] / A_MINUTE);
                counts[i][d].failed = luck_binomial(one, counts[i][d].users, 1 - rows[i].success[0] / 100);
            }
        feed(judge, ++t, counts);
        if (t == SOAK)
            fy_judge_planned_end(judge);
        kind = fy_judge_look(judge, t >= SOAK, NULL).kind;
    }
    fy_judge_free(judge);
    *ret_ticks = t;
    return kind;
}

static bool upgrades(long count)
{
    struct luck one = {77};
    long back = 0, passed = 0, extended = 0;
    for (long i = 0; i < count; i++) {
        int ticks = 0;
        const enum fy_verdict_kind kind = good_soak(&one, &ticks);
        back += kind == FY_VERDICT_ROLLBACK;
        passed += kind == FY_VERDICT_PASS;
        extended += kind == FY_VERDICT_PASS && ticks > SOAK;
    }
    (void)printf("\nGood upgrades of all eight KPIs at 50 %%: %ld of %ld rolled back, %ld passed, %ld of "
                 "them later than at "
                 "15 min\n",
                 back, count, passed, extended);
    return (double)back <= 0.01 * (double)count + 2.33 * sqrt(0.01 * (double)count);
}

bool paper_upgrades(long count)
{
    const bool stays = paper();
    return upgrades(count) && stays;
}
