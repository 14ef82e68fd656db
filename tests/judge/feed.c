/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/judge/feed.h"

struct scenario scenario_usual(const char *name, double worse)
{
    return (struct scenario){
        .name = name, .minute = {1000, 1000}, .rate = 0.003, .worse = worse, .drift = 1, .retries = 1};
}

void feed_begin(struct feed *feed, const struct scenario *scenario, uint64_t seed)
{
    *feed = (struct feed){.scenario = scenario, .luck = {seed * 0x2545f4914f6cdd1du + 99}, .own = {1, 1}};
}

static void begin_minute(struct feed *feed)
{
    feed->burst = feed->scenario->bursts && luck(&feed->luck) < 0.2;
    for (int d = 0; d < 2 && feed->scenario->noise > 0; d++)
        feed->own[d] = exp(feed->scenario->noise * luck_normal(&feed->luck));
}

/* A user that failed tries again, so often in all on average: a geometric number, all of them failures. */
static int64_t tries(struct feed *feed, int64_t failed)
{
    int64_t all = failed;
    for (int64_t i = 0; i < failed; i++)
        while (luck(&feed->luck) < 1 - 1 / feed->scenario->retries)
            all++;
    return all;
}

void feed_next(struct feed *feed, struct fy_count ret[2])
{
    const struct scenario *s = feed->scenario;
    const double past = fmin((double)feed->tick / SOAK, 1), usual = s->rate * (1 + (s->drift - 1) * past);
    if (feed->tick % A_MINUTE == 0)
        begin_minute(feed);
    for (int d = 0; d < 2; d++) {
        const double worse = d == 1 && feed->tick >= s->onset ? s->worse : 0;
        const double rate = fmin(usual * (feed->burst ? 10 : 1) * feed->own[d] + worse, 1);
        const int64_t users = luck_poisson(&feed->luck, s->minute[d] / A_MINUTE * (1 - s->thinning * past));
        const int64_t failed = luck_binomial(&feed->luck, users, rate);
        const int64_t counted = s->retries > 1 ? tries(feed, failed) : failed;
        ret[d] = (struct fy_count){.users = users - failed + counted, .failed = counted};
    }
    feed->tick++;
}
