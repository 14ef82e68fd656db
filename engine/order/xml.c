/* SPDX-License-Identifier: Apache-2.0 */
#include "order/xml.h"

#include "base/mem.h"

#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/xmlerror.h>
#include <string.h>

/* What is watched while libxml2 parses one document. */
struct watch {
    int depth, elements;
    bool dtd;
    char *limit; /* the limit that was hit, as a sentence; NULL */
    int limit_line;
    char *complaint; /* the first thing libxml2 complained about; NULL */
    int complaint_line;
};

static void *alloc_or_die(size_t size)
{
    void *memory = malloc(size > 0 ? size : 1);
    if (memory == NULL)
        abort();
    return memory;
}

static void *realloc_or_die(void *old, size_t size)
{
    void *memory = realloc(old, size > 0 ? size : 1);
    if (memory == NULL)
        abort();
    return memory;
}

static char *strdup_or_die(const char *text)
{
    char *copy = strdup(text);
    if (copy == NULL)
        abort();
    return copy;
}

static xmlParserInput *load_nothing(const char *url, const char *id, xmlParserCtxt *parser)
{
    (void)url;
    (void)id;
    (void)parser;
    return NULL;
}

/* Errors of libxml2 that belong to no parser: kept by it, seen by xmlGetLastError, never printed. */
static void print_nothing(void *context, const char *format, ...)
{
    (void)context;
    (void)format;
}

void fy_xml_start(void)
{
    static bool started;
    if (started)
        return;
    started = true;
    /* An allocation that fails inside libxml2 can drop an element without a word. */
    (void)xmlMemSetup(free, alloc_or_die, realloc_or_die, strdup_or_die);
    xmlInitParser();
    xmlSetExternalEntityLoader(load_nothing);
    xmlSetGenericErrorFunc(NULL, print_nothing);
}

static struct watch *watch_of(void *parser)
{
    return ((xmlParserCtxt *)parser)->_private;
}

static void stop(xmlParserCtxt *parser, char *limit)
{
    struct watch *watch = watch_of(parser);
    if (watch->limit == NULL) {
        watch->limit = limit;
        watch->limit_line = xmlSAX2GetLineNumber(parser);
    } else {
        free(limit);
    }
    xmlStopParser(parser);
}

/* libxml2 gives an element the line where its start tag ends; people look where it begins. */
static int lines_of_tag(const xmlParserInput *input)
{
    int lines = 0;
    for (const xmlChar *at = input->cur; at > input->base && *at != '<'; at--)
        lines += *at == '\n' ? 1 : 0;
    return lines;
}

/* NOLINTNEXTLINE(readability-function-size): the parameters are libxml2's */
static void on_element(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
                       int namespaces, const xmlChar **namespace_list, int attributes, int defaulted,
                       const xmlChar **attribute_list)
{
    xmlParserCtxt *parser = context;
    struct watch *watch = watch_of(parser);
    if (++watch->depth > FY_ORDER_MAX_DEPTH) {
        stop(parser, fy_format("elements stand more than %d deep inside each other", FY_ORDER_MAX_DEPTH));
        return;
    }
    if (++watch->elements > FY_ORDER_MAX_ELEMENTS) {
        stop(parser, fy_format("the document has more than %d elements", FY_ORDER_MAX_ELEMENTS));
        return;
    }
    if (attributes + namespaces > FY_ORDER_MAX_ATTRIBUTES) {
        stop(parser, fy_format("an element has more than %d attributes and namespace declarations",
                               FY_ORDER_MAX_ATTRIBUTES));
        return;
    }
    xmlSAX2StartElementNs(parser, name, prefix, uri, namespaces, namespace_list, attributes, defaulted,
                          attribute_list);
    if (parser->node != NULL)
        parser->node->line = (unsigned short)(parser->node->line - lines_of_tag(parser->input));
}

static void on_element_end(void *parser, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
    watch_of(parser)->depth--;
    xmlSAX2EndElementNs(parser, name, prefix, uri);
}

