/* SPDX-License-Identifier: Apache-2.0 */
/* XML of strangers as a tree, or a refusal. Private to order/. */
#ifndef FY_ORDER_XML_H
#define FY_ORDER_XML_H

#include "order/refuse.h"

#include <libxml/tree.h>

/* Set libxml2 up, once: it aborts when memory runs out and loads nothing from outside. */
void fy_xml_start(void);

/* NULL if the document is too large, not UTF-8, has a DTD, is not well-formed, or exceeds a limit. The
 * caller frees it with xmlFreeDoc. */
xmlDoc *fy_xml_parse(const char *bytes, size_t length, const struct fy_refuser *to);

/*
 * A look at the bytes before the parser sees them: refuses what would cost it more than its size (many
 * attributes on one element are checked pair by pair) and what is never accepted (DTD, other encodings).
 */
bool fy_xml_scan(const char *bytes, size_t length, const struct fy_refuser *to);

#endif
