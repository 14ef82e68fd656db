/* SPDX-License-Identifier: Apache-2.0 */
/* The tokens of a Lua text, for lint: names, strings, and everything else by its characters. */
#ifndef FY_SCRIPT_TOKEN_H
#define FY_SCRIPT_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

enum fy_token_kind { FY_TOKEN_END, FY_TOKEN_NAME, FY_TOKEN_STRING, FY_TOKEN_NUMBER, FY_TOKEN_OTHER };

struct fy_token {
    enum fy_token_kind kind;
    const char *at; /* of a string: what is between its quotes, escapes untouched */
    size_t length;
    int line;
};

/* All tokens of a text that Lua accepts (syntax errors are found by Lua itself), ended by FY_TOKEN_END; the
 * caller frees the array. */
struct fy_token *fy_tokens(const char *text, size_t *ret_count);

bool fy_token_is(const struct fy_token *token, const char *text);

#endif
