/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every state x every verb of state.def, performed: a run is brought into the state and told the verb. What
 * comes of it is the table of docs/states.md, which this test compares; with FERRY_WRITE=1 in the environment
 * it writes the page anew, and with FERRY_SHOW=1 it prints it together with the words of every refusal.
 */
#include "base/mem.h"
#include "run/fold.h"
#include "tests/support/harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define WORKFLOW(body)                                                                                       \
    "local wf = workflow { name = 'gray_upgrade', version = '1.0', api = 1 }\n"                              \
    "function wf:upgrade(nf, plan)\n" body "\nend\n"                                                         \
    "function wf:rollback(nf, plan, done) sleep '9h' end\nreturn wf\n"

#define UPGRADE_FAILS                                                                                        \
    "nf:upgrade { instances = list { 'nobody' }, version = '1.3.0', "                                        \
    "image = { ref = 'amf-svc:1.3.0', digest = 'sha256:a8d7' } }"

#define TWO_MINUTES_MS 120000
#define EVENTS         60 /* far enough for a verb to take effect, too few for a clock to run out */

/* How a run gets into a state: what it is told in which state, one after the other. */
static const struct place {
    const char *title, *state, *workflow;
    struct {
        const char *when, *verb; /* NULL: that is all */
    } told[3];
    bool waits; /* it begins a day before its window */
} places[] = {
    {.title = "SCHEDULED", .state = "SCHEDULED", .workflow = WORKFLOW("sleep '9h'"), .waits = true},
    {.title = "STARTING", .state = "STARTING", .workflow = WORKFLOW("sleep '9h'")},
    {.title = "PROCESSING", .state = "PROCESSING", .workflow = WORKFLOW("sleep '9h'")},
    {.title = "PROCESSING, asking",
     .state = "PROCESSING",
     .workflow = WORKFLOW("ask { 'Go on?', within = '9h' } sleep '9h'")},
    {.title = "PAUSED",
     .state = "PAUSED",
     .workflow = WORKFLOW("sleep '9h'"),
     .told = {{"PROCESSING", "pause"}}},
    {.title = "FAILED_TEMP, cancelled",
     .state = "FAILED_TEMP",
     .workflow = WORKFLOW("sleep '9h'"),
     .told = {{"PROCESSING", "cancel"}}},
    {.title = "FAILED_TEMP, a step failed",
     .state = "FAILED_TEMP",
     .workflow = WORKFLOW("nf:config_restore { id = 'nothing' } sleep '9h'")},
    {.title = "FAILED_TEMP, an upgrade failed",
     .state = "FAILED_TEMP",
     .workflow = WORKFLOW(UPGRADE_FAILS " sleep '9h'")},
    {.title = "ROLLING_BACK",
     .state = "ROLLING_BACK",
     .workflow = WORKFLOW("sleep '9h'"),
     .told = {{"PROCESSING", "rollback"}}},
    {.title = "COMPLETED", .state = "COMPLETED", .workflow = WORKFLOW("")},
    {.title = "COMMITTED", .state = "COMMITTED", .workflow = WORKFLOW(""), .told = {{"COMPLETED", "commit"}}},
    {.title = "ROLLED_BACK",
     .state = "ROLLED_BACK",
     .workflow = WORKFLOW("sleep '9h'"),
     .told = {{"SCHEDULED", "cancel"}},
     .waits = true},
    {.title = "FAILED",
     .state = "FAILED",
     .workflow = WORKFLOW("sleep '9h'"),
     .told = {{"PROCESSING", "cancel"}, {"FAILED_TEMP", "fail"}}},
};

/* Arguments a verb needs so that only the state can be a reason to refuse it; others have {"why"}. */
static const struct {
    const char *verb, *args;
} needs[] = {
    {"adjust", "{\"step\":2}"},
    {"set-aside", "{\"instances\":[\"amf-svc-03\"],\"why\":\"test\"}"},
    {"done-by-hand", "{\"step\":1,\"why\":\"test\"}"},
    {"retarget", "{\"images\":{\"SVC\":{\"ref\":\"amf-svc:1.3.1\"}},\"version\":\"1.3.1\",\"why\":\"test\"}"},
    {"amend", "{\"set\":{\"stage.50.soak\":\"PT20M\"}}"},
    {"waive-gate", "{\"gate\":\"ratio\",\"minutes\":30,\"why\":\"test\"}"},
    {"waive", "{\"check\":\"no_critical_alarms\",\"why\":\"test\"}"},
};

