/* SPDX-License-Identifier: Apache-2.0 */
#include "order/xml.h"

#include <string.h>
#include <strings.h>

struct scan {
    const char *at, *end;
    int line;
    const struct fy_refuser *to;
};

static bool starts(const struct scan *scan, const char *text)
{
    size_t length = strlen(text);
    return (size_t)(scan->end - scan->at) >= length && memcmp(scan->at, text, length) == 0;
}

static void step(struct scan *scan)
{
    if (*scan->at == '\n')
        scan->line++;
    scan->at++;
}

/* Behind the next "text", or at the end: what is unfinished is the parser's to report. */
static void skip_past(struct scan *scan, const char *text)
{
    while (scan->at < scan->end && !starts(scan, text))
        step(scan);
    for (size_t i = 0; i < strlen(text) && scan->at < scan->end; i++)
        step(scan);
}

/* One start tag, from "<" to ">". Each "=" outside of quotes is an attribute or a namespace declaration. */
static bool scan_tag(struct scan *scan)
{
    int first_line = scan->line;
    int attributes = 0;
    char quote = '\0';
    for (; scan->at < scan->end && (quote != '\0' || *scan->at != '>'); step(scan)) {
        char c = *scan->at;
        if (quote == '\0' && (c == '"' || c == '\''))
            quote = c;
        else if (c == quote)
            quote = '\0';
        else if (quote == '\0' && c == '=')
            attributes++;
    }
    if (attributes <= FY_ORDER_MAX_ATTRIBUTES)
        return true;
    fy_refuse(scan->to, first_line, "",
              "an element has %d attributes and namespace declarations; at most %d are read", attributes,
              FY_ORDER_MAX_ATTRIBUTES);
    return fy_refuse_hint(scan->to, NULL, "an order needs at most ten on one element");
}

static bool refuse_dtd(const struct scan *scan)
{
    fy_refuse(scan->to, scan->line, "", "the document has a DTD (<!DOCTYPE>), which is never read");
    return fy_refuse_hint(scan->to, NULL, "take the DOCTYPE out and write entities as their characters");
}

static bool scan_markup(struct scan *scan)
{
    if (starts(scan, "<!--")) {
        skip_past(scan, "-->");
        return true;
    }
    if (starts(scan, "<![CDATA[")) {
        skip_past(scan, "]]>");
        return true;
    }
    if (starts(scan, "<?")) {
        skip_past(scan, "?>");
        return true;
    }
    if (starts(scan, "<!DOCTYPE"))
        return refuse_dtd(scan);
    return scan_tag(scan);
}

/* The value of encoding="..." in the XML declaration: its beginning, NULL if there is none. */
static const char *declared_encoding(const char *bytes, size_t length, size_t *ret_length)
{
    const char *end = length > 5 && memcmp(bytes, "<?xml", 5) == 0 ? memchr(bytes, '>', length) : NULL;
    if (end == NULL)
        return NULL;
    const char *at = memmem(bytes, (size_t)(end - bytes), "encoding", 8);
    if (at == NULL)
        return NULL;
    at += 8;
    while (at < end && *at != '"' && *at != '\'')
        at++;
    const char *close = at < end ? memchr(at + 1, *at, (size_t)(end - at - 1)) : NULL;
    if (close == NULL)
        return NULL;
    *ret_length = (size_t)(close - at - 1);
    return at + 1;
}

/* The scan reads bytes; in another encoding it would see other markup than the parser. */
static bool check_encoding(const char *bytes, size_t length, const struct fy_refuser *to)
{
    size_t name_length = 0;
    const char *name = declared_encoding(bytes, length, &name_length);
    bool utf8 = name == NULL || (name_length == 5 && strncasecmp(name, "UTF-8", 5) == 0) ||
                (name_length == 8 && strncasecmp(name, "US-ASCII", 8) == 0) ||
                (name_length == 5 && strncasecmp(name, "ASCII", 5) == 0);
    bool wide = length >= 2 && (memcmp(bytes, "\xff\xfe", 2) == 0 || memcmp(bytes, "\xfe\xff", 2) == 0);
    if (utf8 && !wide && memchr(bytes, '\0', length) == NULL)
        return true;
    if (!utf8)
        fy_refuse(to, 1, "", "the document is encoded in %.*s", (int)(name_length > 40 ? 40 : name_length),
                  name);
    else
        fy_refuse(to, 1, "", "the document is not UTF-8: it has %s",
                  wide ? "a byte order mark of UTF-16" : "NUL bytes");
    return fy_refuse_hint(to, NULL, "write the document in UTF-8");
}

bool fy_xml_scan(const char *bytes, size_t length, const struct fy_refuser *to)
{
    struct scan scan = {bytes, bytes + length, 1, to};
    if (!check_encoding(bytes, length, to))
        return false;
    while (scan.at < scan.end) {
        if (*scan.at != '<')
            step(&scan);
        else if (!scan_markup(&scan))
            return false;
    }
    return true;
}
