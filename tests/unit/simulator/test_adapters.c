/* SPDX-License-Identifier: Apache-2.0 */
/* The adapters as Ferry loads them, against a real ferry-sim; and the trial's orders, as Ferry reads them. */
#include "hand.h"

#include "adapter/connections.h"
#include "adapter/local.h"
#include "base/mem.h"
#include "judge/judge.h"
#include "linked.h"
#include "order/read.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct bench {
    char folder[64], socket[96], world[96];
    pid_t sim;
    struct fy_local *local;
    enum fy_reply_status status; /* of the last reply */
    enum fy_err_kind failure;
    json_t *result;
    char message[256];
    uint64_t step;
    int64_t now;
};

static void start_sim(struct bench *bench)
{
    struct stat there;
    const char *program = BINARY_DIR "/plugins/simulator/ferry-sim";
    (void)fflush(NULL);
    bench->sim = fork();
    if (bench->sim == 0) {
        (void)freopen("/dev/null", "w", stderr);
        execl(program, program, "--socket", bench->socket, "--world", bench->world, "--parent-death",
              (char *)NULL);
        _exit(127);
    }
    for (int tries = 0; tries < 500 && stat(bench->socket, &there) != 0; tries++)
        (void)usleep(10000);
}

static void stop_sim(struct bench *bench)
{
    int status;
    (void)kill(bench->sim, SIGTERM);
    assert_int_equal(waitpid(bench->sim, &status, 0), bench->sim);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static int setup_world(void **state, const char *settings_of_world)
{
    struct bench *bench = FY_NEW(struct bench);
    struct fy_err err;
    char settings[160];
    (void)snprintf(bench->folder, sizeof(bench->folder), "/tmp/ferry-sim-test.XXXXXX");
    assert_non_null(mkdtemp(bench->folder));
    (void)snprintf(bench->socket, sizeof(bench->socket), "%s/sim.sock", bench->folder);
    (void)snprintf(bench->world, sizeof(bench->world), "%s/world.json", bench->folder);
    FILE *world = fopen(bench->world, "we");
    assert_non_null(world);
    (void)fputs(settings_of_world, world);
    (void)fclose(world);
    (void)snprintf(settings, sizeof(settings), "{\"socket\":\"%s\"}", bench->socket);
    start_sim(bench);
    bench->local = fy_local_new();
    bench->now = MIDNIGHT;
    if (!fy_local_load(bench->local, "sim-cloud", BINARY_DIR "/plugins/sim_vim.so", settings, &err) ||
        !fy_local_load(bench->local, "sim-amf", BINARY_DIR "/plugins/sim_nf.so", settings, &err))
        fail_msg("%s", err.message);
    *state = bench;
    return 0;
}

static int setup(void **state)
{
    return setup_world(state, "{\"scale_in_permille\":0}"); /* or what the contract test creates is removed */
}

static const char faulty[] = "{\"faults\":["
                             "{\"fault\":\"reply_lost\",\"verb\":\"load\"},"
                             "{\"fault\":\"connection_reset\",\"verb\":\"split\"},"
                             "{\"fault\":\"http_error\",\"verb\":\"health\",\"value\":500},"
                             "{\"fault\":\"late_effect\",\"verb\":\"guard_set\"},"
                             "{\"fault\":\"late_effect\",\"verb\":\"drain\",\"answer\":\"again\"},"
                             "{\"fault\":\"password_wrong\",\"verb\":\"backup\"},"
                             "{\"fault\":\"site_cut\",\"after\":\"2h\",\"for\":\"1m\"}]}";

static int setup_faulty(void **state)
{
    return setup_world(state, faulty);
}

static int teardown(void **state)
{
    struct bench *bench = *state;
    fy_local_free(bench->local);
    if (bench->sim > 0)
        stop_sim(bench);
    (void)unlink(bench->socket);
    (void)unlink(bench->world);
    (void)rmdir(bench->folder);
    json_decref(bench->result);
    free(bench);
    return 0;
}

static void replied(void *ctx, const struct fy_adapter_reply *reply)
{
    struct bench *bench = ctx;
    bench->status = reply->status;
    bench->failure = reply->failure;
    json_decref(bench->result);
    bench->result = reply->result ? json_loads(reply->result, 0, NULL) : NULL;
    (void)snprintf(bench->message, sizeof(bench->message), "%s", reply->message ? reply->message : "");
    if (reply->status == FY_REPLY_AGAIN)
        bench->now += reply->after_ms;
}

static enum fy_reply_status ask(struct bench *bench, const char *connection, const char *verb,
                                const char *args)
{
    char key[32];
    struct fy_adapters *adapters = fy_local_adapters(bench->local);
    (void)snprintf(key, sizeof(key), "r/%llu", (unsigned long long)++bench->step);
    do {
        struct fy_adapter_call call = {.connection = connection,
                                       .verb = verb,
                                       .run = "r",
                                       .step = bench->step,
                                       .attempt = 1,
                                       .fence = 1,
                                       .key = key,
                                       .now = {bench->now},
                                       .deadline = {bench->now + HOUR},
                                       .scale = 60,
                                       .args = args};
        bench->status = FY_REPLY_UNKNOWN;
        (void)adapters->call(adapters->self, &call, replied, bench);
        (void)fy_local_turn(bench->local);
    } while (bench->status == FY_REPLY_AGAIN);
    if (bench->status == FY_REPLY_FAILED)
        print_message("%s: %s\n", verb, bench->message);
    return bench->status;
}

static void test_the_plugins_are_loaded_and_answer(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(ask(bench, "sim-cloud", "inventory", "{}"), FY_REPLY_DONE);
    assert_int_equal(json_array_size(json_object_get(bench->result, "instances")), 24);
    assert_int_equal(ask(bench, "sim-amf", "health", "{}"), FY_REPLY_DONE);
    assert_string_equal(json_string_value(json_object_get(bench->result, "mobility")), "live");
    assert_int_equal(ask(bench, "sim-amf", "load", "{\"version\":\"1.3.0\"}"), FY_REPLY_DONE);
    assert_int_equal(ask(bench, "sim-amf", "steer", "{\"permille\":500,\"rate\":200}"), FY_REPLY_FAILED);
    assert_int_equal(bench->failure, FY_ERR_REFUSED); /* not split */
    assert_int_equal(ask(bench, "sim-amf", "steer", "{\"percent\":50}"), FY_REPLY_FAILED);
    assert_int_equal(bench->failure, FY_ERR_INVALID); /* by the schema */
}

static void test_a_lost_world_is_a_passing_failure(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(ask(bench, "sim-amf", "health", "{}"), FY_REPLY_DONE);
    stop_sim(bench);
    bench->sim = 0;
    for (int i = 0; i < 2; i++) { /* lost, then not there */
        assert_int_equal(ask(bench, "sim-amf", "health", "{}"), FY_REPLY_FAILED);
        assert_int_equal(bench->failure, FY_ERR_TRANSIENT);
        assert_non_null(strstr(bench->message, "ferry-sim"));
    }
    start_sim(bench);
    assert_int_equal(ask(bench, "sim-amf", "health", "{}"), FY_REPLY_DONE);
}

static void test_the_linked_adapters_answer_as_the_plugins_do(void **state)
{
    struct bench *bench = *state;
    struct fy_err err;
    char why[256] = "";
    struct sim_world *world = sim_world_new(NULL, why, sizeof(why));
    sim_linked_put("w1", world);
    if (!fy_local_add(bench->local, "linked-cloud", &sim_linked_vim, "{\"socket\":\"w1\"}", &err) ||
        !fy_local_add(bench->local, "linked-amf", &sim_linked_nf, "{\"socket\":\"w1\"}", &err))
        fail_msg("%s", err.message);
    assert_int_equal(ask(bench, "sim-amf", "health", "{}"), FY_REPLY_DONE);
    json_t *plugin = json_incref(bench->result);
    assert_int_equal(ask(bench, "linked-amf", "health", "{}"), FY_REPLY_DONE);
    assert_true(json_equal(plugin, bench->result));
    json_decref(plugin);
    assert_int_equal(ask(bench, "linked-cloud", "inventory", "{}"), FY_REPLY_DONE);
    sim_linked_put("w1", NULL);
    fy_local_free(bench->local); /* closes the connections before the world goes */
    bench->local = NULL;
    sim_world_free(world);
}

struct answer {
    enum fy_reply_status status;
    enum fy_err_kind failure;
};

/* A course of calls into the faults of that world, and how each ended. */
static size_t course(struct bench *bench, const char *cloud, const char *nf, struct answer answers[16])
{
    static const struct {
        bool nf;
        const char *verb, *args;
    } calls[] = {{true, "load", "{\"version\":\"1.3.0\"}"},
                 {true, "load", "{\"version\":\"1.3.0\"}"},
                 {true, "split", "{\"version\":\"1.3.0\"}"},
                 {true, "split", "{\"version\":\"1.3.0\"}"},
                 {true, "health", "{}"},
                 {true, "health", "{}"},
                 {false, "guard_set", "{\"guard\":\"healing\",\"state\":{\"enabled\":false}}"},
                 {true, "drain", "{\"instances\":[\"amf-svc-02\"]}"},
                 {false, "backup", "{\"what\":[\"image\"]}"}};
    size_t count = sizeof(calls) / sizeof(calls[0]);
    bench->now = MIDNIGHT;
    bench->step = 0;
    for (size_t i = 0; i < count; i++) {
        enum fy_reply_status status = ask(bench, calls[i].nf ? nf : cloud, calls[i].verb, calls[i].args);
        answers[i] = (struct answer){status, status == FY_REPLY_FAILED ? bench->failure : FY_ERR_NONE};
    }
    bench->now = MIDNIGHT + 2 * (int64_t)HOUR + 1000;
    answers[count] = (struct answer){ask(bench, nf, "health", "{}"), bench->failure};
    return count + 1;
}

static void test_faults_of_the_wire_are_the_same_with_and_without_a_process(void **state)
{
    struct bench *bench = *state;
    struct fy_err err;
    char why[256] = "";
    struct answer process[16], linked[16];
    struct sim_world *world = sim_world_new(faulty, why, sizeof(why));
    sim_linked_put("w2", world);
    if (!fy_local_add(bench->local, "linked-cloud", &sim_linked_vim, "{\"socket\":\"w2\"}", &err) ||
        !fy_local_add(bench->local, "linked-amf", &sim_linked_nf, "{\"socket\":\"w2\"}", &err))
        fail_msg("%s", err.message);
    size_t count = course(bench, "sim-cloud", "sim-amf", process);
    assert_int_equal(course(bench, "linked-cloud", "linked-amf", linked), count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(process[i].status, linked[i].status);
        assert_int_equal(process[i].failure, linked[i].failure);
    }
    assert_int_equal(linked[0].failure, FY_ERR_TRANSIENT); /* the reply was lost, */
    assert_int_equal(linked[1].status, FY_REPLY_DONE);     /* the version is loaded */
    assert_int_equal(linked[6].failure, FY_ERR_TIMEOUT);
    assert_int_equal(linked[8].failure, FY_ERR_REFUSED);
    assert_int_equal(linked[9].failure, FY_ERR_TRANSIENT); /* the site is cut off */
    sim_linked_put("w2", NULL);
    fy_local_free(bench->local);
    bench->local = NULL;
    sim_world_free(world);
}

/* ---- the contract, as `ferry adapter test` tries it ---- */

static const char *const vim_calls =
    "\"stage_image\":{\"images\":[{\"vdu\":\"SVC\",\"ref\":\"amf-svc:1.3.0\",\"digest\":\"sha256:a8d7\"}]},"
    "\"backup\":{\"what\":[\"image\"]},\"guard_set\":{\"guard\":\"healing\",\"state\":{\"enabled\":false}},"
    "\"create\":{\"vdu\":\"SVC\",\"count\":1},\"collect\":{\"instances\":[\"amf-svc-07\"]},"
    "\"upgrade\":{\"instances\":[\"amf-svc-07\"],\"image\":\"amf-svc:1.3.0\",\"version\":\"1.3.0\"},"
    "\"replace\":{\"instances\":[\"amf-svc-08\"],\"image\":\"amf-svc:1.3.0\",\"version\":\"1.3.0\"},"
    "\"remove\":{\"instances\":[\"amf-svc-09\"]},\"restore\":{\"id\":\"image-backup-1\"},"
    "\"guard_read\":{\"guard\":\"healing\"}";

static const char *const nf_calls =
    "\"load\":{\"version\":\"1.3.0\"},\"steer\":{\"permille\":0},\"collect\":{},"
    "\"split\":{\"version\":\"1.3.0\"},\"join\":{\"all\":true},"
    "\"drain\":{\"instances\":[\"amf-svc-05\"]},\"readmit\":{\"instances\":[\"amf-svc-05\"]},"
    "\"switchover\":{\"pair\":\"LB-1\",\"active\":\"amf-lb-2\"},"
    "\"config_backup\":{\"what\":[\"config\",\"data\"]},\"config_restore\":{\"id\":\"config-backup-1\"},"
    "\"dial_test\":{\"subscribers\":[{\"ref\":\"test-1\",\"services\":[\"voice\"]}]},"
    "\"guard_set\":{\"guard\":\"config-freeze\",\"state\":{\"frozen\":true}},\"guard_read\":{\"guard\":"
    "\"healing\"},"
    "\"version_path\":{\"from\":\"1.2.0\",\"to\":\"1.3.0\"},\"counters\":{\"after\":0},"
    "\"trace\":{\"subscriber\":\"test-3\"}";

static void keeps_the_contract(const struct bench *bench, const char *plugin, const char *calls)
{
    char file[128], out[128];
    const char *host = BINARY_DIR "/engine/host/ferry-host";
    (void)snprintf(file, sizeof(file), "%s/trial.json", bench->folder);
    (void)snprintf(out, sizeof(out), "%s/out", bench->folder);
    FILE *trial = fopen(file, "we");
    assert_non_null(trial);
    (void)fprintf(trial, "{\"settings\":{\"socket\":\"%s\"},\"calls\":{%s}}", bench->socket, calls);
    (void)fclose(trial);
    (void)fflush(NULL);
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        (void)freopen(out, "w", stdout);
        execl(host, host, "test", plugin, file, (char *)NULL);
        _exit(127);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    char line[512];
    FILE *told = fopen(out, "re");
    while (told && fgets(line, sizeof(line), told))
        if (status != 0)
            print_message("%s", line);
    if (told)
        (void)fclose(told);
    (void)unlink(out);
    (void)unlink(file);
    assert_int_equal(status, 0);
}

static void test_both_plugins_keep_the_contract(void **state)
{
    struct bench *bench = *state;
    keeps_the_contract(bench, BINARY_DIR "/plugins/sim_nf.so", nf_calls);
    keeps_the_contract(bench, BINARY_DIR "/plugins/sim_vim.so", vim_calls);
}

/* ---- the trial folder ---- */

static char *read_text(const char *name, size_t *length)
{
    char path[512];
    (void)snprintf(path, sizeof(path), SOURCE_DIR "/plugins/simulator/trial/%s", name);
    FILE *file = fopen(path, "re");
    char *text = NULL;
    size_t room = 0;
    ssize_t got = file ? getdelim(&text, &room, '\0', file) : -1;
    if (got < 0)
        fail_msg("could not read %s", path);
    (void)fclose(file);
    *length = (size_t)got;
    return text;
}

static void expect_images(const struct fy_order *order, const char *settings)
{
    struct hand hand;
    struct sim_reply reply;
    size_t i;
    json_t *item;
    hand_take(&hand, settings);
    assert_int_equal(hand_do(&hand, SIM_VIM, "inventory", &reply, "{}"), FERRY_DONE);
    json_array_foreach(json_object_get(reply.result, "instances"), i, item)
    {
        size_t vdu = 0;
        while (vdu < order->vdu_count &&
               strcmp(order->vdus[vdu].vdu_id, json_string_value(json_object_get(item, "vdu"))) != 0)
            vdu++;
        assert_true(vdu < order->vdu_count);
        assert_string_equal(order->vdus[vdu].source.ref, json_string_value(json_object_get(item, "image")));
    }
    sim_reply_clear(&reply);
    hand_drop(&hand);
}

static void test_the_trial_orders_are_orders_for_these_worlds(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"amf-order.xml", "{}"}, {"amf-issu-order.xml", "{}"}, {"smf-order.xml", "{\"shape\":\"SMF\"}"}};
    for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
        struct fy_order *order = NULL;
        struct fy_err err;
        size_t length;
        char *text = read_text(rows[row][0], &length);
        if (!fy_order_read(text, length, &order, NULL, &err))
            fail_msg("%s: %s", rows[row][0], err.message);
        for (size_t i = 0; i < order->gate.kpi_count; i++)
            assert_non_null(fy_kpi_find(order->gate.kpis[i].name));
        expect_images(order, rows[row][1]);
        fy_order_free(order);
        free(text);
    }
}

static void test_the_trial_connections_are_relative_to_their_file(void **state)
{
    (void)state;
    struct fy_err err;
    struct fy_connections *file =
        fy_connections_read(SOURCE_DIR "/plugins/simulator/trial/connections.json", &err);
    if (!file) {
        fail_msg("%s", err.message);
        return;
    }
    assert_int_equal(file->count, 5);
    assert_string_equal(file->items[0].directory, SOURCE_DIR "/plugins/simulator/trial");
    fy_connections_free(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_the_plugins_are_loaded_and_answer, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_lost_world_is_a_passing_failure, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_linked_adapters_answer_as_the_plugins_do, setup, teardown),
        cmocka_unit_test_setup_teardown(test_faults_of_the_wire_are_the_same_with_and_without_a_process,
                                        setup_faulty, teardown),
        cmocka_unit_test_setup_teardown(test_both_plugins_keep_the_contract, setup, teardown),
        cmocka_unit_test(test_the_trial_orders_are_orders_for_these_worlds),
        cmocka_unit_test(test_the_trial_connections_are_relative_to_their_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
