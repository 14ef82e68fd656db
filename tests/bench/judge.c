/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a tick costs the judge: 32 KPIs with 12 latency edges each, fed and looked at; and how much it
 * remembers after a soak of a quarter of an hour and of a day.
 */
#include "figures.h"

#include "judge/judge.h"

#include <malloc.h>
#include <math.h>

#define KPIS    32
#define TICK_MS 5000

static uint64_t state = 1;

static double luck(void)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (double)(state >> 11) * 0x1p-53;
}

static int64_t some(int64_t n, double p)
{
    int64_t k = 0;
    for (int64_t i = 0; i < n; i++)
        k += luck() < p;
    return k;
}

static double processor_seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Milliseconds of processor time a tick, feeding and looking. */
static double feed(struct fy_judge *judge, int from, int ticks)
{
    struct fy_count counts[KPIS][2];
    struct fy_latency latency[KPIS][2];
    double spent = 0;
    for (int t = from + 1; t <= from + ticks; t++) {
        for (int i = 0; i < KPIS; i++)
            for (int d = 0; d < 2; d++) {
                counts[i][d] = (struct fy_count){83, some(83, 0.01)};
                latency[i][d].users = 83;
                for (int e = 0; e < FY_LATENCY_EDGES; e++)
                    latency[i][d].slower[e] = some(83, 0.5 * pow(0.57, e));
            }
        const struct fy_tick tick = {.end_ms = (int64_t)t * TICK_MS,
                                     .counts = counts,
                                     .latency = (const struct fy_latency(*)[2])latency};
        struct fy_err err;
        const double begin = processor_seconds();
        if (!fy_judge_tick(judge, &tick, &err))
            give_up(err.message);
        (void)fy_judge_look(judge, false, NULL);
        spent += processor_seconds() - begin;
    }
    return 1e3 * spent / ticks;
}

int main(void)
{
    struct fy_gate gates[KPIS];
    for (int i = 0; i < KPIS; i++)
        gates[i] = (struct fy_gate){
            .kpi = fy_kpi_find("amf.paging"), .margin = 30, .critical = true, .edges = FY_LATENCY_EDGES};
    struct fy_judge *judge = fy_judge_new(gates, KPIS, TICK_MS, NULL);
    figure("judge: a tick of 32 KPIs, 12 edges", feed(judge, 0, 180), "ms");
    const size_t before = mallinfo2().uordblks;
    (void)feed(judge, 180, 1800);
    figure("judge: memory gained by ten times the soak",
           ((double)mallinfo2().uordblks - (double)before) / 1024, "KB");
    fy_judge_free(judge);
    return 0;
}
