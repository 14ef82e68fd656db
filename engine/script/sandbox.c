/* SPDX-License-Identifier: Apache-2.0 */
#include "script/sandbox.h"

#include "base/mem.h"

#include <lauxlib.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define HOOK_EVERY 1000

const struct fy_limits fy_limits_default = {.memory = 8u << 20,
                                            .making = 64u << 20,
                                            .instructions = 10 * 1000 * 1000,
                                            .steps = 100 * 1000,
                                            .recorded = 24u << 20};

const char *fy_over_reason(enum fy_over over)
{
    static const char *const reason[] = {
        [FY_OVER_NOT] = "workflow", [FY_OVER_MEMORY] = "memory",     [FY_OVER_INSTRUCTIONS] = "instructions",
        [FY_OVER_STEPS] = "steps",  [FY_OVER_RECORDED] = "recorded", [FY_OVER_DIVERGED] = "diverged"};
    return reason[over];
}

/* Lua calls it for every block. Refusing makes Lua collect and ask once more before it gives up. */
static void *allocate(void *self, void *old, size_t old_size, size_t size)
{
    struct fy_sandbox *box = self;
    size_t had = old != NULL ? old_size : 0; /* for a new block old_size is its type */
    if (size > had) {
        size_t more = size - had;
        box->made_too_much = box->made + more > box->limits.making;
        if (more > box->limits.memory - box->used || box->made_too_much)
            return NULL;
        box->made += more;
    }
    box->used += size - had;
    return fy_pool_resize(box->pool, old, had, size);
}

struct fy_sandbox *fy_sandbox_of(lua_State *lua)
{
    return *(struct fy_sandbox **)lua_getextraspace(lua);
}

static int over_instructions(lua_State *lua)
{
    return fy_sandbox_stop(
        lua, FY_OVER_INSTRUCTIONS,
        "the workflow computed for %lld instructions without taking a step; the limit between "
        "two steps is %lld",
        (long long)fy_sandbox_of(lua)->limits.instructions,
        (long long)fy_sandbox_of(lua)->limits.instructions);
}

static void count_hook(lua_State *lua, lua_Debug *where)
{
    (void)where;
    struct fy_sandbox *box = fy_sandbox_of(lua);
    box->instructions -= HOOK_EVERY;
    if (box->over != FY_OVER_NOT || box->instructions < 0)
        over_instructions(lua);
}

void fy_sandbox_charge(lua_State *lua, size_t instructions)
{
    struct fy_sandbox *box = fy_sandbox_of(lua);
    box->instructions -= (int64_t)instructions;
    if (box->instructions < 0)
        over_instructions(lua);
}

void fy_sandbox_record(lua_State *lua, size_t bytes)
{
    struct fy_sandbox *box = fy_sandbox_of(lua);
    box->recorded += bytes;
    if (box->recorded > box->limits.recorded)
        fy_sandbox_stop(
            lua, FY_OVER_RECORDED,
            "the workflow recorded more than %zu MiB: arguments and results of steps, phases and notes",
            box->limits.recorded >> 20);
}

/* From now on every instruction stops the program again: nobody who catches the error gets far. */
static void stop_at_once(const struct fy_sandbox *box, lua_State *lua)
{
    lua_sethook(box->thread != NULL ? box->thread : lua, count_hook, LUA_MASKCOUNT, 1);
}

int fy_sandbox_stop(lua_State *lua, enum fy_over over, const char *format, ...)
{
    struct fy_sandbox *box = fy_sandbox_of(lua);
    if (box->over == FY_OVER_NOT) {
        va_list args;
        va_start(args, format);
        (void)vsnprintf(box->why, sizeof box->why, format, args);
        va_end(args);
        box->over = over;
        stop_at_once(box, lua);
    }
    lua_pushnil(lua);
    return lua_error(lua);
}

static void over_memory(struct fy_sandbox *box)
{
    if (box->over != FY_OVER_NOT)
        return;
    box->over = FY_OVER_MEMORY;
    if (box->made_too_much)
        (void)snprintf(box->why, sizeof box->why,
                       "the workflow made values of more than %zu MiB without taking a step",
                       box->limits.making >> 20);
    else
        (void)snprintf(box->why, sizeof box->why, "the workflow needs more than its %zu KiB of memory",
                       box->limits.memory >> 10);
}

void fy_sandbox_seal(lua_State *lua, int status)
{
    struct fy_sandbox *box = fy_sandbox_of(lua);
    if (status == LUA_ERRMEM && box->over == FY_OVER_NOT) {
        over_memory(box);
        stop_at_once(box, lua);
    }
    if (box->over != FY_OVER_NOT)
        fy_sandbox_stop(lua, box->over, "%s", "");
}

struct fy_sandbox *fy_sandbox_new(struct fy_pool *pool, const struct fy_limits *limits, lua_CFunction open,
                                  void *owner)
{
    struct fy_sandbox *box = FY_NEW(struct fy_sandbox);
    box->pool = pool;
    box->limits = *limits;
    box->owner = owner;
    box->lua = lua_newstate(allocate, box);
    if (box->lua == NULL) {
        free(box);
        return NULL;
    }
    *(struct fy_sandbox **)lua_getextraspace(box->lua) = box;
    lua_pushcfunction(box->lua, open);
    if (lua_pcall(box->lua, 0, 1, 0) != LUA_OK) { /* leaves the thread, made by open, on the stack */
        fy_sandbox_free(box);
        return NULL;
    }
    box->thread = lua_tothread(box->lua, -1);
    lua_sethook(box->thread, count_hook, LUA_MASKCOUNT, HOOK_EVERY); /* counts on from resume to resume */
    lua_gc(box->lua, LUA_GCINC, 130, 200, 10); /* small states: collect early rather than fast */
    return box;
}

void fy_sandbox_free(struct fy_sandbox *box)
{
    if (box == NULL)
        return;
    lua_close(box->lua);
    free(box);
}

void fy_sandbox_renew(struct fy_sandbox *box)
{
    box->made = 0;
    box->instructions = box->limits.instructions;
}

void fy_sandbox_trim(struct fy_sandbox *box)
{
    lua_gc(box->lua, LUA_GCCOLLECT);
}

int fy_sandbox_resume(struct fy_sandbox *box, int count, int *ret_count)
{
    fy_sandbox_renew(box);
    int status = lua_resume(box->thread, NULL, count, ret_count);
    if (status == LUA_ERRMEM)
        over_memory(box);
    return status;
}
