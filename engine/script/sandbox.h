/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Lua state of its own for one run, with three budgets that a workflow cannot talk its way out of:
 *
 *   memory        bytes alive at once, and bytes made between two steps (a loop around string.rep makes
 *                 few instructions and much work)
 *   instructions  of the Lua machine, and what our C functions charge, between two steps
 *   steps         of the whole program
 *   recorded      bytes of its steps, their outcomes and its notes: a replay must be able to carry them
 *
 * A budget that is used up is over for good: the error passes through every pcall of the workflow.
 * "Between two steps" is the same stretch live and in a replay, so a run that was in its budget stays in it.
 */
#ifndef FY_SCRIPT_SANDBOX_H
#define FY_SCRIPT_SANDBOX_H

#include "base/buf.h"
#include "script/pool.h"

#include <lua.h>

enum fy_over {
    FY_OVER_NOT,
    FY_OVER_MEMORY,
    FY_OVER_INSTRUCTIONS,
    FY_OVER_STEPS,
    FY_OVER_RECORDED,
    FY_OVER_DIVERGED
};

const char *fy_over_reason(enum fy_over over); /* "workflow", "memory", ... as in fy_script_event */

struct fy_limits {
    size_t memory;        /* bytes alive */
    size_t making;        /* bytes made between two steps */
    int64_t instructions; /* between two steps */
    int64_t steps;        /* of a program */
    size_t recorded;      /* bytes of a program's steps, outcomes and notes */
};

extern const struct fy_limits fy_limits_default;

struct fy_sandbox {
    lua_State *lua; /* the state */
    struct fy_pool *pool;
    lua_State *thread; /* the coroutine the program runs in; the one that yields */
    struct fy_limits limits;
    size_t used, made, recorded;
    int64_t instructions; /* left */
    int64_t steps;        /* taken */
    int pcalls;           /* inside each other, just now */
    bool made_too_much;   /* which of the two memory budgets refused last */
    enum fy_over over;
    char why[256]; /* of a budget that is over */
    void *owner;
};

/* NULL if the limits are too small for an empty state. open() fills the state, in a protected call. The pool
 * outlives it. */
struct fy_sandbox *fy_sandbox_new(struct fy_pool *pool, const struct fy_limits *limits, lua_CFunction open,
                                  void *owner);
void fy_sandbox_free(struct fy_sandbox *box);

struct fy_sandbox *fy_sandbox_of(lua_State *lua);
void fy_sandbox_renew(struct fy_sandbox *box); /* a step was taken: full budgets again */
void fy_sandbox_trim(struct fy_sandbox *box);  /* give back what is not used, while the run waits */

/*
 * Resume the coroutine with count values on its stack. Returns LUA_OK or LUA_YIELD with *ret_count values on
 * its stack, or an error status with box->over and box->why set (over NOT: the workflow's own error).
 */
int fy_sandbox_resume(struct fy_sandbox *box, int count, int *ret_count);

/* From C functions of the workflow: use up work; stop the program for good (neither returns when over). */
void fy_sandbox_charge(lua_State *lua, size_t instructions);
void fy_sandbox_record(lua_State *lua, size_t bytes); /* the journal will hold that much more of it */
int fy_sandbox_stop(lua_State *lua, enum fy_over over, const char *format, ...) FY_PRINTF(3, 4);
void fy_sandbox_seal(lua_State *lua, int status); /* after a caught error: passes it on if a budget is over */

#endif
