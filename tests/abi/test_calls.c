/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that go wrong in every way: each gets its answer, and the engine's side and the neighbours go on. */
#include "tests/abi/kit.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define TWO "\"a\":{\"plugin\":\"probe\"},\"b\":{\"plugin\":\"probe\"}"

static void assert_says(const char *text, const char *part)
{
    if (text == NULL || strstr(text, part) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", text != NULL ? text : "(null)", part);
}

static void test_each_kind_of_reply_arrives_whole(void **state)
{
    (void)state;
    struct kit kit;
    struct kept kept;
    kit_open(&kit, PLUGINS, TWO, 0);
    assert_false(fy_remote_settled(kit.remote));
    kit_wait_state(&kit, "a", FY_ADAPTER_READY);
    kit_wait_state(&kit, "b", FY_ADAPTER_READY);
    assert_true(fy_remote_settled(kit.remote));
    kit_ask(&kit, "a", "test.count", "{}", &kept);
    assert_int_equal(kept.reply.status, FY_REPLY_DONE);
    assert_says(kept.result, "{\"asked\":1,\"key\":\"run-1/7\",");
    assert_int_equal(kept.reply.settle_ms, 40);
    kept_free(&kept);
    kit_ask(&kit, "a", "test.again", "{}", &kept);
    assert_int_equal(kept.reply.status, FY_REPLY_AGAIN);
    assert_int_equal(kept.reply.after_ms, 250);
    assert_int_equal(kept.reply.done, 3);
    assert_int_equal(kept.reply.total, 8);
    kept_free(&kept);
    kit_ask(&kit, "a", "test.fails", "{}", &kept);
    assert_int_equal(kept.reply.status, FY_REPLY_FAILED);
    assert_int_equal(kept.reply.failure, FY_ERR_REFUSED);
    assert_string_equal(kept.message, "quota \"gold\" is used up "); /* one line */
    kept_free(&kept);
    kit_ask(&kit, "a", "test.unsure", "{}", &kept);
    assert_int_equal(kept.reply.status, FY_REPLY_UNSURE);
    kept_free(&kept);
    kit_close(&kit);
}

static void test_what_an_adapter_answers_wrongly_is_its_failure(void **state)
{
    (void)state;
    static const struct {
        const char *verb, *args, *sentence;
        enum fy_err_kind kind;
    } cases[] = {
        {"test.silent", "{}", "returned without an answer", FY_ERR_PERMANENT},
        {"test.garbage", "{}", "(connection a, verb test.garbage) gave a bad result", FY_ERR_PERMANENT},
        {"test.list", "{}", "gave a bad result: it is not a JSON object", FY_ERR_PERMANENT},
        {"test.huge", "{}", "gave a result of more than 16 MiB", FY_ERR_PERMANENT},
        {"test.count", "{\"x\":1}", "arguments of test.count: x is not an argument of this verb",
         FY_ERR_INVALID},
        {"test.count", "[]", "arguments of test.count: it is an array; it must be an object", FY_ERR_INVALID},
        {"upgrade", "{}", "adapter probe of connection a has no verb upgrade", FY_ERR_PERMANENT},
    };
    struct kit kit;
    kit_open(&kit, PLUGINS, TWO, 0);
    for (size_t i = 0; i < FY_COUNT(cases); i++) {
        struct kept kept;
        kit_ask(&kit, "a", cases[i].verb, cases[i].args, &kept);
        assert_int_equal(kept.reply.status, FY_REPLY_FAILED);
        assert_int_equal(kept.reply.failure, cases[i].kind);
        assert_says(kept.message, cases[i].sentence);
        kept_free(&kept);
    }
    struct kept kept;
    kit_ask(&kit, "c", "test.count", "{}", &kept);
    assert_says(kept.message, "there is no connection c");
    kept_free(&kept);
    kit_close(&kit);
}

/* A call that takes its host along, one that waits behind it, and one in another host. */
static void check_lost(const char *verb, int64_t limit_ms, const char *sentence)
{
    struct kit kit;
    struct kept guilty, behind, aside, later;
    kit_open(&kit, PLUGINS, TWO, limit_ms);
    kit_wait_state(&kit, "a", FY_ADAPTER_READY);
    (void)kit_call(&kit, "a", verb, "{}", &guilty);
    (void)kit_call(&kit, "a", "test.count", "{}", &behind);
    (void)kit_call(&kit, "b", "test.count", "{}", &aside);
    kit_wait(&kit, &guilty.came);
    assert_int_equal(guilty.reply.status, FY_REPLY_UNKNOWN);
    assert_true(guilty.reply.host_died);
    assert_true(guilty.reply.suspect);
    assert_int_equal(guilty.reply.settle_ms, 500);
    assert_says(guilty.message, sentence);
    kit_wait(&kit, &behind.came);
    assert_int_equal(behind.reply.status, FY_REPLY_UNKNOWN);
    assert_false(behind.reply.suspect);
    kit_wait(&kit, &aside.came);
    assert_int_equal(aside.reply.status, FY_REPLY_DONE);
    kit_ask(&kit, "a", "test.count", "{}", &later); /* another host is there */
    assert_int_equal(later.reply.status, FY_REPLY_DONE);
    assert_says(later.result, "{\"asked\":1,");
    kept_free(&guilty);
    kept_free(&behind);
    kept_free(&aside);
    kept_free(&later);
    kit_close(&kit);
}

static void test_a_crash_loses_its_host_and_nothing_else(void **state)
{
    (void)state;
    check_lost("test.crash", 0,
               "connection a: the host of plugin probe died under test.crash (signal 6 (Aborted))");
}

static void test_an_exit_loses_its_host_and_nothing_else(void **state)
{
    (void)state;
    check_lost("test.exit", 0, "died under test.exit (exit status 3)");
}

static void test_a_hang_is_killed_after_the_limit(void **state)
{
    (void)state;
    check_lost("test.hang", 300, "its host did not answer test.hang within 0.3 s and was killed");
}

static void test_a_host_that_speaks_nonsense_is_killed(void **state)
{
    (void)state;
    struct kit kit;
    struct kept kept;
    kit_open(&kit, PLUGINS, TWO, 0);
    kit_ask(&kit, "a", "test.forge", "{}", &kept);
    assert_int_equal(kept.reply.status, FY_REPLY_UNKNOWN);
    assert_says(kept.message, "cannot be read and was killed");
    kept_free(&kept);
    kit_close(&kit);
}

static void test_a_crash_loop_is_said_in_one_sentence(void **state)
{
    (void)state;
    struct kit kit;
    struct kept kept;
    kit_open(&kit, PLUGINS, "\"a\":{\"plugin\":\"bad_constructor_exits\"}", 0);
    do {
        kit_ask(&kit, "a", "test.count", "{}", &kept);
        assert_int_equal(kept.reply.failure, FY_ERR_TRANSIENT);
        const char *problem = kit.adapters->describe(kit.adapters->self, "a")->problem;
        kept.reply.suspect = strstr(problem, "as it does each time; it is tried again with pauses") != NULL;
        if (kept.reply.suspect)
            assert_string_equal(kept.message, problem);
        bool found = kept.reply.suspect;
        kept_free(&kept);
        if (found)
            break;
        (void)uv_run(&kit.loop, UV_RUN_NOWAIT);
    } while (true);
    kit_close(&kit);
}

static void test_a_forgotten_call_is_not_answered(void **state)
{
    (void)state;
    struct kit kit;
    struct kept forgotten, kept;
    kit_open(&kit, PLUGINS, TWO, 0);
    uint64_t handle = kit_call(&kit, "a", "test.count", "{}", &forgotten);
    kit.adapters->forget(kit.adapters->self, handle);
    kit_ask(&kit, "a", "test.count", "{}", &kept);
    assert_false(forgotten.came);
    assert_says(kept.result, "\"asked\":2");
    kept_free(&kept);
    kit_close(&kit);
}

static void test_a_killed_host_is_replaced(void **state)
{
    (void)state;
    struct kit kit;
    struct kept before, after;
    kit_open(&kit, PLUGINS, TWO, 0);
    kit_ask(&kit, "a", "test.count", "{}", &before);
    (void)kit_call(&kit, "a", "test.hang", "{}", &after);
    kit.adapters->kill(kit.adapters->self, "a");
    kit_wait(&kit, &after.came);
    assert_int_equal(after.reply.status, FY_REPLY_UNKNOWN);
    kept_free(&after);
    kit_ask(&kit, "a", "test.count", "{}", &after);
    assert_int_equal(after.reply.status, FY_REPLY_DONE);
    assert_string_not_equal(before.result, after.result); /* it has another pid */
    kept_free(&before);
    kept_free(&after);
    kit_close(&kit);
}

static void test_an_observation_does_not_wait_behind_an_act(void **state)
{
    (void)state;
    struct kit kit;
    struct kept act, look;
    kit_open(&kit, PLUGINS, TWO, 0);
    (void)kit_call(&kit, "a", "test.hang", "{}", &act);
    kit_ask(&kit, "a", "test.echo", "{\"n\":1}", &look);
    assert_int_equal(look.reply.status, FY_REPLY_DONE);
    assert_false(act.came);
    kept_free(&look);
    kit_close(&kit);
    kept_free(&act);
}

static void test_a_thread_safe_adapter_acts_side_by_side(void **state)
{
    (void)state;
    struct kit kit;
    struct kept stuck, kept;
    kit_open(&kit, PLUGINS, "\"a\":{\"plugin\":\"probe_threads\"}", 0);
    (void)kit_call(&kit, "a", "test.hang", "{}", &stuck);
    kit_ask(&kit, "a", "test.count", "{}", &kept);
    assert_int_equal(kept.reply.status, FY_REPLY_DONE);
    kept_free(&kept);
    kit_close(&kit);
}

static void test_large_results_pass(void **state)
{
    (void)state;
    struct kit kit;
    struct kept kept[6];
    kit_open(&kit, PLUGINS, TWO, 0);
    for (size_t i = 0; i < FY_COUNT(kept); i++) /* more together than one message may have */
        (void)kit_call(&kit, "a", "test.large", "{}", &kept[i]);
    for (size_t i = 0; i < FY_COUNT(kept); i++) {
        kit_wait(&kit, &kept[i].came);
        assert_int_equal(kept[i].reply.status, FY_REPLY_DONE);
        assert_int_equal(strlen(kept[i].result), 15u * 1024 * 1024);
        kept_free(&kept[i]);
    }
    kit_close(&kit);
}

static void test_an_endpoint_that_cannot_be_reached_is_said_and_tried_again(void **state)
{
    (void)state;
    struct kit kit;
    struct kept kept;
    kit_open(&kit, PLUGINS, "\"a\":{\"plugin\":\"probe\",\"settings\":{\"endpoint\":\"nowhere\"}}", 0);
    kit_ask(&kit, "a", "test.count", "{}", &kept);
    assert_int_equal(kept.reply.failure, FY_ERR_TRANSIENT);
    assert_string_equal(kept.message,
                        "connection a: adapter probe cannot connect: connection refused by nowhere:1");
    kept_free(&kept);
    kit_close(&kit);
}

static void check_settings(const char *connection, const char *sentence)
{
    struct kit kit;
    kit_open(&kit, PLUGINS, connection, 0);
    kit_wait_state(&kit, "a", FY_ADAPTER_REFUSED);
    assert_says(kit.adapters->describe(kit.adapters->self, "a")->problem, sentence);
    kit_close(&kit);
}

static void test_wrong_settings_are_refused(void **state)
{
    (void)state;
    check_settings("\"a\":{\"plugin\":\"probe\",\"settings\":{\"endpiont\":\"x\"}}",
                   "setting \"endpiont\" is not one of this adapter's; did you mean \"endpoint\"?");
    check_settings("\"a\":{\"plugin\":\"probe\",\"settings\":{\"endpoint\":5}}",
                   "setting \"endpoint\" must be a string");
    check_settings("\"a\":{\"plugin\":\"probe\",\"settings\":{\"password\":\"x\"}}",
                   "setting \"password\" is a secret");
}

static void test_a_secret_that_others_can_read_is_refused(void **state)
{
    (void)state;
    struct kit kit;
    char path[] = "/tmp/ferry-secret-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, "geheim\n", 7) == 7);
    FY_AUTO(fy_free_ptr)
    char *connection =
        fy_format("\"a\":{\"plugin\":\"probe\",\"secrets\":{\"password\":{\"file\":\"%s\"}}}", path);
    kit_open(&kit, PLUGINS, connection, 0);
    kit_wait_state(&kit, "a", FY_ADAPTER_READY);
    kit_close(&kit);
    assert_int_equal(fchmod(fd, 0644), 0);
    kit_open(&kit, PLUGINS, connection, 0);
    kit_wait_state(&kit, "a", FY_ADAPTER_DOWN);
    assert_says(kit.adapters->describe(kit.adapters->self, "a")->problem,
                "can be read by others (mode 0644)");
    kit_close(&kit);
    (void)close(fd);
    (void)unlink(path);
}

/* Killed at each of the host's crash points: the call is lost once, and a second one is answered. */
static void test_a_host_may_be_killed_at_each_point(void **state)
{
    (void)state;
    static const char *const points[] = {"adapter_before_call:1", "adapter_after_call:1",
                                         "adapter_answered:1"};
    for (size_t i = 0; i < FY_COUNT(points); i++) {
        struct kit kit;
        struct kept first, second;
        char tokens[] = "/tmp/ferry-tokens-XXXXXX";
        assert_non_null(mkdtemp(tokens));
        assert_int_equal(setenv("FERRY_CRASH", points[i], 1), 0);
        assert_int_equal(setenv("FERRY_CRASH_TOKENS", tokens, 1), 0);
        kit_open(&kit, PLUGINS, TWO, 0);
        kit_ask(&kit, "a", "test.count", "{}", &first);
        bool answered = strcmp(points[i], "adapter_answered:1") == 0;
        assert_int_equal(first.reply.status, answered ? FY_REPLY_DONE : FY_REPLY_UNKNOWN);
        do { /* one that comes in before the death is noticed is lost with the host */
            kit_ask(&kit, "a", "test.count", "{}", &second);
            if (second.reply.status == FY_REPLY_UNKNOWN)
                kept_free(&second);
        } while (!second.came);
        assert_int_equal(second.reply.status, FY_REPLY_DONE);
        kept_free(&first);
        kept_free(&second);
        kit_close(&kit);
        FY_AUTO(fy_free_ptr) char *token = fy_format("%s/%s.1", tokens, points[i]);
        assert_int_equal(unlink(token), 0); /* it was reached */
        assert_int_equal(rmdir(tokens), 0);
    }
    (void)unsetenv("FERRY_CRASH");
    (void)unsetenv("FERRY_CRASH_TOKENS");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_kind_of_reply_arrives_whole),
        cmocka_unit_test(test_what_an_adapter_answers_wrongly_is_its_failure),
        cmocka_unit_test(test_a_crash_loses_its_host_and_nothing_else),
        cmocka_unit_test(test_an_exit_loses_its_host_and_nothing_else),
        cmocka_unit_test(test_a_hang_is_killed_after_the_limit),
        cmocka_unit_test(test_a_host_that_speaks_nonsense_is_killed),
        cmocka_unit_test(test_a_crash_loop_is_said_in_one_sentence),
        cmocka_unit_test(test_a_forgotten_call_is_not_answered),
        cmocka_unit_test(test_a_killed_host_is_replaced),
        cmocka_unit_test(test_an_observation_does_not_wait_behind_an_act),
        cmocka_unit_test(test_a_thread_safe_adapter_acts_side_by_side),
        cmocka_unit_test(test_large_results_pass),
        cmocka_unit_test(test_an_endpoint_that_cannot_be_reached_is_said_and_tried_again),
        cmocka_unit_test(test_wrong_settings_are_refused),
        cmocka_unit_test(test_a_host_may_be_killed_at_each_point),
        cmocka_unit_test(test_a_secret_that_others_can_read_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
