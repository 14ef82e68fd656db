/* SPDX-License-Identifier: Apache-2.0 */
/* What the ferry command makes of views, records and its own command line. Set FERRY_GOLDEN=write to write
 * golden/ anew. */
#include "cli/cli.h"
#include "cli/layout.h"
#include "cli/output.h"
#include "cli/story.h"
#include "cli/table1.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define HERE SOURCE_DIR "/tests/unit/cli/"

static json_t *fixture(const char *name)
{
    FY_AUTO(fy_free_ptr) char *path = fy_format(HERE "%s", name);
    json_t *doc = json_load_file(path, 0, NULL);
    assert_non_null(doc);
    return doc;
}

static void assert_golden(const char *name, const char *text)
{
    FY_AUTO(fy_free_ptr) char *path = fy_format(HERE "golden/%s", name);
    FY_AUTO(fy_buf_free) struct fy_buf wanted = {0};
    struct fy_err err;
    if (getenv("FERRY_GOLDEN") != NULL) {
        FILE *file = fopen(path, "we");
        (void)fputs(text, file);
        (void)fclose(file);
    }
    assert_true(fy_read_file(path, 1 << 20, &wanted, &err));
    assert_string_equal(text, wanted.data);
}

/* As a trial goes: all on the source, half, all on the target. */
static struct fy_history watched(void)
{
    struct fy_history history = {0};
    for (int64_t i = 0; i < 1000; i++) {
        int64_t target = i < 200 ? 0 : i < 300 ? (i - 200) * 155 : 15500;
        FY_AUTO(fy_json_unref)
        json_t *view = json_pack("{s:I,s:{s:I,s:I}}", "now_ms", (json_int_t)1795363200000 + i * 1331, "users",
                                 "source", (json_int_t)(31000 - target), "target", (json_int_t)target);
        fy_history_take(&history, view);
    }
    return history;
}

static char *picture_text(const json_t *doc, int width, int height, bool ascii)
{
    struct fy_canvas canvas = {0};
    struct fy_buf text = {0};
    struct fy_history history = watched();
    struct fy_picture picture = {
        .history = &history,
        .view = json_object_get(doc, "view"),
        .instances = json_object_get(doc, "instances"),
        .kpis = json_object_get(doc, "kpis"),
        .phases = {"prepare", "backup", "first slice", "migrate"},
        .phase_count = 4,
        .calls = {{"test-3", "test-4", "amf-svc-12", "amf-svc-03", 1795363400000, 1795364500000, 2, true}},
        .notices = {"ferryd died and is back"},
        .notice_count = 1,
        .call_count = 1,
        .lines = {"16:20:01 step 40 done", "16:21:02 step 41: soak at 50 %"},
        .line_count = 2,
        .ascii = ascii,
    };
    fy_canvas_size(&canvas, width, height);
    fy_layout(&canvas, &picture);
    fy_canvas_text(&canvas, &text);
    fy_canvas_free(&canvas);
    return fy_buf_take(&text);
}

static void test_picture_fits_80x24(void **state)
{
    (void)state;
    FY_AUTO(fy_json_unref) json_t *doc = fixture("half.json");
    FY_AUTO(fy_free_ptr) char *text = picture_text(doc, 80, 24, false);
    assert_golden("picture-80x24.txt", text);
}

static void test_picture_uses_a_large_terminal(void **state)
{
    (void)state;
    FY_AUTO(fy_json_unref) json_t *doc = fixture("half.json");
    FY_AUTO(fy_free_ptr) char *text = picture_text(doc, 132, 40, false);
    assert_golden("picture-132x40.txt", text);
}

static void test_picture_can_do_without_unicode(void **state)
{
    (void)state;
    FY_AUTO(fy_json_unref) json_t *doc = fixture("half.json");
    FY_AUTO(fy_free_ptr) char *text = picture_text(doc, 80, 24, true);
    for (const char *c = text; *c != '\0'; c++)
        assert_true((unsigned char)*c < 0x80);
}

