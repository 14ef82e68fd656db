/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mistakes in a workflow that can be seen without running it: `ferry workflow lint FILE`. Syntax; names and
 * methods that do not exist; what the sandbox forbids; parameters that are read and not declared; functions
 * that are missing; and whatever goes wrong when it declares itself.
 */
#ifndef FY_SCRIPT_LINT_H
#define FY_SCRIPT_LINT_H

#include <stdbool.h>
#include <stddef.h>

/* Told once for each finding, in the order of lines. mistake is false for advice. line is 0 for the whole
 * text. */
typedef void fy_lint_found(void *ctx, int line, bool mistake, const char *text);

/* Look through the workflow in a file; its modules are sought beside it and in the folder above. How many
 * mistakes. */
size_t fy_lint_file(const char *path, fy_lint_found *found, void *ctx);

/* `ferry-host lint FILE`: findings as FILE:LINE: text on standard output; the exit status: 0, or 2 if there
 * are mistakes. */
int fy_lint_main(int argc, char **argv);

#endif
