/* SPDX-License-Identifier: Apache-2.0 */
/* Records as JSON and back, by their forms. */
#include "base/json.h"
#include "base/mem.h"
#include "order/form.h"
#include "order/words.h"

#include <string.h>

static void write_words(const struct fy_words *words, const char *key, struct fy_buf *buf)
{
    fy_buf_key(buf, key);
    fy_buf_open(buf, '[');
    for (size_t i = 0; i < words->count; i++) {
        if (i > 0)
            fy_buf_text(buf, ",");
        fy_buf_json_string(buf, words->word[i], strlen(words->word[i]));
    }
    fy_buf_close(buf, ']');
}

/* A workflow input is a JSON number or boolean where its type is one. */
static void write_input(const struct fy_order_input *input, const char *key, struct fy_buf *buf)
{
    if (input->type == FY_INPUT_STRING || input->type == FY_INPUT_DECIMAL)
        fy_buf_member(buf, key, input->value);
    else
        fy_buf_member_raw(buf, key, input->value);
}

static void write_field(const struct fy_field *field, const void *record, struct fy_buf *buf)
{
    const void *at = fy_form_peek(record, field->offset);
    switch (field->type) {
    case FY_FIELD_TEXT:
    case FY_FIELD_TOKEN:
        fy_buf_member(buf, field->json, *(char *const *)at);
        break;
    case FY_FIELD_NUMBER:
    case FY_FIELD_STEP:
    case FY_FIELD_TIME:
    case FY_FIELD_DURATION:
        if (*(const int64_t *)at != FY_ABSENT)
            fy_buf_member_int(buf, field->json, *(const int64_t *)at);
        break;
    case FY_FIELD_ENUM:
        fy_buf_member(buf, field->json, field->words[*(const int *)at]);
        break;
    case FY_FIELD_BOOL:
        fy_buf_member_bool(buf, field->json, *(const bool *)at);
        break;
    case FY_FIELD_WORDS:
        write_words(at, field->json, buf);
        break;
    case FY_FIELD_INPUT:
        write_input(record, field->json, buf);
        break;
    }
}

static void write_part(const struct fy_part *part, const void *record, struct fy_buf *buf)
{
    const void *at = fy_form_peek(record, part->offset);
    const char *elements = part->how_many == FY_PART_ONE ? at : *(char *const *)at;
    if (part->how_many != FY_PART_MANY) {
        if (elements != NULL) {
            fy_buf_key(buf, part->json);
            fy_form_write(part->form, elements, buf);
        }
        return;
    }
    size_t count = *(const size_t *)fy_form_peek(record, part->count_offset);
    fy_buf_key(buf, part->json);
    fy_buf_open(buf, '[');
    for (size_t i = 0; i < count; i++)
        fy_form_write(part->form, elements + i * part->form->size, buf);
    fy_buf_close(buf, ']');
}

void fy_form_write(const struct fy_form *form, const void *record, struct fy_buf *buf)
{
    fy_buf_open(buf, '{');
    for (size_t i = 0; i < form->field_count; i++)
        write_field(&form->fields[i], record, buf);
    for (size_t i = 0; i < form->part_count; i++)
        write_part(&form->parts[i], record, buf);
    fy_buf_close(buf, '}');
}

static bool wrong_type(const char *member, const char *right, struct fy_err *err)
{
    return fy_fail(err, FY_ERR_INVALID, "member \"%s\" must be %s", member, right);
}

static bool parse_text(const struct fy_field *field, void *record, const json_t *value, struct fy_err *err)
{
    if (!json_is_string(value) || strlen(json_string_value(value)) != json_string_length(value))
        return wrong_type(field->json, "a string", err);
    return fy_field_set(field, record, json_string_value(value), err) ||
           fy_wrap(err, "member \"%s\"", field->json);
}

static bool parse_int(const struct fy_field *field, void *at, const json_t *value, struct fy_err *err)
{
    if (!json_is_integer(value))
        return wrong_type(field->json, "an integer", err);
    int64_t number = json_integer_value(value);
    bool bounded = field->type == FY_FIELD_NUMBER || field->type == FY_FIELD_DURATION;
    if (number < 0 || (bounded && (number < field->min || number > field->max)))
        return fy_fail(err, FY_ERR_INVALID, "member \"%s\" is out of range: %lld", field->json,
                       (long long)number);
    *(int64_t *)at = number;
    return true;
}

static bool parse_words(const struct fy_field *field, void *record, const json_t *value, struct fy_err *err)
{
    size_t i;
    json_t *word;
    if (!json_is_array(value))
        return wrong_type(field->json, "an array of words", err);
    json_array_foreach(value, i, word)
    {
        if (!parse_text(field, record, word, err))
            return false;
    }
    return true;
}