static void test_picture_shows_a_long_sentence_to_its_figures(void **state)
{
    (void)state;
    FY_AUTO(fy_json_unref) json_t *doc = fixture("half.json");
    (void)json_object_set_new(
        json_object_get(json_object_get(doc, "view"), "verdict"), "sentence",
        json_string("AMF registration: 3.41 % of 15,569 failed on the target against 0.21 % of 15,552 on the "
                    "source, more than the margin of 0.50 points; evidence 4211, limit 100"));
    FY_AUTO(fy_free_ptr) char *text = picture_text(doc, 80, 24, false);
    assert_non_null(strstr(text, "judge: AMF registration: 3.41 %"));
    assert_non_null(strstr(text, "  4211, limit 100\n"));
    FY_AUTO(fy_free_ptr) char *narrow = picture_text(doc, 40, 24, false);
    assert_non_null(strstr(narrow, "…\n"));
    assert_non_null(strstr(narrow, "call test-3/test-4: amf-svc-12 →\n      amf-svc-03, alive after"));
}

/* Whatever the size of the terminal and the state of the run: nothing is drawn outside the page. */
static void test_picture_survives_every_size_and_an_empty_view(void **state)
{
    (void)state;
    FY_AUTO(fy_json_unref) json_t *doc = fixture("half.json");
    FY_AUTO(fy_json_unref) json_t *nothing = json_pack("{s:{}}", "view");
    for (int width = 20; width < 200; width += 7)
        for (int height = 4; height < 60; height += 5) {
            FY_AUTO(fy_free_ptr) char *full = picture_text(doc, width, height, false);
            FY_AUTO(fy_free_ptr) char *empty = picture_text(nothing, width, height, false);
            assert_true(strlen(full) > 0 && strlen(empty) > 0);
        }
}

static void test_picture_of_ten_thousand_instances_leaves_room_for_the_rest(void **state)
{
    (void)state;
    FY_AUTO(fy_json_unref) json_t *doc = fixture("half.json");
    json_t *instances = json_object_get(json_object_get(doc, "instances"), "instances");
    for (int i = 0; i < 10000; i++)
        (void)json_array_append_new(
            instances, json_pack("{s:s,s:s,s:s}", "vdu", "SVC", "domain", "source", "state", "running"));
    FY_AUTO(fy_free_ptr) char *text = picture_text(doc, 80, 24, false);
    assert_non_null(strstr(text, "UTC"));
    assert_non_null(strstr(text, "+9"));
}

static void test_history_is_bounded_and_keeps_the_whole_span(void **state)
{
    (void)state;
    struct fy_history history = watched();
    assert_true(history.count <= FY_HISTORY_SAMPLES);
    assert_int_equal(history.samples[0].at_ms, 1795363200000);
    assert_true(history.samples[history.count - 1].at_ms > 1795363200000 + 900 * 1331);
    assert_null(fy_history_at(&history, 1795363200000 - 1));
    assert_int_equal(fy_history_at(&history, 1795363200000 + 500 * 1331)->users[1], 15500);
}

static void test_show_says_what_matters(void **state)
{
    (void)state;
    FY_AUTO(fy_json_unref) json_t *doc = fixture("half.json");
    FY_AUTO(fy_buf_free) struct fy_buf text = {0};
    fy_show_text(json_object_get(doc, "view"), &text);
    assert_golden("show.txt", text.data);
}

static void test_kpi_without_attempts_is_no_data(void **state)
{
    (void)state;
    char text[32];
    fy_kpi_words(0, 0, text);
    assert_string_equal(text, "no data");
    fy_kpi_words(1000, 7, text);
    assert_string_equal(text, "99.30 % of 1,000");
}

static void test_table1_stands_beside_the_papers(void **state)
{
    (void)state;
    static const char *const names[] = {"table1.txt", "table1.md", "table1.html"};
    FY_AUTO(fy_json_unref) json_t *doc = fixture("half.json");
    for (int format = FY_PAGE_TEXT; format <= FY_PAGE_HTML; format++) {
        struct fy_page page;
        fy_page_begin(&page, (enum fy_page_format)format, "A <report> of 1 | 2");
        fy_table1(&page, json_object_get(doc, "kpis"), true);
        fy_page_end(&page);
        assert_golden(names[format], page.out.data);
        fy_buf_free(&page.out);
    }
}