static const char *const all_verbs[] = {
#define STATE(NAME, name, final, means)
#define VERB(event)                            event,
#define EVENT(event)                           NULL,
#define MOVE(FROM, event, kind, condition, TO) kind(event)
#include "run/state/state.def"
#undef STATE
#undef MOVE
#undef VERB
#undef EVENT
};

static const char *args_of(const char *verb)
{
    for (size_t i = 0; i < FY_COUNT(needs); i++)
        if (strcmp(needs[i].verb, verb) == 0)
            return needs[i].args;
    return "{\"why\":\"test\"}";
}

/* Each verb once, in the order of the table. */
static size_t verbs(const char *ret[FY_COUNT(all_verbs)])
{
    size_t count = 0;
    for (size_t i = 0; i < FY_COUNT(all_verbs); i++) {
        bool known = all_verbs[i] == NULL;
        for (size_t k = 0; k < count && !known; k++)
            known = strcmp(ret[k], all_verbs[i]) == 0;
        if (!known)
            ret[count++] = all_verbs[i];
    }
    return count;
}

static bool settled(struct harness *h, const char *run, const struct place *place)
{
    if (strcmp(harness_state(h, run), place->state) != 0)
        return false;
    if (strstr(place->workflow, "ask {") == NULL)
        return true;
    json_t *view = harness_view(h, run);
    bool asked = json_object_get(view, "approval") != NULL;
    json_decref(view);
    return asked;
}

static char *bring(struct harness *h, const struct place *place)
{
    struct fy_err err;
    char *run = harness_submit(h, "amf");
    size_t next = 0;
    for (int i = 0; i < 5000; i++) {
        const char *now = harness_state(h, run);
        const bool more = next < FY_COUNT(place->told) && place->told[next].when != NULL;
        if (more && strcmp(now, place->told[next].when) == 0 &&
            harness_command(h, run, place->told[next].verb, NULL, &err))
            next++;
        else if (!more && settled(h, run, place))
            return run;
        if (!harness_event(h))
            break;
    }
    if (strcmp(harness_state(h, run), place->state) != 0)
        fail_msg("no way to %s: %s", place->title, harness_state(h, run));
    return run;
}

/* A run in its place. A refused verb changes nothing, so the next one is told the same run. */
struct scene {
    struct harness *h;
    char *run;
};

static void scene_end(struct scene *scene)
{
    free(scene->run);
    harness_free(scene->h);
    *scene = (struct scene){0};
}

static void scene_begin(struct scene *scene, const struct place *place)
{
    struct harness_options options = {.workflow = place->workflow};
    if (scene->h != NULL)
        return;
    if (place->waits)
        options.start_ms = 1795273200000; /* a day before the window of the order */
    scene->h = harness_new(&options);
    scene->run = bring(scene->h, place);
}

/* What the verb led to: a state, or NULL and why not. */
static char *perform(struct scene *scene, const struct place *place, const char *verb,
                     struct fy_buf *refusals, struct fy_err *err)
{
    scene_begin(scene, place);
    struct harness *h = scene->h;
    if (!harness_command(h, scene->run, verb, args_of(verb), err))
        return NULL;
    const int64_t until_ms = virtual_clock(h->time).wall_ms(h->time) + TWO_MINUTES_MS;
    for (int i = 0; i < EVENTS && strcmp(harness_state(h, scene->run), place->state) == 0; i++)
        if (virtual_clock(h->time).wall_ms(h->time) > until_ms || !harness_event(h))
            break;
    json_t *view = harness_view(h, scene->run);
    const char *refusal = fy_json_string_or(view, "refusal", NULL);
    char *result = fy_strdup(refusal != NULL ? "refused after a look" : harness_state(h, scene->run));
    if (refusal != NULL)
        fy_buf_format(refusals, "%s, %s: %s\n", place->title, verb, refusal);
    json_decref(view);
    scene_end(scene);
    return result;
}

