/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON answers as XML, for whoever asks with Accept: application/xml. One rule for all of them: a member is
 * an element of its name (or <item name="..."> where that is no XML name), an element of a list is an <item>;
 * type says what is not text or object: number, boolean, null, list. The schema is ferry-api-1.xsd. Private
 * to api/.
 */
#ifndef FY_API_XML_H
#define FY_API_XML_H

#include "base/buf.h"

/* root: "answer", or "problem" for a problem document (RFC 9457, appendix B). False: it was not JSON. */
bool fy_xml_of_json(const char *json, size_t length, const char *root, struct fy_buf *xml);

#endif
