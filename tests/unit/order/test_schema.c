/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The schema that is shipped for OSS developers says the same as the mapper: every attribute, its default,
 * its words and whether it is required; and it accepts the bodies of good orders. Only tests run a schema.
 */
#include "base/mem.h"
#include "order/form.h"
#include "tests/unit/order/support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <libxml/xmlschemas.h>

#define XSD SOURCE_DIR "/engine/order/ferry-upgrade-1.xsd"

static xmlDoc *schema;

static xmlNode *child_named(const xmlNode *parent, const char *element, const char *name)
{
    for (xmlNode *node = parent != NULL ? parent->children : NULL; node != NULL; node = node->next) {
        FY_AUTO(fy_free_ptr) char *own = NULL;
        if (node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, element) == 0)
            own = (char *)xmlGetNoNsProp(node, (const xmlChar *)"name");
        if (own != NULL && strcmp(own, name) == 0)
            return node;
    }
    return NULL;
}

static void assert_attribute(const xmlNode *node, const char *name, const char *expected, const char *of)
{
    FY_AUTO(fy_free_ptr) char *value = (char *)xmlGetNoNsProp(node, (const xmlChar *)name);
    if ((value == NULL) != (expected == NULL) || (value != NULL && strcmp(value, expected) != 0))
        fail_msg("%s: %s is %s in the schema and %s in the form", of, name, value != NULL ? value : "absent",
                 expected != NULL ? expected : "absent");
}

/* The words of the attribute's simple type, one after the other, are those of the form. */
static void assert_words(const xmlNode *attribute, const char *const *words, const char *of)
{
    FY_AUTO(fy_free_ptr) char *type = (char *)xmlGetNoNsProp(attribute, (const xmlChar *)"type");
    const xmlNode *simple = child_named(xmlDocGetRootElement(schema), "simpleType", type + strlen("f:"));
    assert_non_null(simple);
    const xmlNode *list = xmlFirstElementChild((xmlNode *)(uintptr_t)simple);
    if (strcmp((const char *)list->name, "list") == 0) {
        FY_AUTO(fy_free_ptr) char *item = (char *)xmlGetNoNsProp(list, (const xmlChar *)"itemType");
        simple = child_named(xmlDocGetRootElement(schema), "simpleType", item + strlen("f:"));
        list = xmlFirstElementChild((xmlNode *)(uintptr_t)simple);
    }
    const xmlNode *word = xmlFirstElementChild((xmlNode *)(uintptr_t)list);
    size_t i = 0;
    for (; word != NULL && words[i] != NULL; word = xmlNextElementSibling((xmlNode *)(uintptr_t)word))
        assert_attribute(word, "value", words[i++], of);
    if (word != NULL || words[i] != NULL)
        fail_msg("%s: schema and form do not list the same words", of);
}

static void assert_field(const xmlNode *type, const struct fy_form *form, const struct fy_field *field)
{
    FY_AUTO(fy_free_ptr) char *of = fy_format("f:%s %s", form->xml, field->xml);
    const xmlNode *attribute = child_named(type, "attribute", field->xml);
    if (attribute == NULL)
        fail_msg("%s is not in the schema", of);
    assert_attribute(attribute, "use", field->required ? "required" : NULL, of);
    assert_attribute(attribute, "default", field->otherwise, of);
    if (field->words != NULL)
        assert_words(attribute, field->words, of);
}

static size_t count_children(const xmlNode *parent, const char *element)
{
    size_t count = 0;
    for (const xmlNode *node = parent->children; node != NULL; node = node->next)
        count += node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, element) == 0 ? 1 : 0;
    return count;
}

static void assert_form(const struct fy_form *form)
{
    const xmlNode *type = child_named(xmlDocGetRootElement(schema), "complexType", form->xml);
    if (type == NULL)
        fail_msg("f:%s is not in the schema", form->xml);
    const xmlNode *sequence = xmlFirstElementChild((xmlNode *)(uintptr_t)type);
    while (sequence != NULL && strcmp((const char *)sequence->name, "sequence") != 0)
        sequence = xmlNextElementSibling((xmlNode *)(uintptr_t)sequence);
    assert_non_null(sequence);
    size_t attributes = 0;
    for (size_t i = 0; i < form->field_count; i++) {
        if (form->fields[i].place == FY_AT_ATTRIBUTE) {
            assert_field(type, form, &form->fields[i]);
            attributes++;
        } else if (form->fields[i].place == FY_AT_CHILD &&
                   child_named(sequence, "element", form->fields[i].xml) == NULL) {
            fail_msg("f:%s f:%s is not in the schema", form->xml, form->fields[i].xml);
        }
    }
    attributes += strcmp(form->xml, "Image") == 0 ? 1 : 0; /* its domain is the key of the part */
    if (count_children(type, "attribute") != attributes)
        fail_msg("f:%s: the schema has attributes that the form has not", form->xml);
    for (size_t i = 0; i < form->part_count; i++) {
        if (child_named(sequence, "element", form->parts[i].xml) == NULL)
            fail_msg("f:%s f:%s is not in the schema", form->xml, form->parts[i].xml);
        assert_form(form->parts[i].form);
    }
}

