/* SPDX-License-Identifier: Apache-2.0 */
/*
 * judge_upgrades [--good N] [--worse N]: whole upgrades of the simulator's trial order, engine, workflow and
 * simulated core in one process, each with a seed of its own: how many good ones are rolled back, and what
 * becomes of targets that are worse, better, or refuse before they count. Exit code 1 if something did not
 * end as it should.
 */
#include "run/live.h"
#include "tests/support/harness.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVENTS 2000000

struct ending {
    enum fy_state state;
    bool rolled_back; /* by a verdict */
    bool parked;      /* a person was asked */
    int64_t after_ms; /* counted time from the beginning of the stage to that verdict */
    int64_t harmed;
    char sentence[512];
};

static const struct upgrade {
    const char *name, *faults;
    bool is_good;
} upgrades[] = {
    {"as good", "", true},
    {"0.3 points worse on registration",
     ",\"faults\":[{\"fault\":\"target_failure_permyriad\",\"value\":30,\"on\":\"amf.initial_registration\"}"
     "]",
     false},
    {"1 point worse on registration",
     ",\"faults\":[{\"fault\":\"target_failure_permyriad\",\"value\":100,\"on\":\"amf.initial_registration\"}"
     "]",
     false},
    {"5 points worse on registration",
     ",\"faults\":[{\"fault\":\"target_failure_permyriad\",\"value\":500,\"on\":\"amf.initial_registration\"}"
     "]",
     false},
    {"refuses everything before it is counted", ",\"faults\":[{\"fault\":\"target_refuses_uncounted\"}]",
     false},
    {"better: the source is 1 point worse everywhere",
     ",\"faults\":[{\"fault\":\"target_failure_permyriad\",\"value\":100,\"version\":\"1.2.0\"}]", true},
};

/* The verdict that ended it, from the records. */
static bool read_row(void *context, const struct fy_row *row)
{
    struct ending *ending = context;
    const json_t *kpi = NULL;
    size_t i = 0;
    if (row->kind != FY_REC_VERDICT || ending->rolled_back)
        return true;
    FY_AUTO(fy_json_unref) json_t *doc = fy_json_parse(row->body, row->body_length, "verdict", NULL);
    const json_t *evidence = json_object_get(doc, "evidence");
    ending->rolled_back = strcmp(fy_json_string_or(doc, "verdict", ""), "rollback") == 0;
    if (!ending->rolled_back)
        return true;
    ending->after_ms = fy_json_int_or(evidence, "covered_ms", 0);
    (void)snprintf(ending->sentence, sizeof ending->sentence, "%s", fy_json_string_or(doc, "sentence", ""));
    json_array_foreach(json_object_get(evidence, "kpis"), i, kpi)
    {
        const int64_t harmed = fy_json_int_or(kpi, "harmed", 0);
        ending->harmed = harmed > ending->harmed ? harmed : ending->harmed;
    }
    return true;
}

/* Of a worse one a person may be asked first; the gates stay live meanwhile. */
static bool has_ended(const struct upgrade *upgrade, enum fy_state state)
{
    return state == FY_STATE_COMPLETED || (state == FY_STATE_FAILED_TEMP && upgrade->is_good) ||
           fy_state_final(state);
}

static struct ending play(const struct upgrade *upgrade, long seed)
{
    char world[512];
    struct ending ending = {.state = FY_STATE_NONE};
    struct fy_err err;
    (void)snprintf(world, sizeof world, "{\"seed\":%ld%s}", seed, upgrade->faults);
    struct harness *h = harness_new(&(struct harness_options){.world = world});
    char *run = harness_submit(h, "trial");
    bool asked = false;
    for (long i = 0; i < EVENTS && !has_ended(upgrade, ending.state); i++) {
        const struct fy_live *live = fy_live_find(h->engine, run);
        ending.parked |= ending.state == FY_STATE_FAILED_TEMP;
        ending.state = live != NULL ? live->run->state : fy_state_parse(harness_state(h, run));
        const bool asks = live != NULL && live->run->approval.open;
        asked = asks && (asked || harness_command(h, run, "approve", NULL, &err));
        if (!harness_event(h))
            break;
    }
    (void)h->store->read(h->store, run, 0, read_row, &ending, &err);
    free(run);
    harness_free(h);
    return ending;
}

static bool is_right(const struct upgrade *upgrade, const struct ending *ending)
{
    return upgrade->is_good ? ending->state == FY_STATE_COMPLETED
                            : ending->rolled_back && ending->state == FY_STATE_ROLLED_BACK;
}

static long several(const struct upgrade *upgrade, long count, long first)
{
    long right = 0, back = 0, shown = 0, parked = 0;
    double seconds = 0, harmed = 0;
    char example[512] = "";
    for (long seed = first; seed < first + count; seed++) {
        const struct ending ending = play(upgrade, seed);
        const bool ok = is_right(upgrade, &ending);
        right += ok;
        back += ending.rolled_back;
        parked += ending.parked;
        seconds += ending.rolled_back ? (double)ending.after_ms / 1000 : 0;
        harmed += (double)ending.harmed;
        if (ending.rolled_back && example[0] == '\0')
            memcpy(example, ending.sentence, sizeof example);
        if (!ok && shown++ < 5)
            (void)printf("  seed %ld: %s %s\n", seed, fy_state_name(ending.state), ending.sentence);
        (void)fflush(stdout);
    }
    (void)printf("%-48s %4ld of %4ld ended as they should, %ld rolled back", upgrade->name, right, count,
                 back);
    if (parked > 0)
        (void)printf(", %ld of them after a person was asked", parked);
    if (back > 0)
        (void)printf(" after %.0f s of the stage on average, about %.1f users harmed each",
                     seconds / (double)back, harmed / (double)back);
    (void)printf("\n%s%s%s", example[0] != '\0' ? "    " : "", example, example[0] != '\0' ? "\n" : "");
    (void)fflush(stdout);
    return count - right;
}

static long number(int argc, char **argv, const char *name, long otherwise)
{
    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], name) == 0)
            return strtol(argv[i + 1], NULL, 10);
    return otherwise;
}

int main(int argc, char **argv)
{
    const long good = number(argc, argv, "--good", 1000), worse = number(argc, argv, "--worse", 20);
    long wrong = 0, most = 0;
    for (size_t i = FY_COUNT(upgrades); i-- > 0;) {
        const long count = i == 0 ? good : worse, failed = several(&upgrades[i], count, 1);
        wrong += i == 0 ? 0 : failed;
        most = i == 0 ? failed : most;
    }
    /* two soaks each: one in fifty may be rolled back */
    return wrong == 0 && (double)most <= 0.02 * (double)good + 2 ? 0 : 1;
}
