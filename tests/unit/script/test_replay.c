/* SPDX-License-Identifier: Apache-2.0 */
/* A program that was interrupted goes on where it was, or says that it cannot. */
#include "kit.h"

#include "base/buf.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STEPS 20000

static const char *const three =
    KIT_WORKFLOW("phase 'one' nf:load() note 'between' phase 'two' nf:split() nf:collect()");

static void replay(struct kit *kit, const char *workflow, const struct fy_script_past *past, size_t count)
{
    struct fy_script_text texts[] = {*fy_script_prelude(), kit_text("workflow", workflow)};
    kit_start_with(kit, texts, 2, "upgrade", past, count);
}

static void test_replay_answers_from_the_history(void **state)
{
    (void)state;
    struct kit kit;
    struct fy_script_past past[] = {{"load", "{\"version\":\"1.3.0\"}", "{\"ok\":true,\"result\":{}}"},
                                    {"split", "{\"version\":\"1.3.0\"}", "{\"ok\":true,\"result\":{}}"}};
    kit_open(&kit, NULL);
    replay(&kit, three, past, 2);
    kit_is_call(&kit, "collect", "{}");
    assert_int_equal(kit.event.note_count, 0);
    kit_close(&kit);
}

static void test_replay_asks_the_open_step_again_without_its_notes(void **state)
{
    (void)state;
    struct kit kit;
    struct fy_script_past past[] = {{"load", "{\"version\":\"1.3.0\"}", "{\"ok\":true,\"result\":{}}"},
                                    {"split", "{\"version\":\"1.3.0\"}", NULL}};
    kit_open(&kit, NULL);
    replay(&kit, three, past, 2);
    kit_is_call(&kit, "split", "{\"version\":\"1.3.0\"}");
    assert_int_equal(kit.event.note_count, 0); /* they were recorded with the intent */
    replay(&kit, three, past, 1);
    kit_is_call(&kit, "split", "{\"version\":\"1.3.0\"}");
    assert_int_equal(kit.event.note_count, 2); /* these were not */
    kit_result(&kit, "{}");
    kit_is_call(&kit, "collect", "{}");
    kit_close(&kit);
}

static void test_replay_parks_a_workflow_that_changed(void **state)
{
    (void)state;
    struct kit kit;
    struct fy_script_past past[] = {{"load", "{\"version\":\"1.3.0\"}", "{\"ok\":true,\"result\":{}}"},
                                    {"split", "{\"version\":\"1.2.9\"}", "{\"ok\":true,\"result\":{}}"}};
    kit_open(&kit, NULL);
    replay(&kit, three, past, 2);
    kit_is_error(&kit, "diverged",
                 "workflow changed under a running upgrade: step 2 was split {\"version\":\"1.2.9\"} and is "
                 "now split {\"version\":\"1.3.0\"}");
    past[1].call = "collect";
    replay(&kit, three, past, 2);
    kit_is_error(&kit, "diverged", "step 2 was collect");
    replay(&kit, KIT_WORKFLOW("while true do pcall(nf.load, nf) end"), past, 2);
    kit_is_error(&kit, "diverged", "is now load");
    replay(&kit, KIT_WORKFLOW("nf:load()"), past, 2);
    kit_is_error(&kit, "diverged", "now the program ends before it");
    kit_close(&kit);
}

static void test_replay_repeats_a_failure_that_was_tried(void **state)
{
    (void)state;
    struct kit kit;
    struct fy_script_past past[] = {{"load", "{\"version\":\"1.3.0\"}",
                                     "{\"ok\":false,\"error\":{\"kind\":\"permanent\",\"message\":\"no\"}}"}};
    kit_open(&kit, NULL);
    replay(&kit,
           KIT_WORKFLOW("local ok, _, e = nf:try_load() nf:call('acme.x', { ok = ok, why = e.message })"),
           past, 1);
    kit_is_call(&kit, "acme.x", "{\"ok\":false,\"why\":\"no\"}");
    kit_close(&kit);
}

