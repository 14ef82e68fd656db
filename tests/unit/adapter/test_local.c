/* SPDX-License-Identifier: Apache-2.0 */
/* The in-process set, with plugins/example loaded from its file. */
#include "adapter/local.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct world {
    struct fy_local *local;
    struct fy_adapters *adapters;
    char path[64];
};

struct kept {
    unsigned came;
    enum fy_reply_status status;
    enum fy_err_kind failure;
    char text[512]; /* result or message */
};

static void keep(void *ctx, const struct fy_adapter_reply *reply)
{
    struct kept *kept = ctx;
    kept->came++;
    kept->status = reply->status;
    kept->failure = reply->failure;
    const char *text = reply->result != NULL ? reply->result : reply->message != NULL ? reply->message : "";
    (void)snprintf(kept->text, sizeof kept->text, "%s", text);
}

static int set_up(void **state)
{
    struct fy_err err;
    struct world *world = FY_NEW(struct world);
    (void)snprintf(world->path, sizeof world->path, "/tmp/ferry-example-XXXXXX");
    int fd = mkstemp(world->path);
    static const char cloud[] = "{\"instances\":[{\"id\":\"vm-1\",\"image\":\"a\",\"version\":\"1\"},"
                                "{\"id\":\"vm-2\",\"image\":\"a\",\"version\":\"1\"}]}";
    assert_int_equal(write(fd, cloud, sizeof cloud - 1), sizeof cloud - 1);
    (void)close(fd);
    FY_AUTO(fy_free_ptr) char *settings = fy_format("{\"file\":\"%s\"}", world->path);
    world->local = fy_local_new();
    if (!fy_local_load(world->local, "cloud", BINARY_DIR "/plugins/example.so", settings, &err))
        fail_msg("%s", err.message);
    world->adapters = fy_local_adapters(world->local);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *world = *state;
    fy_local_free(world->local);
    (void)unlink(world->path);
    free(world);
    return 0;
}

static uint64_t call(struct world *world, const char *verb, const char *args, struct kept *kept)
{
    const struct fy_adapter_call asked = {
        .connection = "cloud", .verb = verb, .run = "r", .step = 1, .key = "r/1", .args = args, .scale = 1};
    *kept = (struct kept){0};
    return world->adapters->call(world->adapters->self, &asked, keep, kept);
}

#define TO_B "{\"instances\":[\"vm-1\",\"vm-2\"],\"image\":\"b\",\"version\":\"2\"}"

static void test_local_describes_what_the_adapter_declared(void **state)
{
    struct world *world = *state;
    const struct fy_adapter_info *info = world->adapters->describe(world->adapters->self, "cloud");
    assert_string_equal(info->name, "example");
    assert_int_equal(info->state, FY_ADAPTER_READY);
    assert_int_equal(info->kinds, FERRY_KIND_VIM);
    assert_int_equal(strlen(info->sha256), 64);
    assert_true(fy_adapter_verb(info, "inventory")->observe);
    assert_int_equal(fy_adapter_verb(info, "upgrade")->deadline_ms, 600000);
    assert_null(fy_adapter_verb(info, "replace"));
    assert_non_null(strstr(info->description, "\"missing\":[\"stage_image\",\"backup\",\"replace\","));
    assert_null(world->adapters->describe(world->adapters->self, "nobody"));
    assert_ptr_equal(world->adapters->at(world->adapters->self, 0), info);
    assert_null(world->adapters->at(world->adapters->self, 1));
}

static void test_local_serves_nothing_until_its_turn(void **state)
{
    struct world *world = *state;
    struct kept first, second;
    (void)call(world, "upgrade", TO_B, &first);
    assert_int_equal(first.came, 0);
    assert_int_equal(fy_local_turn(world->local), 1);
    assert_int_equal(first.status, FY_REPLY_AGAIN);
    (void)call(world, "upgrade", TO_B, &first);
    (void)call(world, "upgrade", TO_B, &second);
    assert_int_equal(fy_local_waiting(world->local), 2);
    assert_int_equal(fy_local_turn(world->local), 2);
    assert_int_equal(first.status, FY_REPLY_DONE);
    assert_string_equal(second.text, "{\"upgraded\":2}");
    assert_int_equal(fy_local_turn(world->local), 0);
}

static void test_local_checks_as_a_host_does(void **state)
{
    struct world *world = *state;
    struct kept kept;
    (void)call(world, "upgrade", "{\"instances\":[1]}", &kept);
    (void)fy_local_turn(world->local);
    assert_int_equal(kept.failure, FY_ERR_INVALID);
    assert_string_equal(kept.text, "arguments of upgrade: instances[0] is an integer; it must be a string");
    (void)call(world, "replace", "{}", &kept);
    (void)fy_local_turn(world->local);
    assert_string_equal(kept.text, "adapter example has no verb replace");
}

static bool always(void *ctx, const struct fy_adapter_call *asked)
{
    (void)asked;
    return ++*(int *)ctx > 0;
}

static bool after(void *ctx, const struct fy_adapter_call *asked, const struct fy_adapter_reply *reply)
{
    (void)asked;
    (void)reply;
    return ++*(int *)ctx > 0;
}

static void test_local_loses_a_request_or_a_reply(void **state)
{
    struct world *world = *state;
    struct kept kept;
    int asked = 0;
    static const char one[] = "{\"instances\":[\"vm-1\"],\"image\":\"b\",\"version\":\"2\"}";
    const struct fy_local_faults request = {.before = always, .ctx = &asked};
    fy_local_set_faults(world->local, &request);
    (void)call(world, "upgrade", one, &kept);
    (void)fy_local_turn(world->local);
    assert_int_equal(kept.status, FY_REPLY_UNKNOWN);
    fy_local_set_faults(world->local, NULL);
    (void)call(world, "inventory", "{}", &kept);
    (void)fy_local_turn(world->local);
    assert_null(strstr(kept.text, "\"b\"")); /* it had no effect */
    const struct fy_local_faults reply = {.after = after, .ctx = &asked};
    fy_local_set_faults(world->local, &reply);
    (void)call(world, "upgrade", one, &kept);
    (void)fy_local_turn(world->local);
    assert_int_equal(kept.status, FY_REPLY_UNKNOWN);
    fy_local_set_faults(world->local, NULL);
    (void)call(world, "inventory", "{}", &kept);
    (void)fy_local_turn(world->local);
    assert_non_null(strstr(kept.text, "\"b\"")); /* it had its effect, only nobody was told */
    assert_int_equal(asked, 2);
}

static void test_local_forgets_drops_and_kills(void **state)
{
    struct world *world = *state;
    struct kept forgotten, dropped, killed;
    world->adapters->forget(world->adapters->self, call(world, "inventory", "{}", &forgotten));
    (void)fy_local_turn(world->local);
    assert_int_equal(forgotten.came, 0);
    (void)call(world, "inventory", "{}", &dropped);
    fy_local_drop(world->local);
    assert_int_equal(fy_local_turn(world->local), 0);
    assert_int_equal(dropped.came, 0);
    (void)call(world, "inventory", "{}", &killed);
    world->adapters->kill(world->adapters->self, "cloud");
    (void)fy_local_turn(world->local);
    assert_int_equal(killed.status, FY_REPLY_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_local_describes_what_the_adapter_declared, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_local_serves_nothing_until_its_turn, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_local_checks_as_a_host_does, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_local_loses_a_request_or_a_reply, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_local_forgets_drops_and_kills, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
