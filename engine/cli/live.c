/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/live.h"

#include "base/mem.h"
#include "cli/client.h"
#include "cli/story.h"
#include "cli/term.h"

#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <unistd.h>

#define PERIOD_MS       120
#define RECORDS_AT_ONCE 500

/* Everything about the run that is being watched. */
struct watch {
    struct fy_cli *cli;
    const char *run;
    struct fy_term term;
    struct fy_story story;
    struct fy_history history;
    json_t *view, *instances, *kpis;
    int engine_fd; /* readable once that ferryd is dead */
    int64_t engine_pid;
    uint64_t losses; /* of the engine that were told */
    int64_t asked;   /* id of the approval that was answered from here */
    bool ascii;
};

static bool fetch(struct watch *watch, const char *what, json_t **doc, struct fy_err *err)
{
    json_t *fresh = fy_client_get(watch->cli->client, err, "/v1/upgrades/%s%s", watch->run, what);
    if (fresh == NULL)
        return false;
    json_decref(*doc);
    *doc = fresh;
    return true;
}

static void tell_line(struct watch *watch, const json_t *record)
{
    if (watch->term.live || !fy_story_tells(record))
        return;
    fy_term_line(&watch->term, FY_STYLE_PLAIN, watch->story.lines[watch->story.line_count - 1]);
}

/* Above the picture, where it stays in the terminal's history, and in the picture. */
static void tell_notice(struct watch *watch, enum fy_style style, const char *text)
{
    fy_term_line(&watch->term, style, text);
    fy_story_notice(&watch->story, text);
}

static bool fetch_records(struct watch *watch, struct fy_err *err)
{
    FY_AUTO(fy_json_unref)
    json_t *doc = fy_client_get(watch->cli->client, err, "/v1/upgrades/%s/journal?after=%lld&limit=%d",
                                watch->run, (long long)watch->story.cursor, RECORDS_AT_ONCE);
    const json_t *record = NULL;
    size_t index = 0;
    if (doc == NULL)
        return false;
    json_array_foreach(json_object_get(doc, "records"), index, record)
    {
        FY_AUTO(fy_buf_free) struct fy_buf said = {0};
        fy_story_take(&watch->story, record, &said);
        tell_line(watch, record);
        if (said.length > 0)
            tell_notice(watch, FY_STYLE_STRONG, said.data);
    }
    return true;
}

/* The process to keep an eye on: when it dies the next question is asked at once. */
static void watch_engine(struct watch *watch)
{
    struct fy_err ignored;
    FY_AUTO(fy_json_unref) json_t *doc = fy_client_get(watch->cli->client, &ignored, "/v1/engine");
    int64_t pid = fy_json_int_or(doc, "pid", 0);
    if (pid == 0 || pid == watch->engine_pid)
        return;
    if (watch->engine_fd >= 0)
        (void)close(watch->engine_fd);
    watch->engine_fd = fy_client_is_remote(watch->cli->client) ? -1 : pidfd_open((pid_t)pid, 0);
    watch->engine_pid = pid;
}

/* The engine was lost and is back: say so, once, with the measured gap. */
static void tell_loss(struct watch *watch)
{
    uint64_t losses = fy_client_losses(watch->cli->client);
    int64_t old = watch->engine_pid;
    char text[200];
    if (losses == watch->losses)
        return;
    watch->losses = losses;
    watch_engine(watch);
    (void)snprintf(text, sizeof text, "ferryd %lld died; %lld took over, the run was back after %lld ms",
                   (long long)old, (long long)watch->engine_pid,
                   (long long)fy_client_gap_ms(watch->cli->client));
    tell_notice(watch, FY_STYLE_BAD, text);
}

static bool look(struct watch *watch, struct fy_err *err)
{
    struct fy_err ignored; /* a run that has just begun has no instances or KPIs to show */
    if (!fetch(watch, "", &watch->view, err))
        return false;
    tell_loss(watch);
    fy_history_take(&watch->history, watch->view);
    if (!fetch_records(watch, err))
        return false;
    if (watch->term.live) {
        (void)fetch(watch, "/instances", &watch->instances, &ignored);
        (void)fetch(watch, "/kpis", &watch->kpis, &ignored);
    }
    return true;
}

static void draw(struct watch *watch, const char *prompt)
{
    struct fy_picture picture = {
        .view = watch->view, .instances = watch->instances, .kpis = watch->kpis, .prompt = prompt};
    struct fy_canvas page = {0};
    if (!watch->term.live)
        return;
    (void)fy_term_measure(&watch->term);
    picture.ascii = watch->ascii;
    picture.history = &watch->history;
    picture.phase_count = watch->story.phase_count;
    for (size_t i = 0; i < picture.phase_count; i++)
        picture.phases[i] = watch->story.phases[i];
    picture.line_count = watch->story.line_count;
    for (size_t i = 0; i < picture.line_count; i++)
        picture.lines[i] = watch->story.lines[i];
    picture.notice_count = watch->story.notice_count;
    for (size_t i = 0; i < picture.notice_count; i++)
        picture.notices[i] = watch->story.notices[i];
    picture.call_count = watch->story.call_count;
    memcpy(picture.calls, watch->story.calls, sizeof picture.calls);
    fy_canvas_size(&page, watch->term.width, watch->term.height < 50 ? watch->term.height - 2 : 48);
    fy_layout(&page, &picture);
    fy_term_draw(&watch->term, &page);
    fy_canvas_free(&page);
}

