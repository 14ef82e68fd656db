/* SPDX-License-Identifier: Apache-2.0 */
#include "script/program.h"

#include "base/mem.h"
#include "script/env.h"
#include "script/pages.h"
#include "script/texts.h"

#include <lauxlib.h>
#include <stdio.h>
#include <string.h>

#define NOTES_MAX       1000
#define NOTE_LENGTH     4000
#define EMPTY           "{}"
#define SAID_LENGTH     300 /* of a workflow's own error; the rest is its author's to find */
#define DURATION_MAX_MS (366LL * 24 * 3600 * 1000)

struct fy_workshop {
    struct fy_limits limits;
    struct fy_pool *pool;
    struct fy_texts texts;
    struct fy_value_scratch scratch;
    struct fy_buf args, result, note_text;
    struct fy_script_note note[NOTES_MAX];
    size_t note_at[NOTES_MAX]; /* in note_text, which moves while it grows */
    size_t note_count;
};

struct role {
    char *name;
    struct fy_text *text;
};

struct fy_program {
    struct fy_workshop *shop;
    struct fy_sandbox *box;
    char *run, *function;
    char *args; /* the start's; kept for the order, which is read in parts when it is wanted */
    struct role *role;
    size_t role_count;
    char call[64]; /* the step it waits in */
    bool tolerant;
    const struct fy_script_past *history; /* while it is replayed */
    size_t history_count, replayed;
    struct fy_piece outcome; /* while it is resumed */
};

struct fy_workshop *fy_workshop_new(const struct fy_limits *limits)
{
    struct fy_workshop *shop = FY_NEW(struct fy_workshop);
    shop->limits = limits != NULL ? *limits : fy_limits_default;
    shop->pool = fy_pool_new();
    return shop;
}

void fy_workshop_free(struct fy_workshop *shop)
{
    if (shop == NULL)
        return;
    fy_pool_free(shop->pool);
    fy_texts_free(&shop->texts);
    fy_buf_free(&shop->scratch.keys);
    fy_buf_free(&shop->scratch.text);
    fy_buf_free(&shop->args);
    fy_buf_free(&shop->result);
    fy_buf_free(&shop->note_text);
    free(shop);
}

void fy_workshop_trim(struct fy_workshop *shop)
{
    fy_pool_trim(shop->pool);
}

void fy_workshop_keep(struct fy_workshop *shop, const char *sha256, const char *bytes, size_t length)
{
    fy_texts_keep(&shop->texts, sha256, bytes, length);
}

bool fy_workshop_has(const struct fy_workshop *shop, const char *sha256)
{
    return fy_texts_find(&shop->texts, sha256) != NULL;
}

static struct fy_program *program_of(lua_State *lua)
{
    return fy_sandbox_of(lua)->owner;
}

/* What the prelude is given. */

/* After a step: ok, result, error. A failure is the workflow's to see only if it asked for that. */
static int push_outcome(lua_State *lua, struct fy_piece outcome, bool tolerant)
{
    struct fy_value_scratch *scratch = &program_of(lua)->shop->scratch;
    struct fy_piece ok = {.text = ""}, result = {.text = ""}, error = {.text = ""};
    struct fy_walk walk = fy_walk_object(outcome.text, outcome.length);
    struct fy_piece key, value;
    while (fy_walk_member(&walk, &key, &value))
        if (fy_piece_is(key, "ok"))
            ok = value;
        else if (fy_piece_is(key, "result"))
            result = value;
        else if (fy_piece_is(key, "error"))
            error = value;
    fy_sandbox_record(lua, outcome.length);
    if (walk.bad || ok.length == 0)
        return luaL_error(lua, "the outcome of %s is not one", program_of(lua)->call);
    bool good = fy_piece_is(ok, "true");
    lua_pushboolean(lua, good);
    if (good && result.length > 0)
        fy_value_push(lua, result, scratch);
    else
        lua_pushnil(lua);
    if (good || error.length == 0)
        lua_pushnil(lua);
    else
        fy_value_push(lua, error, scratch);
    if (good || tolerant)
        return 3;
    if (lua_istable(lua, -1))
        lua_getfield(lua, -1, "message");
    return luaL_error(lua, "%s failed: %s", program_of(lua)->call, luaL_tolstring(lua, -1, NULL));
}

