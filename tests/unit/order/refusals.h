/* SPDX-License-Identifier: Apache-2.0 */
/* One good order changed in one place, and what must be said about it. */
#ifndef TEST_ORDER_REFUSALS_H
#define TEST_ORDER_REFUSALS_H

#include <stddef.h>

struct refusal_row {
    const char *find, *put; /* in the AMF order */
    const char *at;         /* the line of this text is named; NULL: that of put; "": no line */
    const char *element;
    const char *words; /* in the message */
    const char *hint;  /* in the hint; NULL: any, even none */
};

extern const struct refusal_row refusals_of_tosca[], refusals_of_bodies[], refusals_of_meaning[];

#endif