static bool state_is(const struct watch *watch, const char *state)
{
    return strcmp(fy_json_string_or(watch->view, "state", ""), state) == 0;
}

static bool answer(struct watch *watch, const char *verb, struct fy_err *err)
{
    FY_AUTO(fy_answer_free) struct fy_answer reply = {0};
    FY_AUTO(fy_free_ptr) char *path = fy_format("/v1/upgrades/%s/%s", watch->run, verb);
    static const char body[] = "{\"why\":\"answered from the terminal of ferry run\"}";
    const struct fy_request request = {.method = "POST",
                                       .path = path,
                                       .body = body,
                                       .body_length = sizeof body - 1,
                                       .content_type = "application/json",
                                       .once = true};
    if (fy_client_ask(watch->cli->client, &request, &reply, err))
        return true;
    fy_term_line(&watch->term, FY_STYLE_BAD, err->message);
    return false;
}

/* What is on the screen while a person is asked; NULL when nobody is. */
static char *prompt_of(const struct watch *watch)
{
    const json_t *approval = json_object_get(watch->view, "approval");
    if (approval == NULL || fy_json_int_or(approval, "id", 0) == watch->asked)
        return NULL;
    return fy_format("%s  [y] yes  [n] no  (role %s)", fy_json_string_or(approval, "question", "Go on?"),
                     fy_json_string_or(approval, "role", "approver"));
}

static void take_key(struct watch *watch, int key)
{
    const json_t *approval = json_object_get(watch->view, "approval");
    bool yes = key == 'y' || key == 'Y' || fy_cli_option(watch->cli, "yes") != NULL;
    struct fy_err err;
    if (approval == NULL || fy_json_int_or(approval, "id", 0) == watch->asked)
        return;
    if (!yes && key != 'n' && key != 'N')
        return;
    if (answer(watch, yes ? "approve" : "reject", &err))
        watch->asked = fy_json_int_or(approval, "id", 0);
}

/* An exit code when there is nothing left to watch, -1 while there is. */
static int ended(const struct watch *watch)
{
    static const struct {
        const char *state;
        int code;
    } ends[] = {
        {"COMPLETED", FY_EXIT_OK},  {"COMMITTED", FY_EXIT_OK},       {"ROLLED_BACK", FY_EXIT_FAILED},
        {"FAILED", FY_EXIT_FAILED}, {"FAILED_TEMP", FY_EXIT_PARKED},
    };
    for (size_t i = 0; i < FY_COUNT(ends); i++)
        if (state_is(watch, ends[i].state))
            return ends[i].code;
    if (json_object_get(watch->view, "approval") != NULL && fy_cli_option(watch->cli, "no-wait") != NULL &&
        fy_cli_option(watch->cli, "yes") == NULL)
        return FY_EXIT_WAITS;
    return -1;
}

static int watch_to_the_end(struct watch *watch)
{
    struct fy_err err = {0};
    watch_engine(watch);
    for (;;) {
        if (!look(watch, &err)) {
            fy_term_close(&watch->term);
            return fy_cli_fail(&err);
        }
        FY_AUTO(fy_free_ptr) char *prompt = prompt_of(watch);
        draw(watch, prompt);
        int code = ended(watch);
        if (code >= 0)
            return code;
        take_key(watch, fy_term_wait(&watch->term, watch->engine_fd, PERIOD_MS));
    }
}

static void say_end(const struct watch *watch, int code)
{
    FY_AUTO(fy_buf_free) struct fy_buf text = {0};
    if (watch->view == NULL)
        return;
    if (watch->cli->json) {
        (void)json_dumpf(watch->view, stdout, JSON_COMPACT);
        (void)putchar('\n');
    } else if (!watch->term.live || code != FY_EXIT_OK) {
        fy_show_text(watch->view, &text);
        (void)fputs(text.data, stdout);
    }
    if (!watch->cli->json && state_is(watch, "COMPLETED"))
        (void)printf("next: ferry report %s, ferry audit verify %s, ferry commit %s\n", watch->run,
                     watch->run, watch->run);
}

/* A terminal is taken to show UTF-8 unless the locale says otherwise. */
static bool only_ascii(void)
{
    const char *locale = setlocale(LC_CTYPE, "");
    if (locale == NULL || strcmp(locale, "C") == 0 || strcmp(locale, "POSIX") == 0)
        return false;
    return strcmp(nl_langinfo(CODESET), "UTF-8") != 0;
}

int fy_live_watch(struct fy_cli *cli, const char *run)
{
    struct watch watch = {.cli = cli, .run = run, .engine_fd = -1, .ascii = only_ascii()};
    fy_term_open(&watch.term, cli->json || fy_cli_option(cli, "plain") != NULL);
    int code = watch_to_the_end(&watch);
    say_end(&watch, code);
    fy_term_close(&watch.term);
    if (watch.engine_fd >= 0)
        (void)close(watch.engine_fd);
    fy_story_free(&watch.story);
    json_decref(watch.view);
    json_decref(watch.instances);
    json_decref(watch.kpis);
    return code;
}
