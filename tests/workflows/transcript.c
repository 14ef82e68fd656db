/* SPDX-License-Identifier: Apache-2.0 */
#include "transcript.h"

#include "base/mem.h"
#include "base/sha256.h"
#include "script/catalog.h"
#include "script/prelude.h"
#include "script/program.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include <string.h>

struct talk {
    const char *name;
    struct fy_program *program;
    struct fy_script_event event;
    char *line; /* the next one of the transcript */
    char *rest;
    size_t note;
    bool failed;
};

static int total, failures;
static struct fy_catalog *catalog;

static void complain(struct talk *talk, const char *did, const char *got)
{
    if (!talk->failed)
        (void)fprintf(stderr, "%s: wanted: %s\n    %s: %s\n", talk->name,
                      talk->line != NULL ? talk->line : "nothing more", did, got);
    talk->failed = true;
}

static void next_line(struct talk *talk)
{
    talk->line = NULL;
    while (talk->rest != NULL && *talk->rest != '\0') {
        char *line = talk->rest + strspn(talk->rest, " \t");
        talk->rest = strchr(line, '\n');
        if (talk->rest != NULL)
            *talk->rest++ = '\0';
        if (*line != '\0') {
            talk->line = line;
            return;
        }
    }
}

/* What stands behind the mark, if the next line has it. */
static const char *marked(const struct talk *talk, char mark)
{
    return talk->line != NULL && talk->line[0] == mark ? talk->line + 1 + (talk->line[1] == ' ') : NULL;
}

static void expect_phases(struct talk *talk)
{
    for (; talk->note < talk->event.note_count; talk->note++) {
        if (!talk->event.notes[talk->note].phase)
            continue;
        const char *wanted = marked(talk, '#'), *got = talk->event.notes[talk->note].text;
        if (wanted == NULL || strcmp(wanted, got) != 0)
            complain(talk, "it entered phase", got);
        next_line(talk);
    }
}

static void expect_call(struct talk *talk)
{
    FY_AUTO(fy_free_ptr) char *got = fy_format("%s %s", talk->event.call, talk->event.args);
    const char *wanted = marked(talk, '>');
    bool names_only = wanted != NULL && strchr(wanted, ' ') == NULL;
    if (wanted == NULL || (names_only ? strcmp(wanted, talk->event.call) : strcmp(wanted, got)) != 0)
        complain(talk, "it called", got);
    next_line(talk);
}

static char *take_answer(struct talk *talk)
{
    const char *good = marked(talk, '<'), *bad = marked(talk, '!');
    char *answer;
    if (bad != NULL) {
        const char *colon = strchr(bad, ':');
        answer = fy_format("{\"ok\":false,\"error\":{\"kind\":\"%.*s\",\"message\":\"%s\"}}",
                           colon != NULL ? (int)(colon - bad) : 0, bad, colon != NULL ? colon + 2 : bad);
    } else {
        answer = fy_format("{\"ok\":true,\"result\":%s}", good != NULL ? good : "{}");
    }
    if (good != NULL || bad != NULL)
        next_line(talk);
    return answer;
}

static void expect_end(struct talk *talk)
{
    const char *wanted = marked(talk, '=');
    if (talk->event.kind == FY_SCRIPT_ERROR) {
        const char *error = marked(talk, 'x');
        if (error == NULL || strstr(talk->event.err.message, error) == NULL)
            complain(talk, "it failed", talk->event.err.message);
    } else if (wanted == NULL || strcmp(wanted, talk->event.result) != 0) {
        complain(talk, "it is done", talk->event.result);
    }
}

static void hold(struct talk *talk)
{
    next_line(talk);
    for (;;) {
        talk->note = 0;
        expect_phases(talk);
        if (talk->event.kind != FY_SCRIPT_CALL || talk->failed)
            break;
        expect_call(talk);
        if (talk->failed)
            break;
        FY_AUTO(fy_free_ptr) char *answer = take_answer(talk);
        fy_program_resume(talk->program, answer, strlen(answer), &talk->event);
    }
    if (!talk->failed)
        expect_end(talk);
}

static const char *field(lua_State *lua, const char *name, const char *otherwise)
{
    lua_getfield(lua, 1, name);
    return luaL_optstring(lua, -1, otherwise); /* stays on the stack, and so alive */
}

/* The texts of a catalogue entry; with a text of its own, that one first and all others as its modules. */
static size_t take_texts(lua_State *lua, struct fy_script_text *texts, char digest[FY_SHA256_HEX])
{
    const char *name = field(lua, "workflow", NULL), *text = field(lua, "text", NULL);
    size_t count = 0;
    if (text != NULL) {
        fy_sha256_text(text, strlen(text), digest);
        texts[count++] = *fy_script_prelude();
        texts[count++] = (struct fy_script_text){"workflow", digest, text, strlen(text)};
    }
    for (size_t i = 0; i < catalog->count; i++)
        for (size_t j = 0; j < catalog->entry[i].text_count; j++) {
            struct fy_script_text one = catalog->entry[i].texts[j];
            if (text != NULL && strcmp(one.role, "workflow") == 0)
                one.role = catalog->entry[i].name;
            else if (text != NULL || strcmp(catalog->entry[i].name, name) != 0)
                continue;
            texts[count++] = one;
        }
    return count;
}

static int transcript(lua_State *lua)
{
    char digest[FY_SHA256_HEX];
    struct fy_script_text texts[32];
    luaL_checktype(lua, 1, LUA_TTABLE);
    lua_rawgeti(lua, 1, 1);
    lua_rawgeti(lua, 1, 2);
    struct talk talk = {.name = luaL_checkstring(lua, 2)};
    FY_AUTO(fy_free_ptr) char *lines = fy_strdup(luaL_checkstring(lua, 3));
    struct fy_script_start start = {.run = "r1",
                                    .texts = texts,
                                    .text_count = take_texts(lua, texts, digest),
                                    .api = FY_SCRIPT_API,
                                    .function = field(lua, "run", "upgrade"),
                                    .args = field(lua, "args", "{}")};
    struct fy_workshop *shop = fy_workshop_new(NULL);
    talk.rest = lines;
    talk.program = fy_program_start(shop, &start, &talk.event);
    hold(&talk);
    fy_program_free(talk.program);
    fy_workshop_free(shop);
    total++;
    failures += talk.failed;
    return 0;
}

int transcripts_run(const char *path, int *ret_count)
{
    struct fy_err err;
    FY_AUTO(fy_free_ptr) char *file = fy_format("%s/%s", SOURCE_DIR, path);
    total = failures = 0;
    if (!fy_catalog_open(SOURCE_DIR "/workflows", &catalog, &err)) {
        (void)fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    lua_State *lua = luaL_newstate();
    luaL_openlibs(lua);
    lua_register(lua, "transcript", transcript);
    if (luaL_loadfile(lua, file) != LUA_OK || lua_pcall(lua, 0, 0, 0) != LUA_OK) {
        (void)fprintf(stderr, "%s\n", lua_tostring(lua, -1));
        failures++;
    }
    lua_close(lua);
    fy_catalog_free(catalog);
    *ret_count = total;
    return failures;
}