static void take(struct fy_story *story, const char *record, struct fy_buf *said)
{
    FY_AUTO(fy_json_unref) json_t *doc = json_loads(record, 0, NULL);
    assert_non_null(doc);
    fy_buf_clear(said);
    fy_story_take(story, doc, said);
}

static void test_story_tells_what_was_in_flight_and_how_it_ended(void **state)
{
    (void)state;
    struct fy_story story = {0};
    FY_AUTO(fy_buf_free) struct fy_buf said = {0};
    take(&story,
         "{\"seq\":7,\"name\":\"resumed\",\"text\":\"t\",\"time_ms\":0,\"body\":{\"epoch\":2,"
         "\"in_flight\":{\"step\":31,\"call\":\"steer\"},\"how\":\"asked again with the same key\"}}",
         &said);
    assert_string_equal(said.data, "in flight was step 31 (steer): asked again with the same key");
    take(&story,
         "{\"seq\":8,\"name\":\"outcome\",\"text\":\"other\",\"time_ms\":0,\"body\":{\"step\":30,\"ok\":true}"
         "}",
         &said);
    assert_int_equal(said.length, 0);
    take(&story,
         "{\"seq\":9,\"name\":\"outcome\",\"text\":\"step 31 "
         "done\",\"time_ms\":0,\"body\":{\"step\":31,\"ok\":true}}",
         &said);
    assert_string_equal(said.data, "step 31 is settled: done, and done once (step 31 done)");
    assert_int_equal(story.cursor, 9);
    fy_story_free(&story);
}

static void test_story_follows_a_held_call(void **state)
{
    (void)state;
    struct fy_story story = {0};
    FY_AUTO(fy_buf_free) struct fy_buf said = {0};
    take(&story,
         "{\"seq\":1,\"name\":\"intent\",\"time_ms\":5,\"body\":{\"step\":9,\"call\":\"dial_test\",\"args\":"
         "{\"hold\":true,\"subscribers\":[{\"ref\":\"test-1\",\"steer\":\"target\"},{\"ref\":\"test-3\","
         "\"steer\":\"none\",\"peer\":\"test-4\"},{\"ref\":\"test-4\",\"steer\":\"none\",\"peer\":\"test-3\"}"
         "]}}}",
         &said);
    take(&story,
         "{\"seq\":2,\"name\":\"outcome\",\"time_ms\":6,\"body\":{\"step\":9,\"ok\":true,\"result\":{"
         "\"tests\":"
         "[{\"ref\":\"test-3\",\"service\":\"voice\",\"ok\":true,\"instance\":\"a\"}]}}}",
         &said);
    take(&story,
         "{\"seq\":3,\"name\":\"outcome\",\"time_ms\":9,\"body\":{\"step\":80,\"ok\":true,\"result\":{"
         "\"tests\":"
         "[{\"ref\":\"test-3\",\"service\":\"voice\",\"ok\":true,\"instance\":\"b\"}]}}}",
         &said);
    assert_int_equal(story.call_count, 1);
    assert_string_equal(story.calls[0].before, "a");
    assert_string_equal(story.calls[0].now, "b");
    assert_int_equal(story.calls[0].since_ms, 5);
    fy_story_free(&story);
}

static void test_story_keeps_the_last_lines_and_leaves_out_samples(void **state)
{
    (void)state;
    struct fy_story story = {0};
    FY_AUTO(fy_buf_free) struct fy_buf said = {0};
    for (int i = 0; i < 30; i++)
        take(&story, "{\"seq\":1,\"name\":\"note\",\"text\":\"n\",\"time_ms\":0,\"body\":{}}", &said);
    take(&story, "{\"seq\":2,\"name\":\"sample\",\"text\":\"s\",\"time_ms\":0,\"body\":{}}", &said);
    assert_int_equal(story.line_count, FY_PICTURE_LINES);
    assert_string_equal(story.lines[FY_PICTURE_LINES - 1], "00:00:00 n");
    fy_story_free(&story);
}

