/* SPDX-License-Identifier: Apache-2.0 */
/* The Plan: which workflow of the catalogue, and the values of its inputs. */
#include "base/mem.h"
#include "base/time.h"
#include "order/dom.h"
#include "order/spelt.h"
#include "order/words.h"

#include <string.h>

#define INTERFACE     "urn:ferry:interface:upgrade"
#define PLAN_TYPE     "urn:ferry:plantype:upgrade"
#define PLAN_LANGUAGE "urn:ferry:planlanguage:lua:5.4"
#define SCHEME        "ferry:"

/* A child of this name whose attribute "name" has this value. */
static const xmlNode *named(const xmlNode *parent, const char *element, const char *name)
{
    const xmlNode *node = parent != NULL ? fy_dom_tosca(parent, element) : NULL;
    for (; node != NULL; node = fy_dom_tosca_next(node)) {
        FY_AUTO(fy_free_ptr) char *own = fy_dom_attribute(node, "name");
        if (own != NULL && strcmp(own, name) == 0)
            return node;
    }
    return NULL;
}

/* Interface / Operation / Plan of the boundary: the reference to the Plan that is to run. */
static const xmlNode *find_call(const struct fy_map *map, const xmlNode *boundary)
{
    const xmlNode *interfaces = fy_dom_tosca(boundary, "Interfaces");
    const xmlNode *interface = named(interfaces, "Interface", INTERFACE);
    const xmlNode *operation = named(interface, "Operation", "upgrade");
    const xmlNode *call = operation != NULL ? fy_dom_tosca(operation, "Plan") : NULL;
    if (call != NULL)
        return call;
    if (interface == NULL)
        fy_map_refuse(map, interfaces != NULL ? interfaces : boundary,
                      "there is no Interface named " INTERFACE);
    else if (operation == NULL)
        fy_map_refuse(map, interface, "it has no Operation named upgrade");
    else
        fy_map_refuse(map, operation, "it has no Plan");
    fy_refuse_hint(&map->to, NULL,
                   "add <Interface name=\"" INTERFACE "\"><Operation name=\"upgrade\"><Plan "
                   "planRef=\"...\"/></Operation></Interface>");
    return NULL;
}

static const xmlNode *find_plan(const struct fy_map *map, const xmlNode *service, const xmlNode *boundary)
{
    const xmlNode *call = find_call(map, boundary);
    const xmlNode *plans = fy_dom_tosca(service, "Plans");
    FY_AUTO(fy_free_ptr) char *ref = NULL;
    char near[FY_DOM_LABEL] = "";
    if (call == NULL || !fy_map_required(map, call, "planRef", "the id of a Plan", &ref))
        return NULL;
    const xmlNode *plan = plans != NULL ? fy_dom_by_id(plans, "Plan", ref, near) : NULL;
    if (plan == NULL) {
        fy_map_refuse(map, call, "planRef=\"%.100s\" names no Plan of this ServiceTemplate", ref);
        fy_refuse_hint(&map->to, near[0] != '\0' ? near : NULL, "add <Plans><Plan id=\"%.60s\" ...>", ref);
    }
    return plan;
}

static bool check_constant(const struct fy_map *map, const xmlNode *plan, const char *attribute,
                           const char *right)
{
    FY_AUTO(fy_free_ptr) char *value = NULL;
    if (!fy_map_required(map, plan, attribute, right, &value))
        return false;
    if (strcmp(value, right) == 0)
        return true;
    fy_map_refuse(map, plan, "%s=\"%.120s\" is not one that can be run here", attribute, value);
    return fy_refuse_hint(&map->to, NULL, "give %s=\"%s\"", attribute, right);
}

/* "ferry:gray_upgrade@1": a name of the catalogue and a major version, never a path. */
static bool parse_reference(const char *reference, struct fy_order_workflow *workflow)
{
    const char *name = reference + strlen(SCHEME);
    const char *at = strchr(reference, '@');
    if (strncmp(reference, SCHEME, strlen(SCHEME)) != 0 || at == NULL || at < name)
        return false;
    size_t digits = strspn(at + 1, "0123456789");
    if (digits == 0 || digits > 6 || at[1 + digits] != '\0')
        return false;
    FY_AUTO(fy_free_ptr) char *own = fy_strndup(name, (size_t)(at - name));
    if (!fy_spelt_name(own))
        return false;
    workflow->name = fy_steal(&own);
    workflow->version = strtol(at + 1, NULL, 10);
    return true;
}

