/* SPDX-License-Identifier: Apache-2.0 */
#include "yaml_tree.h"

#include <string.h>
#include <yaml.h>

#define SIZE_MAX_TEXT (1024 * 1024)
#define DEPTH_MAX     16

struct reader {
    yaml_parser_t parser;
    struct kube_err *err;
};

static json_t *refuse(struct reader *reader, const yaml_event_t *event, const char *why)
{
    (void)kube_fail(reader->err, FERRY_FAILURE_INVALID, NULL, "line %zu of the kubeconfig: %s",
                    event->start_mark.line + 1, why);
    return NULL;
}

static bool next(struct reader *reader, yaml_event_t *event)
{
    return yaml_parser_parse(&reader->parser, event) ||
           kube_fail(reader->err, FERRY_FAILURE_INVALID, NULL, "line %zu of the kubeconfig is no YAML: %s",
                     reader->parser.problem_mark.line + 1,
                     reader->parser.problem != NULL ? reader->parser.problem : "unreadable");
}

static json_t *read_value(struct reader *reader, const yaml_event_t *event, int depth);

static bool read_member(struct reader *reader, json_t *map, const yaml_event_t *key, int depth)
{
    yaml_event_t event;
    const char *name = (const char *)key->data.scalar.value;
    if (key->type != YAML_SCALAR_EVENT || strlen(name) != key->data.scalar.length)
        return refuse(reader, key, "a key is no plain text") != NULL;
    if (json_object_get(map, name) != NULL)
        return refuse(reader, key, "a key stands there twice") != NULL;
    if (!next(reader, &event))
        return false;
    json_t *value = read_value(reader, &event, depth);
    yaml_event_delete(&event);
    return value != NULL && json_object_set_new(map, name, value) == 0;
}

static json_t *read_map(struct reader *reader, int depth)
{
    json_t *map = json_object();
    for (bool ok = true; ok;) {
        yaml_event_t event;
        if (!next(reader, &event))
            break;
        if (event.type == YAML_MAPPING_END_EVENT) {
            yaml_event_delete(&event);
            return map;
        }
        ok = read_member(reader, map, &event, depth);
        yaml_event_delete(&event);
    }
    json_decref(map);
    return NULL;
}

static json_t *read_list(struct reader *reader, int depth)
{
    json_t *list = json_array();
    for (bool ok = true; ok;) {
        yaml_event_t event;
        if (!next(reader, &event))
            break;
        if (event.type == YAML_SEQUENCE_END_EVENT) {
            yaml_event_delete(&event);
            return list;
        }
        json_t *value = read_value(reader, &event, depth);
        ok = value != NULL && json_array_append_new(list, value) == 0;
        yaml_event_delete(&event);
    }
    json_decref(list);
    return NULL;
}

static json_t *read_value(struct reader *reader, const yaml_event_t *event, int depth)
{
    if (depth > DEPTH_MAX)
        return refuse(reader, event, "it is nested too deeply");
    if (event->type == YAML_MAPPING_START_EVENT)
        return read_map(reader, depth + 1);
    if (event->type == YAML_SEQUENCE_START_EVENT)
        return read_list(reader, depth + 1);
    if (event->type == YAML_ALIAS_EVENT)
        return refuse(reader, event, "aliases are not read");
    if (event->type != YAML_SCALAR_EVENT)
        return refuse(reader, event, "a value is missing");
    json_t *text = json_stringn((const char *)event->data.scalar.value, event->data.scalar.length);
    return text != NULL ? text : refuse(reader, event, "a text is no UTF-8");
}

/* The events before and after the one document; false if there is anything else. */
static bool pass(struct reader *reader, yaml_event_type_t type)
{
    yaml_event_t event;
    if (!next(reader, &event))
        return false;
    bool right = event.type == type;
    if (!right)
        (void)refuse(reader, &event, "one document is expected");
    yaml_event_delete(&event);
    return right;
}

static json_t *read_document(struct reader *reader)
{
    yaml_event_t event;
    if (!pass(reader, YAML_STREAM_START_EVENT) || !pass(reader, YAML_DOCUMENT_START_EVENT) ||
        !next(reader, &event))
        return NULL;
    json_t *document = read_value(reader, &event, 1);
    yaml_event_delete(&event);
    if (document != NULL &&
        (!pass(reader, YAML_DOCUMENT_END_EVENT) || !pass(reader, YAML_STREAM_END_EVENT))) {
        json_decref(document);
        document = NULL;
    }
    return document;
}

json_t *kube_yaml_parse(const char *text, struct kube_err *err)
{
    struct reader reader = {.err = err};
    size_t length = strlen(text);
    if (length > SIZE_MAX_TEXT) {
        (void)kube_fail(err, FERRY_FAILURE_INVALID, NULL, "the kubeconfig is larger than 1 MiB");
        return NULL;
    }
    (void)kube_no_memory(err); /* unless something else is found */
    if (!yaml_parser_initialize(&reader.parser))
        return NULL;
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text, length);
    json_t *document = read_document(&reader);
    yaml_parser_delete(&reader.parser);
    return document;
}
