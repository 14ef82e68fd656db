/* SPDX-License-Identifier: Apache-2.0 */
/* What so many users could show, before or after they were counted. */
#ifndef FY_JUDGE_POWER_H
#define FY_JUDGE_POWER_H

/* n0, n1: users on the source and the target; rate: what both fail at; alpha: of the test; a share, 1 at
 * most. */
double fy_power_smallest(double n0, double n1, double rate, double alpha);

/* How likely the test finds that the target is worse by so much. */
double fy_power_of(double n0, double n1, double rate, double worse, double alpha);

/* Users on the target that a PASS needs with this margin, both sides failing at that rate; ratio: source
 * users for each. */
double fy_power_users_to_pass(double ratio, double rate, double margin, double limit);

#endif