static int after_step(lua_State *lua, int status, lua_KContext tolerant)
{
    (void)status;
    return push_outcome(lua, program_of(lua)->outcome, tolerant != 0);
}

static void diverged(lua_State *lua, const struct fy_script_past *past)
{
    struct fy_program *p = program_of(lua);
    fy_sandbox_stop(lua, FY_OVER_DIVERGED, "step %zu was %s %.200s and is now %s %.200s", p->replayed,
                    past->call, past->args, p->call, p->shop->args.data);
}

/* Answer from the history if the step is in it: 3 values; 0 if it has to be taken now. */
static int replay(lua_State *lua)
{
    struct fy_program *p = program_of(lua);
    if (p->replayed == p->history_count)
        return 0;
    const struct fy_script_past *past = &p->history[p->replayed++];
    if (strcmp(past->call, p->call) != 0 || strcmp(past->args, p->shop->args.data) != 0)
        diverged(lua, past);
    p->shop->note_count = 0; /* they were recorded with the step */
    fy_buf_clear(&p->shop->note_text);
    if (past->outcome == NULL)
        return 0;
    fy_sandbox_renew(p->box);
    return push_outcome(lua, (struct fy_piece){past->outcome, strlen(past->outcome)}, p->tolerant);
}

/* step(call, args, tolerant) -> ok, result, error */
static int take_step(lua_State *lua)
{
    struct fy_program *p = program_of(lua);
    const char *call = luaL_checkstring(lua, 1);
    if (strlen(call) >= sizeof p->call)
        return luaL_error(lua, "the name of a call is longer than %zu bytes: %s", sizeof p->call - 1, call);
    if (!lua_isyieldable(lua))
        return luaL_error(lua, "%s: a step cannot be taken inside a function that sorts or replaces", call);
    if (++p->box->steps > p->box->limits.steps)
        fy_sandbox_stop(lua, FY_OVER_STEPS, "the program took more than %lld steps",
                        (long long)p->box->limits.steps);
    fy_buf_clear(&p->shop->args);
    if (lua_isnoneornil(lua, 2))
        fy_buf_text(&p->shop->args, EMPTY);
    else
        fy_value_write(lua, 2, &p->shop->args, &p->shop->scratch, call);
    fy_sandbox_record(lua, p->shop->args.length);
    (void)snprintf(p->call, sizeof p->call, "%s", call); /* its length was checked */
    p->tolerant = lua_toboolean(lua, 3);
    int answered = replay(lua);
    if (answered > 0)
        return answered;
    return lua_yieldk(lua, 0, p->tolerant, after_step);
}

/* emit(phase, text): rides on the next step */
static int emit_note(lua_State *lua)
{
    struct fy_workshop *shop = program_of(lua)->shop;
    size_t length;
    fy_env_text(lua, 2);
    const char *text = lua_tolstring(lua, -1, &length);
    if (shop->note_count == NOTES_MAX)
        return luaL_error(lua, "more than %d notes without a step between them", NOTES_MAX);
    length = length < NOTE_LENGTH ? length : NOTE_LENGTH;
    fy_sandbox_record(lua, length);
    shop->note[shop->note_count].phase = lua_toboolean(lua, 1);
    shop->note_at[shop->note_count++] = shop->note_text.length;
    fy_buf_put(&shop->note_text, text, length);
    fy_buf_put(&shop->note_text, "", 1);
    return 0;
}