static void test_replay_is_fast(void **state)
{
    (void)state;
    struct kit kit;
    struct timespec begin, end;
    struct fy_script_past *past = FY_NEW_ARRAY(struct fy_script_past, STEPS);
    for (size_t i = 0; i < STEPS; i++)
        past[i] = (struct fy_script_past){"acme.step",
                                          fy_format("{\"instances\":[\"svc-%zu\"],\"n\":%zu}", i + 1, i + 1),
                                          "{\"ok\":true,\"result\":{\"upgraded\":1,\"items\":[{\"id\":\"svc-"
                                          "01\",\"state\":\"running\"}]}}"};
    kit_open(&kit, NULL);
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &begin);
    replay(&kit,
           KIT_WORKFLOW("local n = 0 for i = 1, 20000 do local r = nf:call('acme.step', "
                        "{ n = i, instances = { 'svc-' .. i } }) n = n + r.upgraded end return { n = n }"),
           past, STEPS);
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
    kit_is_done(&kit, "{\"n\":20000}");
    double seconds = (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9;
    print_message("replay: %.0f k steps/s\n", STEPS / seconds / 1e3);
    for (size_t i = 0; i < STEPS; i++)
        free((void *)(uintptr_t)past[i].args);
    free(past);
    kit_close(&kit);
}

/* Tables with many names, sorting and closures: what a hash seed or the clock could disturb. */
static const char *const busy =
    KIT_WORKFLOW("local t = {} for i = 1, 300 do t['k' .. i * 7919 % 1000] = i end "
                 "for k, v in pairs(t) do nf:call('acme.step', { [k] = v, k = k, f = tostring(phase), "
                 "m = string.format('%5.2f %s', v / 7, {}) }) end "
                 "local keys = {} for k in pairs(t) do keys[#keys + 1] = k end "
                 "table.sort(keys, function(a, b) return #a < #b end) nf:call('acme.keys', { keys = keys })");

/* The calls of a whole program as one text. */
static void put_calls(struct fy_buf *buf)
{
    struct kit kit;
    kit_open(&kit, NULL);
    kit_start(&kit, busy);
    while (kit.event.kind == FY_SCRIPT_CALL) {
        fy_buf_text(buf, kit.event.call);
        fy_buf_text(buf, kit.event.args);
        kit_result(&kit, "{}");
    }
    assert_int_equal(kit.event.kind, FY_SCRIPT_DONE);
    kit_close(&kit);
}

static void test_replay_gives_the_same_calls_in_every_process(void **state)
{
    (void)state;
    FY_AUTO(fy_buf_free) struct fy_buf mine = {0};
    put_calls(&mine);
    for (int i = 0; i < 20; i++) {
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0) {
            (void)dup2(ends[1], STDOUT_FILENO);
            (void)close(ends[0]);
            (void)close(ends[1]);
            (void)execl("/proc/self/exe", "test_script_replay", "--calls", (char *)NULL);
            _exit(1);
        }
        (void)close(ends[1]);
        FY_AUTO(fy_buf_free) struct fy_buf theirs = {0};
        char part[4096];
        for (ssize_t got; (got = read(ends[0], part, sizeof part)) > 0;)
            fy_buf_put(&theirs, part, (size_t)got);
        (void)close(ends[0]);
        int status;
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_int_equal(status, 0);
        assert_string_equal(theirs.data, mine.data);
    }
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--calls") == 0) {
        FY_AUTO(fy_buf_free) struct fy_buf buf = {0};
        put_calls(&buf);
        return fwrite(buf.data, 1, buf.length, stdout) == buf.length ? 0 : 1;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_replay_answers_from_the_history),
        cmocka_unit_test(test_replay_asks_the_open_step_again_without_its_notes),
        cmocka_unit_test(test_replay_parks_a_workflow_that_changed),
        cmocka_unit_test(test_replay_repeats_a_failure_that_was_tried),
        cmocka_unit_test(test_replay_is_fast),
        cmocka_unit_test(test_replay_gives_the_same_calls_in_every_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