static void on_dtd(void *parser, const xmlChar *name, const xmlChar *external_id, const xmlChar *system_id)
{
    (void)name;
    (void)external_id;
    (void)system_id;
    watch_of(parser)->dtd = true;
    xmlStopParser(parser);
}

static void on_complaint(void *parser, xmlError *error)
{
    struct watch *watch = watch_of(parser);
    if (watch->complaint != NULL)
        return;
    const char *text = error->message != NULL ? error->message : "unknown trouble";
    watch->complaint = fy_strndup(text, strcspn(text, "\n"));
    watch->complaint_line = error->line;
}

static void watch_done(struct watch *watch)
{
    free(watch->limit);
    free(watch->complaint);
}

static bool refuse_dtd(const struct fy_refuser *to)
{
    fy_refuse(to, 0, "", "the document has a DTD, which is never read");
    return fy_refuse_hint(to, NULL, "take the DOCTYPE out and write entities as their characters");
}

static bool judge(const xmlParserCtxt *parser, const struct watch *watch, const struct fy_refuser *to)
{
    const xmlDoc *doc = parser->myDoc;
    if (watch->dtd || (doc != NULL && (doc->intSubset != NULL || doc->extSubset != NULL)))
        return refuse_dtd(to);
    if (watch->limit != NULL) {
        fy_refuse(to, watch->limit_line, "", "%s", watch->limit);
        return fy_refuse_hint(to, NULL, "an order is far below this limit; is it the right document?");
    }
    /* Even where libxml2 carries on it may have left something out. */
    if (watch->complaint != NULL || parser->errNo != 0 || !parser->wellFormed || !parser->nsWellFormed ||
        doc == NULL || parser->lastError.code != 0) {
        fy_refuse(to, watch->complaint_line, "", "the document is not well-formed XML: %s",
                  watch->complaint != NULL ? watch->complaint : "the parser gave up");
        return fy_refuse_hint(to, NULL, "check it with an XML editor, or xmllint --noout");
    }
    return true;
}

static void set_handlers(xmlParserCtxt *parser, struct watch *watch)
{
    parser->_private = watch;
    parser->sax->startElementNs = on_element;
    parser->sax->endElementNs = on_element_end;
    parser->sax->internalSubset = on_dtd;
    parser->sax->externalSubset = on_dtd;
    parser->sax->serror = on_complaint;
}

static int safe_flags(void)
{
    int flags = XML_PARSE_NONET;
#if LIBXML_VERSION >= 21300
    flags |= XML_PARSE_NO_XXE;
#endif
    return flags;
}

static xmlDoc *parse(const char *bytes, size_t length, const struct fy_refuser *to)
{
    struct watch watch = {0};
    xmlParserCtxt *parser = xmlNewParserCtxt();
    if (parser == NULL)
        abort();
    set_handlers(parser, &watch);
    xmlDoc *doc = xmlCtxtReadMemory(parser, bytes, (int)length, NULL, "UTF-8", safe_flags());
    parser->myDoc = doc; /* xmlCtxtReadMemory takes it out of the parser */
    if (!judge(parser, &watch, to)) {
        xmlFreeDoc(doc);
        doc = NULL;
    }
    parser->myDoc = NULL;
    xmlFreeParserCtxt(parser);
    watch_done(&watch);
    return doc;
}

xmlDoc *fy_xml_parse(const char *bytes, size_t length, const struct fy_refuser *to)
{
    fy_xml_start();
    if (length > FY_ORDER_MAX_BYTES) {
        fy_refuse(to, 0, "", "the document has %zu bytes; at most %u are read", length, FY_ORDER_MAX_BYTES);
        fy_refuse_hint(to, NULL, "an order is a few kilobytes; is it the right document?");
        return NULL;
    }
    if (!fy_xml_scan(bytes, length, to))
        return NULL;
    return parse(bytes, length, to);
}