/* load_text(role) -> the text's main function, or nil */
static int load_text(lua_State *lua)
{
    struct fy_program *p = program_of(lua);
    const char *name = luaL_checkstring(lua, 1);
    for (size_t i = 0; i < p->role_count; i++)
        if (strcmp(p->role[i].name, name) == 0) {
            fy_chunk_load(lua, &p->role[i].text->whole, name, false);
            return 1;
        }
    return 0;
}

/* given(member [, member]) -> that part of the arguments the program was started with, a fresh copy */
static int push_given(lua_State *lua)
{
    struct fy_program *p = program_of(lua);
    struct fy_piece part = {p->args, strlen(p->args)};
    for (int i = 1; i <= lua_gettop(lua); i++) {
        part = fy_piece_member(part, luaL_checkstring(lua, i));
        if (part.length == 0)
            return 0;
    }
    fy_value_push(lua, part, &p->shop->scratch);
    return 1;
}

static void push_json_of(lua_State *lua, int index)
{
    struct fy_workshop *shop = program_of(lua)->shop;
    fy_buf_clear(&shop->result);
    fy_value_write(lua, index, &shop->result, &shop->scratch, "the result");
    lua_pushlstring(lua, shop->result.data, shop->result.length);
}

/* json(value) -> its text */
static int push_json(lua_State *lua)
{
    return push_json_of(lua, 1), 1;
}

static int make_list(lua_State *lua)
{
    luaL_checktype(lua, 1, LUA_TTABLE);
    if (luaL_getmetafield(lua, 1, "__metatable") != LUA_TNIL)
        return lua_settop(lua, 1), 1;
    lua_getfield(lua, LUA_REGISTRYINDEX, FY_VALUE_LIST);
    lua_setmetatable(lua, 1);
    return 1;
}

