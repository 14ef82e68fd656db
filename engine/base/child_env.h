/* SPDX-License-Identifier: Apache-2.0 */
/* The environment of a child: a few names are passed on, everything else may hold a secret and is not. */
#ifndef FY_BASE_CHILD_ENV_H
#define FY_BASE_CHILD_ENV_H

/* "NAME=value" strings, ends with NULL; the array and its strings are the caller's to free. */
char **fy_child_env(void);
void fy_child_env_free(char **env);

#endif
