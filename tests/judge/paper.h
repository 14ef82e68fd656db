/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_JUDGE_PAPER_H
#define TESTS_JUDGE_PAPER_H

#include <stdbool.h>

/* The paper's upgrade is not rolled back, and of so many good ones no more than one in a hundred. */
bool paper_upgrades(long count);

#endif
