/* SPDX-License-Identifier: Apache-2.0 */
#include "script/lint.h"

#include "base/mem.h"
#include "base/walk.h"
#include "script/catalog.h"
#include "script/env.h"
#include "script/prelude.h"
#include "script/token.h"

#include <lauxlib.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct lint {
    const char *text;
    struct fy_token *token;
    size_t count;
    char *described; /* JSON of what it declares; NULL: it could not be asked */
    fy_lint_found *found;
    void *ctx;
    size_t mistakes;
};

static void tell(struct lint *lint, int line, bool mistake, const char *format, ...) FY_PRINTF(4, 5);

static void tell(struct lint *lint, int line, bool mistake, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    lint->mistakes += mistake;
    lint->found(lint->ctx, line, mistake, text);
}

/* What there is: the prelude's pages and Lua's allowed names. */

static bool has_page(const char *prefix, const char *name, size_t length)
{
    FY_AUTO(fy_free_ptr) char *mark = fy_format("\n--@ %s%.*s\n", prefix, (int)length, name);
    return strstr(fy_script_prelude()->bytes, mark) != NULL;
}

static bool is_global(const struct fy_token *token)
{
    for (size_t i = 0; fy_env_name(i) != NULL; i++)
        if (fy_token_is(token, fy_env_name(i)))
            return true;
    return has_page("global.", token->at, token->length);
}

static bool is_keyword(const struct fy_token *token)
{
    static const char *const words[] = {"and",   "break", "do",       "else",  "elseif", "end",
                                        "false", "for",   "function", "goto",  "if",     "in",
                                        "local", "nil",   "not",      "or",    "repeat", "return",
                                        "then",  "true",  "until",    "while", "self",   "_ENV"};
    for (size_t i = 0; i < FY_COUNT(words); i++)
        if (fy_token_is(token, words[i]))
            return true;
    return false;
}

/* Why a name that Lua has is not there. */
static const char *why_forbidden(const struct fy_token *token)
{
    static const struct {
        const char *name, *why;
    } forbidden[] = {
        {"os", "time and environment differ after a restart; use sleep, wait_until, the order"},
        {"io", "a workflow has no files; what it must know comes from adapters"},
        {"require", "write module \"name\": modules are pinned with the run"},
        {"package", "write module \"name\": modules are pinned with the run"},
        {"load", "texts are pinned when a run is accepted"},
        {"loadstring", "texts are pinned when a run is accepted"},
        {"loadfile", "texts are pinned when a run is accepted"},
        {"dofile", "texts are pinned when a run is accepted"},
        {"next", "its order differs in every process; use pairs, which is sorted"},
        {"coroutine", "the engine suspends a workflow in its steps"},
        {"debug", "it reaches behind the sandbox"},
        {"collectgarbage", "a run must not depend on its memory"},
        {"print", "write note(...): it goes to the journal"},
        {"xpcall", "use pcall"},
        {"rawget", "it reaches behind metatables"},
        {"rawset", "it reaches behind metatables"},
    };
    for (size_t i = 0; i < FY_COUNT(forbidden); i++)
        if (fy_token_is(token, forbidden[i].name))
            return forbidden[i].why;
    return NULL;
}

/* Names that are declared anywhere in the text: local a, b; parameters; variables of for. Scopes are not
 * followed. */

static size_t declared_here(const struct fy_token *token, size_t i, const char *const *stops)
{
    while (token[i].kind != FY_TOKEN_END) {
        for (const char *const *stop = stops; *stop != NULL; stop++)
            if (fy_token_is(&token[i], *stop))
                return i;
        i++;
    }
    return i;
}

/* The list of names that begins behind token i, if that one opens a declaration: [*from, *to). */
static bool opens_names(const struct lint *lint, size_t i, size_t *from, size_t *to)
{
    static const char *const for_stops[] = {"=", "in", NULL}, *const function_stops[] = {")", NULL};
    const struct fy_token *token = lint->token;
    *from = i + 1;
    if (fy_token_is(&token[i], "for")) {
        *to = declared_here(token, i + 1, for_stops);
        return true;
    }
    if (fy_token_is(&token[i], "local") && fy_token_is(&token[i + 1], "function")) {
        *from = i + 2;
        *to = i + 3;
        return true;
    }
    if (fy_token_is(&token[i], "local")) { /* a <const>, b = ...: names go on behind a comma only */
        size_t at = i + 1;
        do {
            *to = at + (fy_token_is(&token[at + 1], "<") ? 4 : 1);
            at = *to + 1;
        } while (fy_token_is(&token[*to], ","));
        return true;
    }
    if (fy_token_is(&token[i], "function")) {
        static const char *const opening[] = {"(", NULL};
        *from = declared_here(token, i, opening) + 1;
        *to = declared_here(token, i, function_stops);
        return true;
    }
    return false;
}

