/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Nth call to the store fails, for every N of a small upgrade: a commit once, ten times, for ten minutes,
 * or for ten minutes in which the engine dies; a read once and three times, in a recovery after a crash.
 * While commits fail nothing acts that is not durable, what is asked is answered, verbs are refused in a
 * sentence, and the run says what it waits for.
 */
#include "base/mem.h"
#include "tests/fault/upgrade.h"

#include <stdio.h>
#include <string.h>

#define AWAY_MS (10LL * 60 * 1000)

enum kind { ONCE, TEN_TIMES, AWAY, AWAY_AND_DEAD, READ_ONCE, READ_THRICE, KINDS };

static const char *const kind_names[KINDS] = {
    "commit fails once",       "commit fails ten times",      "commits fail for ten minutes",
    "and the engine dies too", "read fails, after a restart", "three reads fail, after a restart"};

static struct {
    enum kind kind;
    unsigned at;      /* the commit, or the event after which the engine dies */
    unsigned nth;     /* read after that */
    int64_t since_ms; /* the outage; 0: not yet */
    bool died, seen;
    unsigned reads_before;
} plan;

static struct upgrade undisturbed;

static int64_t now_ms(const struct upgrade *u)
{
    struct fy_clock clock = virtual_clock(u->h->time);
    return clock.machine(clock.self).ns / 1000000;
}

static bool commit_fails(struct upgrade *u, unsigned number)
{
    if (number < plan.at)
        return false;
    if (plan.since_ms == 0)
        plan.since_ms = now_ms(u) + 1;
    if (plan.kind == ONCE)
        return number == plan.at;
    if (plan.kind == TEN_TIMES)
        return number < plan.at + 10;
    return now_ms(u) < plan.since_ms + AWAY_MS;
}

static bool read_fails(struct upgrade *u, unsigned number)
{
    (void)u;
    unsigned from = plan.reads_before + plan.nth, count = plan.kind == READ_ONCE ? 1 : 3;
    return plan.died && number >= from && number < from + count;
}

/* What an operator sees of a store that cannot be written: asked in the first moments of each outage. */
static void look_at_trouble(struct upgrade *u)
{
    struct fy_err err = {0};
    if (plan.seen || u->run == NULL || fy_journal_trouble(u->h->journal) == NULL)
        return;
    plan.seen = true;
    struct fy_buf text = {0};
    if (!fy_engine_show(u->h->engine, u->run, &text, &err)) {
        if (err.kind != FY_ERR_NOT_FOUND && err.kind != FY_ERR_TRANSIENT) /* its order is not durable yet */
            upgrade_wrong(u, "not shown while the store cannot be written: %s", err.message);
        fy_buf_free(&text);
        return;
    }
    if (strstr(text.data, "the store cannot be written since") == NULL)
        upgrade_wrong(u, "the view does not speak of the store: %.300s", text.data);
    fy_buf_free(&text);
    if (harness_command(u->h, u->run, "pause", NULL, &err) || err.kind != FY_ERR_TRANSIENT ||
        strstr(err.message, "the store cannot be written") == NULL)
        upgrade_wrong(u, "pause while the store cannot be written: %s", err.message);
}

static bool before_event(struct upgrade *u)
{
    bool dies = plan.kind == AWAY_AND_DEAD ? plan.since_ms > 0 && now_ms(u) > plan.since_ms + AWAY_MS / 2
                                           : plan.kind >= READ_ONCE && u->events == (long)plan.at;
    if (dies && !plan.died) {
        plan.died = true;
        plan.reads_before = u->reads;
        harness_crash(u->h);
    }
    look_at_trouble(u);
    return true;
}

static bool note_act(void *ctx, const struct fy_adapter_call *call)
{
    upgrade_acts(ctx, call);
    return false;
}

static struct upgrade *run_one(void)
{
    struct upgrade *u = upgrade_new(NULL, NULL);
    struct fy_local_faults faults = {.before = note_act, .ctx = u};
    fy_local_set_faults(u->h->local, &faults);
    u->before_event = before_event;
    if (plan.at > 0) {
        u->commit_fails = plan.kind < READ_ONCE ? commit_fails : NULL;
        u->read_fails = plan.kind >= READ_ONCE ? read_fails : NULL;
    }
    upgrade_run(u);
    upgrade_judge(u);
    return u;
}

/* ---- the cases: kinds of commit x commits, then kinds of read x moments of death x reads of a recovery ----
 */

#define MOMENTS        40
#define RECOVERY_READS 8

static size_t commit_cases(void)
{
    return (size_t)READ_ONCE * undisturbed.commits;
}

static void set_plan(size_t number)
{
    memset(&plan, 0, sizeof plan);
    if (number < commit_cases()) {
        plan.kind = (enum kind)(number / undisturbed.commits);
        plan.at = (unsigned)(number % undisturbed.commits) + 1;
        return;
    }
    number -= commit_cases();
    plan.kind = (enum kind)(READ_ONCE + number / ((size_t)MOMENTS * RECOVERY_READS));
    number %= (size_t)MOMENTS * RECOVERY_READS;
    plan.at = (unsigned)(3 + number / RECOVERY_READS * ((size_t)undisturbed.events - 4) / MOMENTS);
    plan.nth = (unsigned)(number % RECOVERY_READS) + 1;
}

static void label(size_t number, char *text, size_t size)
{
    set_plan(number);
    if (plan.kind < READ_ONCE)
        (void)snprintf(text, size, "%s, commit %u", kind_names[plan.kind], plan.at);
    else
        (void)snprintf(text, size, "%s at event %u, read %u", kind_names[plan.kind], plan.at, plan.nth);
}

static bool run_case(size_t number, char *why, size_t why_size)
{
    set_plan(number);
    struct upgrade *u = run_one();
    if (strcmp(u->end, undisturbed.end) != 0)
        upgrade_wrong(u, "another end: %s", u->end);
    if (u->parked > 0)
        upgrade_wrong(u, "parked: %s", u->last_park);
    if (plan.kind > ONCE && plan.kind < READ_ONCE && !plan.seen) /* once may be over before anybody looks */
        upgrade_wrong(u, "nobody was told that the store cannot be written");
    (void)snprintf(why, why_size, "%s", u->wrong);
    bool passed = u->wrong[0] == '\0';
    upgrade_free(u);
    return passed;
}

int main(int argc, char **argv)
{
    struct cases cases = {.name = "store calls", .run = run_case, .label = label};
    cases_options(&cases, argc, argv);
    struct upgrade *u = run_one();
    undisturbed = *u;
    if (u->wrong[0] != '\0' || u->parked > 0) {
        (void)printf("an undisturbed run is wrong already: %s %s\n", u->wrong, u->last_park);
        return 1;
    }
    (void)printf("store calls: an undisturbed run makes %u commits and %u reads in %ld events\n", u->commits,
                 u->reads, u->events);
    upgrade_free(u);
    cases.count = commit_cases() + (size_t)2 * MOMENTS * RECOVERY_READS;
    return cases_run(&cases) == 0 ? 0 : 1;
}
