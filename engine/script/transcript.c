/* SPDX-License-Identifier: Apache-2.0 */
#include "script/transcript.h"

#include "base/beside.h"
#include "base/mem.h"
#include "script/catalog.h"
#include "script/prelude.h"
#include "script/program.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct talk {
    const char *name;
    struct fy_program *program;
    struct fy_script_event event;
    char *line; /* the next one of the transcript */
    char *rest;
    size_t note;
    bool failed;
};

/* One test.lua: its folder, and what came of it. */
struct test {
    const char *folder;
    int count, failures;
};

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

/* Where a workflow of that name lies: here, above, or in Ferry's catalogue. The caller frees it; NULL. */
static char *path_of(const char *folder, const char *name)
{
    FY_AUTO(fy_free_ptr) char *in_tree = fy_format("workflows/%s/%s.lua", name, name);
    FY_AUTO(fy_free_ptr) char *installed = fy_format("share/ferry/workflows/%s/%s.lua", name, name);
    const char *const own[] = {installed, in_tree, NULL};
    for (int i = 0; i < 2; i++) {
        char *path =
            i == 0 ? fy_format("%s/%s.lua", folder, name) : fy_format("%s/../%s/%s.lua", folder, name, name);
        if (access(path, R_OK) == 0)
            return path;
        free(path);
    }
    return fy_find_beside(own);
}

static bool take_texts(lua_State *lua, const struct test *test, struct fy_catalog_entry *entry,
                       struct fy_err *err)
{
    const char *name = field(lua, "workflow", NULL), *text = field(lua, "text", NULL);
    if (text != NULL)
        return fy_catalog_read_text(text, test->folder, entry, err);
    if (name == NULL)
        return fy_fail(err, FY_ERR_INVALID, "a transcript needs workflow = \"NAME\" or text = [[...]]");
    FY_AUTO(fy_free_ptr) char *path = path_of(test->folder, name);
    if (path == NULL)
        return fy_fail(err, FY_ERR_NOT_FOUND, "there is no workflow \"%s\" here, above or in the catalogue",
                       name);
    return fy_catalog_read_file(path, entry, err);
}

static void play(const struct fy_script_start *start, struct talk *talk)
{
    struct fy_workshop *shop = fy_workshop_new(NULL);
    talk->program = fy_program_start(shop, start, &talk->event);
    hold(talk);
    fy_program_free(talk->program);
    fy_workshop_free(shop);
}

static int transcript(lua_State *lua)
{
    struct test *test = lua_touserdata(lua, lua_upvalueindex(1));
    struct fy_catalog_entry entry = {0};
    struct fy_err err = {0};
    luaL_checktype(lua, 1, LUA_TTABLE);
    lua_rawgeti(lua, 1, 1);
    lua_rawgeti(lua, 1, 2);
    struct talk talk = {.name = luaL_checkstring(lua, 2)};
    FY_AUTO(fy_free_ptr) char *lines = fy_strdup(luaL_checkstring(lua, 3));
    talk.rest = lines;
    test->count++;
    if (take_texts(lua, test, &entry, &err)) {
        play(&(struct fy_script_start){.run = "r1",
                                       .texts = entry.texts,
                                       .text_count = entry.text_count,
                                       .api = FY_SCRIPT_API,
                                       .function = field(lua, "run", "upgrade"),
                                       .args = field(lua, "args", "{}")},
             &talk);
    } else {
        (void)fprintf(stderr, "%s: %s\n", talk.name, err.message);
        talk.failed = true;
    }
    fy_catalog_free_entry(&entry);
    test->failures += talk.failed;
    return 0;
}

bool fy_transcripts_run(const char *folder, int *ret_count, int *ret_failures, struct fy_err *err)
{
    struct test test = {.folder = folder};
    FY_AUTO(fy_free_ptr) char *file = fy_format("%s/test.lua", folder);
    if (access(file, R_OK) != 0) {
        fy_fail(err, FY_ERR_NOT_FOUND, "there is no %s", file);
        return fy_hint(err, "write one: docs/workflow-guide.md, \"Testing\"");
    }
    lua_State *lua = luaL_newstate();
    luaL_openlibs(lua);
    lua_pushlightuserdata(lua, &test);
    lua_pushcclosure(lua, transcript, 1);
    lua_setglobal(lua, "transcript");
    bool good = luaL_loadfile(lua, file) == LUA_OK && lua_pcall(lua, 0, 0, 0) == LUA_OK;
    if (!good)
        (void)fy_fail(err, FY_ERR_INVALID, "%s", lua_tostring(lua, -1));
    lua_close(lua);
    *ret_count = test.count;
    *ret_failures = test.failures;
    return good;
}

static int run_folder(const char *folder)
{
    int count = 0, failures = 0;
    struct fy_err err;
    if (!fy_transcripts_run(folder, &count, &failures, &err)) {
        (void)fprintf(stderr, "ferry: %s\n", err.message);
        if (err.hint[0] != '\0')
            (void)fprintf(stderr, "  %s\n", err.hint);
        return 2;
    }
    (void)printf("%s: %d transcripts, %d failed\n", folder, count, failures);
    return failures > 0 || count == 0 ? 1 : 0;
}

int fy_transcripts_main(int argc, char **argv)
{
    int worst = argc > 0 ? 0 : 2;
    if (argc == 0)
        (void)fprintf(stderr, "workflow-test: give it the folder of a workflow\n");
    for (int i = 0; i < argc; i++) {
        int code = run_folder(argv[i]);
        worst = code > worst ? code : worst;
    }
    return worst;
}