static bool parse_input(const struct fy_field *field, struct fy_order_input *input, const json_t *value,
                        struct fy_err *err)
{
    bool texty = input->type == FY_INPUT_STRING || input->type == FY_INPUT_DECIMAL;
    bool right = texty ? json_is_string(value)
                       : (input->type == FY_INPUT_BOOLEAN ? json_is_boolean(value) : json_is_integer(value));
    if (!right)
        return wrong_type(field->json, "of the input's type", err);
    free(input->value);
    input->value = texty ? fy_strdup(json_string_value(value)) : fy_json_text(value);
    return true;
}

static bool parse_present(const struct fy_field *field, void *record, const json_t *value, struct fy_err *err)
{
    void *at = fy_form_at(record, field->offset);
    switch (field->type) {
    case FY_FIELD_TEXT:
    case FY_FIELD_TOKEN:
    case FY_FIELD_ENUM:
        return parse_text(field, record, value, err);
    case FY_FIELD_NUMBER:
    case FY_FIELD_STEP:
    case FY_FIELD_TIME:
    case FY_FIELD_DURATION:
        return parse_int(field, at, value, err);
    case FY_FIELD_BOOL:
        if (!json_is_boolean(value))
            return wrong_type(field->json, "true or false", err);
        *(bool *)at = json_is_true(value);
        return true;
    case FY_FIELD_WORDS:
        return parse_words(field, record, value, err);
    case FY_FIELD_INPUT:
        return parse_input(field, record, value, err);
    }
    return false;
}

static bool always_written(const struct fy_field *field)
{
    return field->required || field->type == FY_FIELD_ENUM || field->type == FY_FIELD_BOOL ||
           field->type == FY_FIELD_WORDS;
}

static bool parse_elements(const struct fy_part *part, void *record, const json_t *list, struct fy_err *err)
{
    size_t i;
    json_t *element;
    if (!json_is_array(list) || json_array_size(list) < part->min || json_array_size(list) > part->max)
        return fy_fail(err, FY_ERR_INVALID, "member \"%s\" must be an array of %zu to %zu", part->json,
                       part->min, part->max);
    json_array_foreach(list, i, element)
    {
        if (!fy_form_parse(part->form, fy_form_grow(part, record), element, err))
            return fy_wrap(err, "%s[%zu]", part->json, i);
    }
    return true;
}

static bool parse_part(const struct fy_part *part, void *record, const json_t *value, struct fy_err *err)
{
    void *at = fy_form_at(record, part->offset);
    if (value == NULL && part->how_many == FY_PART_MAYBE)
        return true;
    if (value == NULL)
        return fy_fail(err, FY_ERR_INVALID, "member \"%s\" is missing", part->json);
    if (part->how_many == FY_PART_MANY)
        return parse_elements(part, record, value, err);
    if (part->how_many == FY_PART_MAYBE) {
        *(void **)at = fy_alloc(part->form->size);
        at = *(void **)at;
        fy_form_init(part->form, at);
    }
    return fy_form_parse(part->form, at, value, err) || fy_wrap(err, "%s", part->json);
}

static bool member_known(const struct fy_form *form, const char *key)
{
    for (size_t i = 0; i < form->field_count; i++)
        if (strcmp(form->fields[i].json, key) == 0)
            return true;
    for (size_t i = 0; i < form->part_count; i++)
        if (strcmp(form->parts[i].json, key) == 0)
            return true;
    return false;
}

static bool members_known(const struct fy_form *form, const json_t *doc, struct fy_err *err)
{
    for (void *i = json_object_iter((json_t *)(uintptr_t)doc); i != NULL;
         i = json_object_iter_next((json_t *)(uintptr_t)doc, i))
        if (!member_known(form, json_object_iter_key(i)))
            return fy_fail(err, FY_ERR_INVALID, "member \"%.60s\" is unknown", json_object_iter_key(i));
    return true;
}

bool fy_form_parse(const struct fy_form *form, void *record, const json_t *doc, struct fy_err *err)
{
    if (!json_is_object(doc))
        return fy_fail(err, FY_ERR_INVALID, "it must be an object");
    if (!members_known(form, doc, err))
        return false;
    for (size_t i = 0; i < form->field_count; i++) {
        const struct fy_field *field = &form->fields[i];
        const json_t *value = json_object_get(doc, field->json);
        if (value == NULL && always_written(field))
            return fy_fail(err, FY_ERR_INVALID, "member \"%s\" is missing", field->json);
        if (value != NULL && !parse_present(field, record, value, err))
            return false;
    }
    for (size_t i = 0; i < form->part_count; i++)
        if (!parse_part(&form->parts[i], record, json_object_get(doc, form->parts[i].json), err))
            return false;
    return true;
}
