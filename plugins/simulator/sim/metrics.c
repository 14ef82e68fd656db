/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counters as a monitoring system sees them: of each version, since the world began, by their 3GPP names in
 * Prometheus' text format. They count attempts, not users, and a count is there as soon as it happened.
 * Failures caused by users are among the attempts, as in a real network function, and have the cause "user".
 */
#include "sim/model.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *version_of(const struct sim_world *world, int domain)
{
    return world->split ? world->versions[domain] : world->versions[world->home];
}

static struct sim_total *total_of(struct sim_world *world, const char *version)
{
    for (size_t i = 0; i < world->total_count; i++)
        if (strcmp(world->totals[i].version, version) == 0)
            return &world->totals[i];
    world->totals = sim_grow(world->totals, world->total_count + 1, sizeof(*world->totals));
    struct sim_total *total = &world->totals[world->total_count++];
    *total = (struct sim_total){0};
    sim_copy(total->version, sizeof(total->version), version);
    return total;
}

void sim_attempted(struct sim_world *world, enum sim_domain domain, int kpi, bool failed, bool excused)
{
    struct sim_total *total = total_of(world, version_of(world, (int)domain));
    total->attempts[kpi]++;
    total->failed[kpi] += failed;
    total->excused[kpi] += excused;
}

/* ---- the text ---- */

struct page {
    char *text;
    size_t length, room;
    bool full;
};

static void __attribute__((format(printf, 2, 3))) put(struct page *page, const char *format, ...)
{
    char line[512];
    va_list values;
    va_start(values, format);
    int length = vsnprintf(line, sizeof(line), format, values);
    va_end(values);
    if (page->full || length < 0 || (size_t)length >= sizeof(line)) {
        page->full = true;
        return;
    }
    if (page->length + (size_t)length + 1 > page->room) {
        size_t room = (page->room + sizeof(line)) * 2;
        char *more = realloc(page->text, room);
        page->full = more == NULL;
        if (page->full)
            return;
        page->text = more;
        page->room = room;
    }
    memcpy(page->text + page->length, line, (size_t)length + 1);
    page->length += (size_t)length;
}

/* RM.RegInitReq becomes ferry_sim_rm_reginitreq_total. */
static void metric_name(const char *counter, char name[96])
{
    (void)snprintf(name, 96, "ferry_sim_%s_total", counter);
    for (char *at = name; *at != '\0'; at++)
        *at = isalnum((unsigned char)*at) ? (char)tolower((unsigned char)*at) : '_';
}

enum exported { ATTEMPTS, SUCCESSES, FAILURES };

static void put_counter(struct page *page, const struct sim_world *world, size_t kpi, enum exported which)
{
    const struct sim_kpi *row = &world->kpi[kpi];
    const char *const counters[] = {row->exported.attempts, row->exported.successes, row->exported.failures};
    char name[96];
    metric_name(counters[which], name);
    put(page, "# HELP %s Measurement %s.\n# TYPE %s counter\n", name, counters[which], name);
    for (size_t i = 0; i < world->total_count; i++) {
        const struct sim_total *total = &world->totals[i];
        int64_t attempts = total->attempts[kpi], failed = total->failed[kpi], excused = total->excused[kpi];
        char labels[128];
        (void)snprintf(labels, sizeof(labels), "nf=\"%s\",version=\"%s\"", world->set.nf, total->version);
        if (which != FAILURES) {
            put(page, "%s{%s} %lld\n", name, labels,
                (long long)(which == ATTEMPTS ? attempts : attempts - failed - excused));
            continue;
        }
        put(page, "%s{%s,cause=\"user\"} %lld\n", name, labels, (long long)excused);
        put(page, "%s{%s,cause=\"network\"} %lld\n", name, labels, (long long)failed);
    }
}

static void put_users(struct page *page, const struct sim_world *world)
{
    put(page, "# HELP ferry_sim_users Attached users.\n# TYPE ferry_sim_users gauge\n");
    for (int domain = 0; domain < DOMAINS; domain++) {
        if (!world->split && domain != (int)world->home)
            continue;
        for (int segment = 0; segment < SEGMENTS; segment++)
            put(page, "ferry_sim_users{nf=\"%s\",version=\"%s\",segment=\"%s\"} %u\n", world->set.nf,
                version_of(world, domain), sim_segment_names[segment], world->attached[domain][segment]);
    }
}

/* A version has its counters, at 0, before anybody uses it. */
static void begin_totals(struct sim_world *world)
{
    for (int domain = 0; domain < DOMAINS; domain++)
        if (world->split || domain == (int)world->home)
            (void)total_of(world, version_of(world, domain));
}

char *sim_world_metrics(struct sim_world *world)
{
    struct page page = {0};
    begin_totals(world);
    int64_t now = sim_world_now(world);
    put(&page, "# HELP ferry_sim_run_time_seconds Run time, seconds since 1970 UTC: the clock the counts "
               "belong to.\n"
               "# TYPE ferry_sim_run_time_seconds gauge\n");
    put(&page, "ferry_sim_run_time_seconds{nf=\"%s\"} %lld.%03d\n", world->set.nf, (long long)(now / 1000),
        (int)(now % 1000));
    put_users(&page, world);
    for (size_t kpi = 0; kpi < world->kpi_count; kpi++)
        for (int which = ATTEMPTS; which <= FAILURES; which++)
            put_counter(&page, world, kpi, (enum exported)which);
    if (!page.full)
        return page.text;
    free(page.text);
    return NULL;
}