static bool map_reference(const struct fy_map *map, const xmlNode *plan)
{
    const xmlNode *model = fy_dom_tosca(plan, "PlanModelReference");
    FY_AUTO(fy_free_ptr) char *reference = NULL;
    if (model == NULL) {
        fy_map_refuse(map, plan,
                      fy_dom_tosca(plan, "PlanModel") != NULL
                          ? "it brings its own PlanModel; workflows come from the catalogue"
                          : "its child PlanModelReference is missing");
        return fy_refuse_hint(&map->to, NULL, "add <PlanModelReference reference=\"ferry:gray_upgrade@1\"/>");
    }
    if (!fy_map_required(map, model, "reference", "ferry:gray_upgrade@1", &reference))
        return false;
    map->order->workflow.line = fy_dom_line(model);
    if (parse_reference(reference, &map->order->workflow))
        return true;
    fy_map_refuse(map, model, "reference=\"%.120s\" is not a workflow of the catalogue and its major version",
                  reference);
    return fy_refuse_hint(&map->to, NULL, "write it like ferry:gray_upgrade@1; paths and URLs are not read");
}

static const struct fy_order_given *given(const struct fy_order *order, const char *name)
{
    for (size_t i = 0; i < order->request.input_count; i++)
        if (strcmp(order->request.inputs[i].name, name) == 0)
            return &order->request.inputs[i];
    return NULL;
}

static char *canonical_boolean(const char *text)
{
    bool on = strcmp(text, "true") == 0 || strcmp(text, "1") == 0;
    bool off = strcmp(text, "false") == 0 || strcmp(text, "0") == 0;
    return on || off ? fy_strdup(on ? "true" : "false") : NULL;
}

static bool is_decimal(const char *text)
{
    const char *at = text + (*text == '-' ? 1 : 0);
    size_t whole = strspn(at, "0123456789");
    at += whole;
    size_t fraction = *at == '.' ? strspn(at + 1, "0123456789") : 0;
    at += *at == '.' ? fraction + 1 : 0;
    return whole > 0 && whole + fraction <= 18 && *at == '\0' && (fraction > 0 || at[-1] != '.');
}

static char *canonical_integer(const char *text)
{
    if (!is_decimal(text) || strchr(text, '.') != NULL)
        return NULL;
    return fy_format("%lld", strtoll(text, NULL, 10));
}

static char *canonical_duration(const char *text)
{
    int64_t ms;
    return fy_duration_parse(text, &ms, NULL) ? fy_format("%lld", (long long)ms) : NULL;
}

/* The value in the form that order.h promises; NULL if it is not of that type. */
static char *canonical(int type, const char *text)
{
    switch ((enum fy_order_input_type)type) {
    case FY_INPUT_STRING:
        return fy_strdup(text);
    case FY_INPUT_DECIMAL:
        return is_decimal(text) ? fy_strdup(text) : NULL;
    case FY_INPUT_INTEGER:
        return canonical_integer(text);
    case FY_INPUT_BOOLEAN:
        return canonical_boolean(text);
    case FY_INPUT_DURATION:
        return canonical_duration(text);
    }
    return NULL;
}

static bool map_value(const struct fy_map *map, const xmlNode *node, struct fy_order_input *input)
{
    const struct fy_order_given *value = given(map->order, input->name);
    if (value == NULL && !input->required)
        return true;
    if (value == NULL) {
        fy_map_refuse(map, node, "the input \"%.100s\" is required but has no value", input->name);
        return fy_refuse_hint(&map->to, NULL,
                              "add <f:Input name=\"%.60s\" value=\"...\"/> to f:UpgradeRequest", input->name);
    }
    input->value = canonical(input->type, value->value);
    if (input->value != NULL)
        return true;
    const char *type = fy_input_type_words[input->type];
    fy_refuse(&map->to, value->line, "f:Input", "\"%.100s\" is not of type xs:%s", value->value, type);
    return fy_refuse_hint(&map->to, NULL, "the Plan declares %.60s as xs:%s", input->name, type);
}