/* duration(value, name) -> milliseconds; nil stays nil */
static int read_duration(lua_State *lua)
{
    static const struct {
        const char *name;
        lua_Integer ms;
    } unit[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
    if (lua_isnil(lua, 1) ||
        (lua_isinteger(lua, 1) && lua_tointeger(lua, 1) >= 0 && lua_tointeger(lua, 1) <= DURATION_MAX_MS))
        return lua_settop(lua, 1), 1;
    const char *text = lua_type(lua, 1) == LUA_TSTRING ? lua_tostring(lua, 1) : "";
    char *end;
    long long number = strtoll(text, &end, 10);
    for (size_t i = 0; i < FY_COUNT(unit); i++)
        if (end != text && number >= 0 && number <= DURATION_MAX_MS / unit[i].ms &&
            strcmp(end, unit[i].name) == 0)
            return lua_pushinteger(lua, number * unit[i].ms), 1;
    luaL_where(lua, 2); /* the workflow: the page that asked is level 1 */
    lua_pushfstring(lua,
                    "%s%s: write milliseconds or a text such as \"90s\", \"15m\", \"2h\"; at most \"366d\"",
                    lua_tostring(lua, -1), luaL_checkstring(lua, 2));
    return lua_error(lua);
}

static const luaL_Reg primitives[] = {
    {"step", take_step},          {"emit", emit_note},         {"load_text", load_text},
    {"given", push_given},        {"list", make_list},         {"json", push_json},
    {"methods", fy_page_methods}, {"duration", read_duration}, {NULL, NULL}};

/* What the program gave becomes the text of its result. */
static int after_program(lua_State *lua, int status, lua_KContext context)
{
    (void)status;
    (void)context;
    if (lua_isnil(lua, -1))
        lua_pushliteral(lua, EMPTY);
    else
        push_json_of(lua, -1);
    return 1;
}

/* The page "boot" answered: a description, or the function and what it is called with. Boot itself is over
 * and costs nothing more. */
static int after_boot(lua_State *lua, int status, lua_KContext context)
{
    (void)status;
    (void)context;
    if (lua_gettop(lua) == 1)
        return 1;
    lua_callk(lua, lua_gettop(lua) - 1, 1, 0, after_program);
    return after_program(lua, LUA_OK, 0);
}

/* The body of the coroutine. */
static int run_program(lua_State *lua)
{
    (void)fy_page_push(lua, "boot");
    lua_pushstring(lua, program_of(lua)->function);
    lua_callk(lua, 1, LUA_MULTRET, 0, after_boot);
    return after_boot(lua, LUA_OK, 0);
}

/* Leaves the thread with what it is to run. */
static int open_state(lua_State *lua)
{
    struct fy_program *p = program_of(lua);
    size_t i = 0;
    while (strcmp(p->role[i].name, "prelude") != 0)
        i++;
    fy_env_open(lua, fy_page_global);
    fy_pages_open(lua, p->role[i].text, primitives);
    lua_pushcfunction(lua_newthread(lua), run_program);
    return 1;
}

/* From what Lua gave back to an event. */

/* What was thrown as one line of text: whatever it is, people read it on terminals and in reports. */
static void say(lua_State *lua, char said[SAID_LENGTH + 1])
{
    size_t length = 0, at = 0;
    const char *text = lua_type(lua, -1) == LUA_TSTRING ? lua_tolstring(lua, -1, &length) : NULL;
    if (text == NULL || length == 0) {
        (void)snprintf(said, SAID_LENGTH + 1, "%s",
                       text != NULL ? "it said nothing" : luaL_typename(lua, -1));
        return;
    }
    for (; at < length && at < SAID_LENGTH - 3; at++) {
        said[at] = text[at];
        if ((unsigned char)text[at] < 0x20 || text[at] == 0x7f)
            said[at] = ' ';
    }
    while (at < length && at > 0 && ((unsigned char)text[at] & 0xc0) == 0x80)
        at--; /* not in the middle of a character */
    (void)snprintf(said + at, SAID_LENGTH + 1 - at, "%s", at < length ? "..." : "");
}

static void put_error(struct fy_program *p, int status, struct fy_script_event *event)
{
    enum fy_over over = p->box->over;
    event->kind = FY_SCRIPT_ERROR;
    event->reason = fy_over_reason(over);
    if (over == FY_OVER_DIVERGED) {
        fy_fail(&event->err, FY_ERR_CONFLICT, "workflow changed under a running upgrade: %s", p->box->why);
        fy_hint(&event->err, "the run goes on only with the texts it was accepted with");
    } else if (over != FY_OVER_NOT) {
        fy_fail(&event->err, FY_ERR_REFUSED, "%s", p->box->why);
        fy_hint(&event->err, "docs/workflow-guide.md has the limits and how to stay inside them");
    } else {
        char said[SAID_LENGTH + 1];
        say(p->box->thread, said);
        fy_fail(&event->err, FY_ERR_INVALID, "workflow error: %s",
                status == LUA_ERRERR ? "an error while another one was handled" : said);
        fy_hint(&event->err, "retry runs the same text again; a mended workflow needs a new order");
    }
}

static void put_result(struct fy_program *p, int count, struct fy_script_event *event)
{
    const char *text = count > 0 ? lua_tostring(p->box->thread, -1) : NULL;
    fy_buf_clear(&p->shop->result);
    fy_buf_text(&p->shop->result, text != NULL ? text : EMPTY);
    event->kind = FY_SCRIPT_DONE;
    event->result = p->shop->result.data;
}

static void put_event(struct fy_program *p, int status, int count, struct fy_script_event *event)
{
    struct fy_workshop *shop = p->shop;
    *event = (struct fy_script_event){.run = p->run, .notes = shop->note, .note_count = shop->note_count};
    for (size_t i = 0; i < shop->note_count; i++)
        shop->note[i].text = shop->note_text.data + shop->note_at[i];
    if (status == LUA_YIELD) {
        event->kind = FY_SCRIPT_CALL;
        event->call = p->call;
        event->args = shop->args.data;
        event->tolerant = p->tolerant;
    } else if (status == LUA_OK && p->replayed < p->history_count) {
        event->kind = FY_SCRIPT_ERROR;
        event->reason = fy_over_reason(FY_OVER_DIVERGED);
        fy_fail(&event->err, FY_ERR_CONFLICT,
                "workflow changed under a running upgrade: step %zu was %s %.200s and now the program ends "
                "before it",
                p->replayed + 1, p->history[p->replayed].call, p->history[p->replayed].args);
    } else if (status == LUA_OK) {
        put_result(p, count, event);
    } else {
        put_error(p, status, event);
    }
}

static void run_on(struct fy_program *p, int count, struct fy_script_event *event)
{
    p->shop->note_count = 0;
    fy_buf_clear(&p->shop->note_text);
    int status = fy_sandbox_resume(p->box, count, &count);
    put_event(p, status, count, event);
    if (status == LUA_YIELD)
        lua_settop(p->box->thread, lua_gettop(p->box->thread) - count);
}

static bool take_texts(struct fy_program *p, const struct fy_script_start *start, struct fy_err *err)
{
    bool prelude = false;
    p->role = FY_NEW_ARRAY(struct role, start->text_count > 0 ? start->text_count : 1);
    for (size_t i = 0; i < start->text_count; i++) {
        const struct fy_script_text *text = &start->texts[i];
        if (text->bytes != NULL)
            fy_workshop_keep(p->shop, text->sha256, text->bytes, text->length);
        struct fy_text *kept = fy_texts_find(&p->shop->texts, text->sha256);
        if (kept == NULL)
            return fy_fail(err, FY_ERR_INTERNAL, "run %s: the text %s (%s) was not handed over", start->run,
                           text->role, text->sha256);
        p->role[p->role_count++] = (struct role){.name = fy_strdup(text->role), .text = kept};
        prelude = prelude || strcmp(text->role, "prelude") == 0;
    }
    return prelude || fy_fail(err, FY_ERR_INTERNAL, "run %s has no prelude among its texts", start->run);
}

struct fy_program *fy_program_start(struct fy_workshop *shop, const struct fy_script_start *start,
                                    struct fy_script_event *ret_event)
{
    struct fy_program *p = FY_NEW(struct fy_program);
    *ret_event = (struct fy_script_event){.kind = FY_SCRIPT_ERROR, .run = start->run, .reason = "host"};
    p->shop = shop;
    p->run = fy_strdup(start->run);
    p->function = fy_strdup(start->function);
    p->args = fy_strdup(start->args);
    if (take_texts(p, start, &ret_event->err)) {
        p->box = fy_sandbox_new(shop->pool, &shop->limits, open_state, p);
        if (p->box == NULL)
            fy_fail(&ret_event->err, FY_ERR_INTERNAL, "run %s: no room for the prelude in %zu KiB",
                    start->run, shop->limits.memory >> 10);
    }
    if (p->box == NULL) {
        fy_program_free(p);
        return NULL;
    }
    p->history = start->history;
    p->history_count = start->history_count;
    run_on(p, 0, ret_event);
    p->history = NULL;
    p->history_count = p->replayed = 0;
    if (ret_event->kind == FY_SCRIPT_CALL)
        fy_program_trim(p); /* what only the start needed, before the next run takes its memory behind it */
    return p;
}

void fy_program_resume(struct fy_program *program, const char *outcome, size_t length,
                       struct fy_script_event *ret_event)
{
    program->outcome = (struct fy_piece){outcome, length};
    run_on(program, 0, ret_event);
    program->outcome = (struct fy_piece){0};
}

void fy_program_trim(struct fy_program *program)
{
    fy_pages_close(program->box->lua);
    fy_sandbox_trim(program->box);
}

size_t fy_program_memory(const struct fy_program *program)
{
    return program->box->used;
}

void fy_program_free(struct fy_program *program)
{
    if (program == NULL)
        return;
    fy_sandbox_free(program->box);
    for (size_t i = 0; i < program->role_count; i++)
        free(program->role[i].name);
    free(program->role);
    free(program->run);
    free(program->function);
    free(program->args);
    free(program);
}