static char *cell(struct scene *scene, struct fy_buf *refusals, const struct place *place, const char *verb)
{
    struct fy_err err = {0};
    char *result = perform(scene, place, verb, refusals, &err);
    if (result != NULL && strcmp(result, place->state) != 0)
        return result;
    free(result);
    if (err.kind == FY_ERR_NONE)
        return fy_strdup("stays");
    fy_buf_format(refusals, "%s, %s: %s (%s)\n", place->title, verb, err.message, err.hint);
    if (strstr(err.message, " is not possible in state ") == NULL &&
        strstr(err.message, " is over: ") == NULL) { /* the state allows it, something else does not */
        return fy_strdup("refused for its arguments");
    }
    if (strstr(err.message, " is over: ") != NULL)
        return fy_strdup("-");
    assert_non_null(strstr(err.message, verb));
    assert_non_null(strstr(err.message, place->state));
    assert_non_null(strstr(err.hint, "possible now: "));
    return fy_strdup("-");
}

static void write_head(struct fy_buf *page)
{
    fy_buf_text(
        page,
        "# States and verbs\n\n"
        "What each verb does in each state, as `tests/unit/run/test_states.c` performed it: the state it "
        "leads "
        "to, *stays* where it is\nrecorded and acted on without one, - where it is refused. A refusal names "
        "the state, says what it means and lists what is\npossible instead: `commit is not possible in state "
        "PROCESSING (the upgrade program runs)`, `possible now: adjust, pause, ...`.\n"
        "Of a run that is over nothing can be asked any more; adopt and clean free the network function that "
        "a failed "
        "one left dirty.\n*refused after a look*: the verb is legal, and what stands there does not allow it "
        "(here nobody is set aside, or repaired).\n"
        "`FERRY_SHOW=1 test_run_states` prints every refusal, `FERRY_WRITE=1` writes this page anew.\n\n"
        "| verb |");
    for (size_t p = 0; p < FY_COUNT(places); p++)
        fy_buf_format(page, " %s |", places[p].title);
    fy_buf_text(page, "\n|---|");
    for (size_t p = 0; p < FY_COUNT(places); p++)
        fy_buf_text(page, "---|");
    fy_buf_text(page, "\n");
}

static void write_page(struct fy_buf *page, struct fy_buf *refusals)
{
    const char *names[FY_COUNT(all_verbs)];
    char *cells[FY_COUNT(all_verbs)][FY_COUNT(places)];
    const size_t count = verbs(names);
    for (size_t p = 0; p < FY_COUNT(places); p++) {
        struct scene scene = {0};
        for (size_t i = 0; i < count; i++)
            cells[i][p] = cell(&scene, refusals, &places[p], names[i]);
        if (scene.h != NULL)
            scene_end(&scene);
    }
    write_head(page);
    for (size_t i = 0; i < count; i++) {
        fy_buf_format(page, "| %s |", names[i]);
        for (size_t p = 0; p < FY_COUNT(places); p++) {
            fy_buf_format(page, " %s |", cells[i][p]);
            free(cells[i][p]);
        }
        fy_buf_text(page, "\n");
    }
}

static void compare(const struct fy_buf *page)
{
    FY_AUTO(fy_buf_free) struct fy_buf kept = {0};
    FILE *file = fopen(SOURCE_DIR "/docs/states.md", getenv("FERRY_WRITE") != NULL ? "w" : "r");
    assert_non_null(file);
    if (getenv("FERRY_WRITE") != NULL) {
        (void)fputs(page->data, file);
        (void)fclose(file);
        return;
    }
    fy_buf_reserve(&kept, 1 << 20);
    kept.length = fread(kept.data, 1, 1 << 20, file);
    (void)fclose(file);
    if (kept.length != page->length || memcmp(kept.data, page->data, page->length) != 0) {
        puts(page->data);
        fail_msg("docs/states.md is not what the states do; FERRY_WRITE=1 writes it anew");
    }
}

static void test_every_verb_in_every_state_does_what_the_page_says(void **state)
{
    (void)state;
    FY_AUTO(fy_buf_free) struct fy_buf page = {0};
    FY_AUTO(fy_buf_free) struct fy_buf refusals = {0};
    write_page(&page, &refusals);
    if (getenv("FERRY_SHOW") != NULL)
        printf("%s\n%s", page.data, refusals.data);
    compare(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_verb_in_every_state_does_what_the_page_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
