/* SPDX-License-Identifier: Apache-2.0 */
#include "script/token.h"

#include "base/mem.h"

#include <ctype.h>
#include <string.h>

struct lexer {
    const char *at;
    int line;
};

static bool name_character(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* Length of the opening bracket [[ or [=[ at this place; 0 if there is none. */
static size_t long_bracket(const char *at)
{
    if (*at != '[')
        return 0;
    size_t level = strspn(at + 1, "=");
    return at[1 + level] == '[' ? level + 2 : 0;
}

/* Past the end of a long string or comment whose opening bracket (of that length) begins here. */
static const char *skip_long(struct lexer *lexer, const char *at, size_t bracket)
{
    for (at += bracket; *at != '\0'; at++) {
        if (*at == '\n')
            lexer->line++;
        if (*at == ']' && at[bracket - 1] == ']' && strspn(at + 1, "=") == bracket - 2)
            return at + bracket;
    }
    return at;
}

static void skip_blank(struct lexer *lexer)
{
    for (;;) {
        size_t bracket = 0;
        if (*lexer->at == '\n')
            lexer->line++;
        if (isspace((unsigned char)*lexer->at))
            lexer->at++;
        else if (lexer->at[0] != '-' || lexer->at[1] != '-')
            return;
        else if ((bracket = long_bracket(lexer->at + 2)) > 0)
            lexer->at = skip_long(lexer, lexer->at + 2, bracket);
        else
            lexer->at += strcspn(lexer->at, "\n");
    }
}

static const char *quoted_end(struct lexer *lexer, char quote)
{
    const char *at = lexer->at + 1;
    while (*at != '\0' && *at != quote) {
        if (*at == '\n')
            lexer->line++;
        at += *at == '\\' && at[1] != '\0' ? 2 : 1;
    }
    return at;
}

static struct fy_token take_string(struct lexer *lexer)
{
    struct fy_token token = {.kind = FY_TOKEN_STRING, .line = lexer->line};
    size_t bracket = long_bracket(lexer->at);
    const char *end = bracket > 0 ? skip_long(lexer, lexer->at, bracket) : quoted_end(lexer, *lexer->at);
    token.at = lexer->at + (bracket > 0 ? bracket : 1);
    token.length = (size_t)(end - token.at) - (bracket > 0 && *end != '\0' ? bracket : 0);
    lexer->at = bracket > 0 || *end == '\0' ? end : end + 1;
    return token;
}

static struct fy_token next_token(struct lexer *lexer)
{
    static const char *const pairs[] = {"==", "~=", "<=", ">=", "::", "//", ".."};
    skip_blank(lexer);
    struct fy_token token = {.kind = FY_TOKEN_OTHER, .at = lexer->at, .length = 1, .line = lexer->line};
    char c = *lexer->at;
    if (c == '\0')
        return (struct fy_token){.kind = FY_TOKEN_END, .at = "", .line = lexer->line};
    if (c == '"' || c == '\'' || long_bracket(lexer->at) > 0)
        return take_string(lexer);
    if (isdigit((unsigned char)c)) {
        token.kind = FY_TOKEN_NUMBER;
        while (name_character(token.at[token.length]) ||
               (token.at[token.length] == '.' && token.at[token.length + 1] != '.'))
            token.length++;
    } else if (name_character(c)) {
        token.kind = FY_TOKEN_NAME;
        while (name_character(token.at[token.length]))
            token.length++;
    } else {
        for (size_t i = 0; i < FY_COUNT(pairs); i++)
            if (strncmp(token.at, pairs[i], 2) == 0)
                token.length = 2;
        if (strncmp(token.at, "...", 3) == 0)
            token.length = 3;
    }
    lexer->at += token.length;
    return token;
}

struct fy_token *fy_tokens(const char *text, size_t *ret_count)
{
    struct lexer lexer = {.at = text, .line = 1};
    struct fy_token *tokens = NULL;
    size_t count = 0, room = 0;
    do {
        if (count == room) {
            room = room == 0 ? 256 : room * 2;
            tokens = fy_realloc(tokens, room * sizeof *tokens);
        }
        tokens[count++] = next_token(&lexer);
    } while (tokens[count - 1].kind != FY_TOKEN_END);
    *ret_count = count;
    return tokens;
}

bool fy_token_is(const struct fy_token *token, const char *text)
{
    return token->kind != FY_TOKEN_STRING && strlen(text) == token->length &&
           memcmp(token->at, text, token->length) == 0;
}