static bool same_token(const struct fy_token *a, const struct fy_token *b)
{
    return a->length == b->length && memcmp(a->at, b->at, a->length) == 0;
}

static bool is_declared(const struct lint *lint, const struct fy_token *name)
{
    for (size_t i = 0; i + 1 < lint->count; i++) {
        size_t from, to;
        if (!opens_names(lint, i, &from, &to))
            continue;
        for (size_t j = from; j < to && j < lint->count; j++)
            if (lint->token[j].kind == FY_TOKEN_NAME && same_token(&lint->token[j], name))
                return true;
    }
    return false;
}

/* Is the name at i a variable (not a member, a method, a key of a table or a label)? */
static bool is_variable(const struct lint *lint, size_t i)
{
    const struct fy_token *token = lint->token, *before = i > 0 ? &token[i - 1] : &token[lint->count - 1];
    if (fy_token_is(before, ".") || fy_token_is(before, ":") || fy_token_is(before, "::") ||
        fy_token_is(before, "goto") || fy_token_is(before, "<"))
        return false;
    bool key = fy_token_is(&token[i + 1], "=") &&
               (fy_token_is(before, "{") || fy_token_is(before, ",") || fy_token_is(before, ";"));
    return !key;
}

static void look_at_variable(struct lint *lint, size_t i)
{
    const struct fy_token *name = &lint->token[i];
    if (is_keyword(name) || !is_variable(lint, i) || is_global(name) || is_declared(lint, name))
        return;
    const char *why = why_forbidden(name);
    if (why != NULL)
        tell(lint, name->line, true, "%.*s is not available: %s", (int)name->length, name->at, why);
    else
        tell(lint, name->line, true, "unknown name '%.*s'", (int)name->length, name->at);
}

/* nf:name, plan:name, stage:name */
static void look_at_method(struct lint *lint, size_t i)
{
    static const struct {
        const char *object, *prefix;
    } objects[] = {{"nf", "nf."}, {"plan", "plan."}, {"stage", "stage."}};
    const struct fy_token *name = &lint->token[i + 2];
    if (!fy_token_is(&lint->token[i + 1], ":") || name->kind != FY_TOKEN_NAME)
        return;
    for (size_t j = 0; j < FY_COUNT(objects); j++) {
        if (!fy_token_is(&lint->token[i], objects[j].object))
            continue;
        size_t skip = j == 0 && name->length > 4 && memcmp(name->at, "try_", 4) == 0 ? 4 : 0;
        if (!has_page(objects[j].prefix, name->at + skip, name->length - skip))
            tell(lint, name->line, true, "%s has no method '%.*s'; workflows/ferry.lua lists them",
                 objects[j].object, (int)name->length, name->at);
    }
}

/* string.dump, math.random, ...: members of libraries that were taken out. */
static void look_at_member(struct lint *lint, size_t i)
{
    static const struct {
        const char *library, *member, *why;
    } gone[] = {{"math", "random", "it would differ after a restart"},
                {"math", "randomseed", "it would differ after a restart"},
                {"string", "dump", "code is text only"},
                {"string", "pack", "binary texts cannot be handed to a step"},
                {"string", "unpack", "binary texts cannot be handed to a step"}};
    for (size_t j = 0; j < FY_COUNT(gone); j++)
        if (fy_token_is(&lint->token[i], gone[j].library) && fy_token_is(&lint->token[i + 1], ".") &&
            fy_token_is(&lint->token[i + 2], gone[j].member))
            tell(lint, lint->token[i].line, true, "%s.%s is not available: %s", gone[j].library,
                 gone[j].member, gone[j].why);
}

/* params.name */
static void look_at_param(struct lint *lint, size_t i)
{
    const struct fy_token *name = &lint->token[i + 2];
    if (lint->described == NULL || !fy_token_is(&lint->token[i], "params") ||
        !fy_token_is(&lint->token[i + 1], ".") || name->kind != FY_TOKEN_NAME)
        return;
    struct fy_piece params =
        fy_piece_member((struct fy_piece){lint->described, strlen(lint->described)}, "params");
    FY_AUTO(fy_free_ptr) char *key = fy_strndup(name->at, name->length);
    if (fy_piece_member(params, key).length == 0)
        tell(lint, name->line, true, "parameter '%s' is read but not declared in params", key);
}