/* @type is plain text in TOSCA, so its prefix need not be declared: what counts is the name behind it. */
static bool map_type(const struct fy_map *map, const xmlNode *node, struct fy_order_input *input)
{
    FY_AUTO(fy_free_ptr) char *type = NULL;
    if (!fy_map_required(map, node, "type", "xs:string", &type))
        return false;
    const char *colon = strrchr(type, ':');
    const char *name = colon != NULL ? colon + 1 : type;
    input->type = fy_word_index(fy_input_type_words, name);
    if (input->type >= 0)
        return true;
    fy_map_refuse(map, node, "the type \"%.60s\" is not known", type);
    return fy_refuse_hint(&map->to, fy_word_nearest(fy_input_type_words, name),
                          "it may be xs:string, integer, decimal, boolean or duration");
}

static bool map_input(const struct fy_map *map, const xmlNode *node)
{
    struct fy_order_workflow *workflow = &map->order->workflow;
    const struct fy_part *part = &fy_form_workflow.parts[0];
    FY_AUTO(fy_free_ptr) char *name = NULL;
    FY_AUTO(fy_free_ptr) char *required = fy_dom_attribute(node, "required");
    if (!fy_map_required(map, node, "name", "a name", &name))
        return false;
    for (size_t i = 0; i < workflow->input_count; i++)
        if (strcmp(workflow->inputs[i].name, name) == 0)
            return fy_map_refuse(map, node, "the input \"%.100s\" is declared twice", name);
    if (!fy_spelt_name(name) || workflow->input_count == part->max)
        return fy_map_refuse(
            map, node, "\"%.100s\" is not a name of letters, digits and . _ -, or one input too many", name);
    if (required != NULL && strcmp(required, "yes") != 0 && strcmp(required, "no") != 0)
        return fy_map_refuse(map, node, "required=\"%.40s\" is neither yes nor no", required);
    struct fy_order_input *input = fy_form_grow(part, workflow);
    input->line = fy_dom_line(node);
    input->name = fy_steal(&name);
    input->required = required == NULL || strcmp(required, "yes") == 0;
    if (!map_type(map, node, input)) {
        input->type = FY_INPUT_STRING;
        return false;
    }
    return map_value(map, node, input);
}

/* A value for an input that the Plan does not declare would be lost. */
static bool check_given(const struct fy_map *map)
{
    const struct fy_order *order = map->order;
    for (size_t i = 0; i < order->request.input_count; i++) {
        const struct fy_order_given *value = &order->request.inputs[i];
        bool declared = false;
        for (size_t j = 0; j < order->workflow.input_count; j++)
            declared = declared || strcmp(order->workflow.inputs[j].name, value->name) == 0;
        if (!declared) {
            fy_refuse(&map->to, value->line, "f:Input", "the Plan has no InputParameter named \"%.100s\"",
                      value->name);
            return fy_refuse_hint(&map->to, NULL,
                                  "declare it in InputParameters of the Plan, or leave it out");
        }
        if (given(order, value->name) != value)
            return fy_refuse(&map->to, value->line, "f:Input", "\"%.100s\" is given twice", value->name);
    }
    return true;
}

bool fy_map_workflow(const struct fy_map *map, const xmlNode *service, const xmlNode *boundary)
{
    const xmlNode *plan = find_plan(map, service, boundary);
    if (plan == NULL || !check_constant(map, plan, "planType", PLAN_TYPE) ||
        !check_constant(map, plan, "planLanguage", PLAN_LANGUAGE) || !map_reference(map, plan))
        return false;
    const xmlNode *inputs = fy_dom_tosca(plan, "InputParameters");
    const xmlNode *input = inputs != NULL ? fy_dom_tosca(inputs, "InputParameter") : NULL;
    for (; input != NULL; input = fy_dom_tosca_next(input))
        if (!map_input(map, input))
            return false;
    return check_given(map);
}
