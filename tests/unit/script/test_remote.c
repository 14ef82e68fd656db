/* SPDX-License-Identifier: Apache-2.0 */
/* The same seam over a process: batches, the guilty and the innocent. */
#include "kit.h"

#include "base/mem.h"
#include "script/event.h"
#include "script/remote.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#define RUNS 50

struct world {
    uv_loop_t loop;
    struct fy_script *script;
    struct fy_script_text texts[3]; /* prelude, a good workflow, a bad one */
    size_t calls[RUNS], answered;
    struct fy_script_event last[RUNS];
    bool done[RUNS];
    size_t finished, lost, errors;
    size_t limit; /* stop the loop when so many are finished */
};

static const char *const good =
    KIT_WORKFLOW("for i = 1, 20 do nf:call('acme.step', { i = i }) end return { run = 1 }");
static const char *const bad =
    KIT_WORKFLOW("nf:load() local x = ('x'):rep(1e6) local a, b = x .. 'a', x .. 'b' "
                 "while true do local c = a < b end");

static void start(struct world *world, size_t index, const char *history)
{
    char name[16];
    (void)snprintf(name, sizeof name, "r%zu", index);
    struct fy_script_past past[2] = {{"acme.step", "{\"i\":1}", "{\"ok\":true,\"result\":{}}"},
                                     {"acme.step", "{\"i\":2}", NULL}};
    struct fy_script_text texts[] = {world->texts[0], world->texts[index == 0 && history == NULL ? 2 : 1]};
    struct fy_script_start begin = {.run = name,
                                    .texts = texts,
                                    .text_count = 2,
                                    .api = 1,
                                    .function = "upgrade",
                                    .args = kit_args,
                                    .history = past,
                                    .history_count = history != NULL ? 2 : 0};
    world->script->start(world->script, &begin);
}

static void on_event(void *context, const struct fy_script_event *event)
{
    struct world *world = context;
    size_t index = strtoul(event->run + 1, NULL, 10);
    assert_true(index < RUNS);
    fy_event_free(&world->last[index]);
    fy_event_copy(event, &world->last[index]);
    world->answered++;
    if (event->kind == FY_SCRIPT_CALL) {
        world->calls[index]++;
        world->script->resume(world->script, event->run, "{\"ok\":true,\"result\":{}}");
    } else if (event->kind == FY_SCRIPT_LOST) {
        world->lost++;
        start(world, index, "some");
    } else {
        world->errors += event->kind == FY_SCRIPT_ERROR;
        world->finished++;
    }
    if (world->finished == world->limit)
        uv_stop(&world->loop);
}

static void open_world(struct world *world, int64_t limit_ms)
{
    struct fy_err err;
    *world = (struct world){.limit = RUNS};
    assert_int_equal(uv_loop_init(&world->loop), 0);
    struct fy_script_remote_options options = {
        .loop = &world->loop, .host_path = BINARY_DIR "/tests/unit/script/script_host", .limit_ms = limit_ms};
    world->script = fy_script_remote_new(&options, &err);
    assert_non_null(world->script);
    world->script->on_event = on_event;
    world->script->context = world;
    world->texts[0] = *fy_script_prelude();
    world->texts[1] = kit_text("workflow", good);
    world->texts[2] = kit_text("workflow", bad);
}

static void close_world(struct world *world)
{
    world->script->close(world->script);
    (void)uv_run(&world->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&world->loop), 0);
    for (size_t i = 0; i < RUNS; i++)
        fy_event_free(&world->last[i]);
}

static void test_remote_carries_many_runs_to_their_ends(void **state)
{
    (void)state;
    struct world world;
    open_world(&world, 0);
    for (size_t i = 0; i < RUNS; i++)
        start(&world, i, "some");
    (void)uv_run(&world.loop, UV_RUN_DEFAULT);
    for (size_t i = 0; i < RUNS; i++) {
        assert_int_equal(world.last[i].kind, FY_SCRIPT_DONE);
        assert_string_equal(world.last[i].result, "{\"run\":1}");
        assert_int_equal(world.calls[i], 19); /* the first was answered from its history */
    }
    close_world(&world);
}

static void test_remote_parks_the_run_that_hangs_and_replays_the_others(void **state)
{
    (void)state;
    struct world world;
    open_world(&world, 200);
    for (size_t i = 0; i < RUNS; i++)
        start(&world, i, i == 0 ? NULL : "some");
    (void)uv_run(&world.loop, UV_RUN_DEFAULT);
    assert_int_equal(world.errors, 1);
    assert_int_equal(world.last[0].kind, FY_SCRIPT_ERROR);
    assert_string_equal(world.last[0].reason, "hung");
    for (size_t i = 1; i < RUNS; i++)
        assert_int_equal(world.last[i].kind, FY_SCRIPT_DONE);
    close_world(&world);
}

static void on_kill(uv_timer_t *timer)
{
    struct world *world = timer->data;
    pid_t pid = fy_script_remote_pid(world->script);
    if (pid > 0)
        (void)kill(pid, SIGKILL);
    if (world->lost > 3 * RUNS)
        (void)uv_timer_stop(timer);
}

static void test_remote_survives_being_killed_again_and_again(void **state)
{
    (void)state;
    struct world world;
    open_world(&world, 0);
    uv_timer_t timer;
    timer.data = &world;
    assert_int_equal(uv_timer_init(&world.loop, &timer), 0);
    assert_int_equal(uv_timer_start(&timer, on_kill, 3, 3), 0);
    for (size_t i = 0; i < RUNS; i++)
        start(&world, i, "some");
    (void)uv_run(&world.loop, UV_RUN_DEFAULT);
    assert_int_equal(world.finished, RUNS);
    uv_close((uv_handle_t *)&timer, NULL);
    close_world(&world);
}

static void test_remote_does_not_mistake_a_late_answer(void **state)
{
    (void)state;
    struct world world;
    open_world(&world, 0);
    world.limit = 2;
    start(&world, 1, "some");
    world.script->drop(world.script, "r1"); /* its answer is on the way while r2 takes its place */
    start(&world, 2, "some");
    start(&world, 3, "some");
    (void)uv_run(&world.loop, UV_RUN_DEFAULT);
    assert_int_equal(world.calls[1], 0);
    assert_int_equal(world.calls[2], 19);
    assert_int_equal(world.calls[3], 19);
    close_world(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_remote_carries_many_runs_to_their_ends),
        cmocka_unit_test(test_remote_parks_the_run_that_hangs_and_replays_the_others),
        cmocka_unit_test(test_remote_survives_being_killed_again_and_again),
        cmocka_unit_test(test_remote_does_not_mistake_a_late_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
