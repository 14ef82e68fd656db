/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The engine dies between any two things that happen in a run (a commit, an answer, a timer) and another one
 * takes over: the end is the same, and no step acts twice under different keys.
 */
#include "base/mem.h"
#include "tests/support/harness.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char workflow[] = "local wf = workflow { name = 'gray_upgrade', version = '1.0', api = 1 }\n"
                               "function wf:upgrade(nf, plan)\n"
                               "  phase 'freeze'\n"
                               "  nf:suspend 'healing' nf:suspend 'config-freeze'\n"
                               "  nf:load() nf:split()\n"
                               "  phase 'first'\n"
                               "  for batch in plan:slice() do\n"
                               "    nf:upgrade(batch)\n"
                               "    if batch.role == 'data-storage' then nf:readmit(batch) end\n"
                               "    nf:wait_sync(batch)\n"
                               "    break\n"
                               "  end\n"
                               "  sleep '1s'\n"
                               "  ask { 'Go on?', within = '1h' }\n"
                               "  nf:try_config_restore { id = 'nothing' }\n"
                               "  nf:release_guards()\n"
                               "end\n"
                               "return wf\n";

/* What the adapters were asked to do: key and verb, in the order of first asking. */
struct acts {
    char lines[64][160];
    size_t count;
};

static bool note_act(void *ctx, const struct fy_adapter_call *call)
{
    struct acts *acts = ctx;
    char line[160];
    if (call->key[0] == '\0')
        return false;
    (void)snprintf(line, sizeof line, "%s %s", call->key, call->verb);
    for (size_t i = 0; i < acts->count; i++)
        if (strcmp(acts->lines[i], line) == 0)
            return false;
    assert_true(acts->count < 64);
    memcpy(acts->lines[acts->count++], line, sizeof line);
    return false;
}

/* One run, with a crash after that many events (-1: none); the shape of its journal, and its acts. */
struct result {
    struct acts acts;
    char *outcomes; /* every step with its outcome, without times and restarts */
    long events;
    char state[32];
};

static bool add_outcome(void *context, const struct fy_row *row)
{
    struct fy_buf *buf = context;
    if (row->kind == FY_REC_INTENT)
        fy_buf_format(buf, "%.*s\n", (int)row->body_length, row->body);
    if (row->kind == FY_REC_GUARD_TAKEN || row->kind == FY_REC_GUARD_RELEASED)
        fy_buf_format(buf, "%.*s\n", (int)row->body_length, row->body);
    return true;
}

static void answer(struct harness *h, const char *run)
{
    struct fy_err err;
    json_t *view = harness_view(h, run);
    if (json_object_get(view, "approval") != NULL)
        (void)harness_command(h, run, "approve", NULL, &err);
    json_decref(view);
}

static struct result run_once(long crash_at, long crash_again)
{
    struct result result = {0};
    struct fy_err err = {0};
    struct harness *h = harness_new(&(struct harness_options){.workflow = workflow});
    struct fy_local_faults faults = {.before = note_act, .ctx = &result.acts};
    fy_local_set_faults(h->local, &faults);
    char *run = harness_submit(h, "amf");
    while (harness_event(h)) { /* durable, or it does not exist */
        if (strcmp(harness_state(h, run), "") != 0)
            break;
    }
    for (result.events = 0; result.events < 100000; result.events++) {
        const char *state = harness_state(h, run);
        if (strcmp(state, "COMPLETED") == 0 || strcmp(state, "FAILED_TEMP") == 0)
            break;
        answer(h, run);
        if (result.events == crash_at || result.events == crash_again)
            harness_crash(h);
        else if (!harness_event(h))
            break;
    }
    (void)snprintf(result.state, sizeof result.state, "%s", harness_state(h, run));
    struct fy_buf buf = {0};
    assert_true(h->store->read(h->store, run, 0, add_outcome, &buf, &err));
    result.outcomes = fy_buf_take(&buf);
    if (strcmp(result.state, "COMPLETED") != 0) {
        char *text = harness_transcript(h, run);
        puts(text);
        free(text);
    }
    free(run);
    harness_free(h);
    return result;
}

static void assert_same(const struct result *wanted, const struct result *got, long crash_at)
{
    if (strcmp(wanted->state, got->state) != 0 || strcmp(wanted->outcomes, got->outcomes) != 0)
        print_error("crash after event %ld: %s\n%s\nwanted\n%s", crash_at, got->state, got->outcomes,
                    wanted->outcomes);
    assert_string_equal(wanted->state, got->state);
    assert_string_equal(wanted->outcomes, got->outcomes);
    assert_int_equal(wanted->acts.count, got->acts.count);
    for (size_t i = 0; i < wanted->acts.count; i++)
        assert_string_equal(wanted->acts.lines[i], got->acts.lines[i]);
}

static void test_a_crash_between_any_two_events_changes_nothing(void **state)
{
    (void)state;
    struct result wanted = run_once(-1, -1);
    assert_string_equal(wanted.state, "COMPLETED");
    for (long at = 0; at < wanted.events; at++) {
        struct result got = run_once(at, -1);
        assert_same(&wanted, &got, at);
        free(got.outcomes);
    }
    free(wanted.outcomes);
}

static void test_a_crash_during_the_recovery_changes_nothing(void **state)
{
    (void)state;
    struct result wanted = run_once(-1, -1);
    for (long at = 0; at < wanted.events; at += 7)
        for (long again = 1; again <= 3; again++) {
            struct result got = run_once(at, at + again);
            assert_same(&wanted, &got, at);
            free(got.outcomes);
        }
    free(wanted.outcomes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_crash_between_any_two_events_changes_nothing),
        cmocka_unit_test(test_a_crash_during_the_recovery_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