static void look_at_string(struct lint *lint, const struct fy_token *token)
{
    static const char *const forbidden[] = {"__gc", "__mode"};
    for (size_t i = 0; i < FY_COUNT(forbidden); i++)
        if (strlen(forbidden[i]) == token->length && memcmp(forbidden[i], token->at, token->length) == 0)
            tell(lint, token->line, true,
                 "%s is not available: a run must not depend on when memory is collected", forbidden[i]);
    for (const char *at = token->at; (at = memchr(at, '%', (size_t)(token->at + token->length - at))) != NULL;
         at++)
        if (at + 1 < token->at + token->length && at[1] == 'p' && token->length == 2)
            tell(lint, token->line, false,
                 "%%p of string.format is not available: addresses differ in every process");
}

static void look_at_tokens(struct lint *lint)
{
    for (size_t i = 0; i + 2 < lint->count; i++) {
        const struct fy_token *token = &lint->token[i];
        if (token->kind == FY_TOKEN_STRING)
            look_at_string(lint, token);
        if (token->kind != FY_TOKEN_NAME)
            continue;
        if (fy_token_is(token, "__gc") || fy_token_is(token, "__mode"))
            look_at_string(lint, token);
        look_at_variable(lint, i);
        look_at_method(lint, i);
        look_at_member(lint, i);
        look_at_param(lint, i);
    }
}

/* "workflow:12: text" without its place; the line in *ret_line. */
static const char *split_place(const char *message, int *ret_line)
{
    const char *place = strstr(message, "workflow:");
    char *end = NULL;
    long line = place != NULL ? strtol(place + strlen("workflow:"), &end, 10) : 0;
    *ret_line = line > 0 && line < INT_MAX && strncmp(end, ": ", 2) == 0 ? (int)line : 0;
    return *ret_line > 0 ? end + 2 : message;
}

static bool look_at_syntax(struct lint *lint)
{
    lua_State *lua = luaL_newstate();
    if (lua == NULL)
        abort();
    bool good = luaL_loadbufferx(lua, lint->text, strlen(lint->text), "=workflow", "t") == LUA_OK;
    if (!good) {
        int line;
        const char *text = split_place(lua_tostring(lua, -1), &line);
        tell(lint, line, true, "%s", text);
    }
    lua_close(lua);
    return good;
}

static void look_at_description(struct lint *lint, const struct fy_err *err)
{
    int line;
    if (lint->described == NULL) {
        const char *text = split_place(err->message, &line);
        tell(lint, line, true, "%s", text);
        return;
    }
    if (strstr(lint->described, "\"functions\":[\"upgrade\"") == NULL)
        tell(lint, 0, true, "there is no function wf:upgrade(nf, plan)");
}

size_t fy_lint_file(const char *path, fy_lint_found *found, void *ctx)
{
    struct fy_err err = {0};
    struct lint lint = {.found = found, .ctx = ctx};
    struct fy_catalog_entry entry = {0};
    bool whole = fy_catalog_read_file(path, &entry, &err);
    if (entry.text_count < 2) {
        tell(&lint, 0, true, "%s", err.message);
    } else {
        lint.text = entry.texts[1].bytes;
        if (look_at_syntax(&lint)) {
            lint.described = whole ? fy_script_describe(entry.texts, entry.text_count, &err) : NULL;
            lint.token = fy_tokens(lint.text, &lint.count);
            look_at_tokens(&lint);
            if (lint.described != NULL || lint.mistakes == 0)
                look_at_description(&lint, &err);
        }
    }
    free(lint.token);
    free(lint.described);
    fy_catalog_free_entry(&entry);
    return lint.mistakes;
}

static void print_finding(void *ctx, int line, bool mistake, const char *text)
{
    const char *path = ctx;
    if (line > 0)
        (void)printf("%s:%d: %s%s\n", path, line, mistake ? "" : "advice: ", text);
    else
        (void)printf("%s: %s%s\n", path, mistake ? "" : "advice: ", text);
}

int fy_lint_main(int argc, char **argv)
{
    if (argc != 1) {
        (void)fprintf(stderr, "lint: give it one file, as in: lint my_upgrade.lua\n");
        return 2;
    }
    size_t mistakes = fy_lint_file(argv[0], print_finding, argv[0]);
    if (mistakes == 0)
        (void)printf("%s: no mistakes found\n", argv[0]);
    return mistakes == 0 ? 0 : 2;
}
