/* SPDX-License-Identifier: Apache-2.0 */
/* The part of the picture that shows instances and users, left and right. Private to cli/. */
#ifndef FY_CLI_LAYOUT_DOMAINS_H
#define FY_CLI_LAYOUT_DOMAINS_H

#include "cli/layout.h"

/* All draw from a row on and return the row behind what they drew. */
int fy_layout_domains(struct fy_canvas *canvas, int row, const struct fy_picture *picture, int max_rows);
int fy_layout_curves(struct fy_canvas *canvas, int row, const struct fy_picture *picture);
int fy_layout_users(struct fy_canvas *canvas, int row, const struct fy_picture *picture);

#endif