static void test_schema_and_forms_say_the_same(void **state)
{
    (void)state;
    static const struct fy_form *const forms[] = {&fy_form_request,  &fy_form_vnf,    &fy_form_vdu,
                                                  &fy_form_gray,     &fy_form_gate,   &fy_form_dial_test,
                                                  &fy_form_limits,   &fy_form_backup, &fy_form_guards,
                                                  &fy_form_rollback, &fy_form_commit};
    for (size_t i = 0; i < FY_COUNT(forms); i++)
        assert_form(forms[i]);
}

/* Validate each f: body by itself; how many there were, -1 if one is not valid. */
static int validate_bodies(xmlSchemaValidCtxt *valid, const xmlNode *node)
{
    int bodies = 0;
    for (const xmlNode *child = node->children; child != NULL; child = child->next) {
        bool ours = child->type == XML_ELEMENT_NODE && child->ns != NULL &&
                    strcmp((const char *)child->ns->href, FY_ORDER_NAMESPACE) == 0;
        int more = 1;
        if (!ours)
            more = child->type == XML_ELEMENT_NODE ? validate_bodies(valid, child) : 0;
        else if (xmlSchemaValidateOneElement(valid, (xmlNode *)(uintptr_t)child) != 0)
            return -1;
        if (more < 0)
            return -1;
        bodies += more;
    }
    return bodies;
}

static int bodies_of(const char *text)
{
    xmlSchemaParserCtxt *parser = xmlSchemaNewParserCtxt(XSD);
    xmlSchema *compiled = xmlSchemaParse(parser);
    assert_non_null(compiled);
    xmlSchemaValidCtxt *valid = xmlSchemaNewValidCtxt(compiled);
    xmlDoc *doc = xmlReadMemory(text, (int)strlen(text), NULL, NULL, XML_PARSE_NONET);
    assert_non_null(doc);
    int bodies = validate_bodies(valid, xmlDocGetRootElement(doc));
    xmlFreeDoc(doc);
    xmlSchemaFreeValidCtxt(valid);
    xmlSchemaFree(compiled);
    xmlSchemaFreeParserCtxt(parser);
    return bodies;
}

static void test_the_schema_accepts_good_orders(void **state)
{
    (void)state;
    FY_AUTO(fy_free_ptr) char *amf = load_order(AMF);
    FY_AUTO(fy_free_ptr) char *smf = load_order(SMF);
    assert_int_equal(bodies_of(amf), 14);
    assert_int_equal(bodies_of(smf), 10);
}

static void test_the_schema_refuses_what_it_can_see(void **state)
{
    (void)state;
    static const char *const changes[][2] = {
        {"ratio=\"100\"", "ratio=\"120\""},   {"soak=\"PT15M\"", "soak=\"15min\""},
        {"soak=\"PT15M\"", "soek=\"PT15M\""}, {" tenant=\"core-east\"", ""},
        {"role=\"oam\"", "role=\"omu\""},     {"step=\"auto\"", "step=\"0\""},
    };
    FY_AUTO(fy_free_ptr) char *good = load_order(AMF);
    for (size_t i = 0; i < FY_COUNT(changes); i++) {
        FY_AUTO(fy_free_ptr) char *text = replaced(good, changes[i][0], changes[i][1]);
        if (bodies_of(text) != -1)
            fail_msg("the schema accepts %s", changes[i][1]);
    }
}

static void ignore(void *context, xmlError *error)
{
    (void)context;
    (void)error;
}

static int load(void **state)
{
    (void)state;
    xmlSetStructuredErrorFunc(NULL, ignore);
    schema = xmlReadFile(XSD, NULL, XML_PARSE_NONET);
    return schema != NULL ? 0 : -1;
}

static int unload(void **state)
{
    (void)state;
    xmlFreeDoc(schema);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schema_and_forms_say_the_same),
        cmocka_unit_test(test_the_schema_accepts_good_orders),
        cmocka_unit_test(test_the_schema_refuses_what_it_can_see),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