static int read_line(struct fy_cli *cli, const char *words[])
{
    int argc = 0;
    *cli = (struct fy_cli){0};
    while (words[argc] != NULL)
        argc++;
    return fy_cli_read(cli, argc, (char **)(uintptr_t)words);
}

static void test_command_line_finds_commands_options_and_arguments(void **state)
{
    (void)state;
    struct fy_cli cli;
    int64_t scale = 0;
    assert_int_equal(read_line(&cli, (const char *[]){"ferry", "--store", "/s", "run", "o.xml", "--scale=60",
                                                      "--at", "window", "--json", NULL}),
                     -1);
    assert_string_equal(cli.command->name, "run");
    assert_string_equal(cli.args[0], "o.xml");
    assert_string_equal(cli.store, "/s");
    assert_string_equal(fy_cli_option(&cli, "at"), "window");
    assert_true(fy_cli_number(&cli, "scale", 1, 1, &scale));
    assert_int_equal(scale, 60);
    assert_true(cli.json);
    assert_null(fy_cli_option(&cli, "yes"));
    free(cli.store);
}

static void test_command_line_refuses_what_it_does_not_know(void **state)
{
    (void)state;
    struct fy_cli cli;
    const char *const *const lines[] = {
        (const char *[]){"ferry", "rum", NULL},
        (const char *[]){"ferry", "order", NULL},
        (const char *[]){"ferry", "run", NULL},
        (const char *[]){"ferry", "run", "a", "b", NULL},
        (const char *[]){"ferry", "run", "a", "--colour", NULL},
        (const char *[]){"ferry", "run", "a", "--scale", NULL},
    };
    for (size_t i = 0; i < FY_COUNT(lines); i++) {
        assert_int_equal(read_line(&cli, (const char **)(uintptr_t)lines[i]), FY_EXIT_USAGE);
        free(cli.store);
    }
}

static void test_every_command_has_its_help(void **state)
{
    (void)state;
    for (const struct fy_command *command = fy_commands; command->name != NULL; command++) {
        assert_true(strlen(command->summary) > 10);
        assert_int_equal(strncmp(command->example, "ferry ", 6), 0);
        assert_non_null(strstr(command->example, command->name));
        assert_non_null(command->run);
    }
}

static void test_words_for_people(void **state)
{
    (void)state;
    char text[32];
    assert_string_equal(fy_number_words(31000, text), "31,000");
    assert_string_equal(fy_number_words(-1234567, text), "-1,234,567");
    assert_string_equal(fy_number_words(999, text), "999");
    assert_string_equal(fy_left_words(7500000, text), "2 h 05 min");
    assert_string_equal(fy_left_words(61000, text), "1 min 01 s");
    assert_string_equal(fy_permille_words(125, text), "12.5 %");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_picture_fits_80x24),
        cmocka_unit_test(test_picture_shows_a_long_sentence_to_its_figures),
        cmocka_unit_test(test_picture_uses_a_large_terminal),
        cmocka_unit_test(test_picture_can_do_without_unicode),
        cmocka_unit_test(test_picture_survives_every_size_and_an_empty_view),
        cmocka_unit_test(test_picture_of_ten_thousand_instances_leaves_room_for_the_rest),
        cmocka_unit_test(test_history_is_bounded_and_keeps_the_whole_span),
        cmocka_unit_test(test_show_says_what_matters),
        cmocka_unit_test(test_kpi_without_attempts_is_no_data),
        cmocka_unit_test(test_table1_stands_beside_the_papers),
        cmocka_unit_test(test_story_tells_what_was_in_flight_and_how_it_ended),
        cmocka_unit_test(test_story_follows_a_held_call),
        cmocka_unit_test(test_story_keeps_the_last_lines_and_leaves_out_samples),
        cmocka_unit_test(test_command_line_finds_commands_options_and_arguments),
        cmocka_unit_test(test_command_line_refuses_what_it_does_not_know),
        cmocka_unit_test(test_every_command_has_its_help),
        cmocka_unit_test(test_words_for_people),
    };
    return cmocka_run_group_tests_name("cli", tests, NULL, NULL);
}
