/* SPDX-License-Identifier: Apache-2.0 */
/* The value of a field from its text in the XML. */
#include "base/mem.h"
#include "base/time.h"
#include "order/form.h"
#include "order/spelt.h"
#include "order/words.h"

#include <string.h>

#define WORDS_MAX 64

/* Say what is wrong, and in the hint what would be right. */
static bool wrong(const struct fy_field *field, const char *text, struct fy_err *err)
{
    fy_fail(err, FY_ERR_INVALID, "\"%.100s\" is not a value it can have", text);
    if (field->right != NULL)
        fy_hint(err, "give %s", field->right);
    return false;
}

static bool wrong_word(const struct fy_field *field, const char *text, struct fy_err *err)
{
    FY_AUTO(fy_buf_free) struct fy_buf list = {0};
    for (size_t i = 0; field->words[i] != NULL; i++)
        fy_buf_format(&list, "%s%s", i > 0 ? ", " : "", field->words[i]);
    const char *near = fy_word_nearest(field->words, text);
    fy_fail(err, FY_ERR_INVALID, "\"%.100s\" is not one of %s", text, list.data);
    return near != NULL ? fy_hint(err, "did you mean \"%s\"?", near)
                        : fy_hint(err, "give one of %s", list.data);
}

static bool set_text(const struct fy_field *field, void *at, const char *text, struct fy_err *err)
{
    char **to = at;
    bool token = field->type == FY_FIELD_TOKEN;
    if (text[0] == '\0') {
        fy_fail(err, FY_ERR_INVALID, "it is empty");
        return field->right != NULL ? fy_hint(err, "give %s", field->right) : false;
    }
    if (field->spelt != NULL && !field->spelt(text))
        return wrong(field, text, err);
    if (token && !fy_spelt_token(text)) {
        fy_fail(err, FY_ERR_INVALID, "\"%.100s\" is not a name", text);
        return fy_hint(err, "use letters, digits and . _ : / @ + = , - only, at most 256");
    }
    if (!token && !fy_spelt_text(text)) {
        fy_fail(err, FY_ERR_INVALID, "\"%.100s\" is too long or has control characters", text);
        return fy_hint(err, "use at most 512 bytes of plain text");
    }
    free(*to);
    *to = fy_strdup(text);
    return true;
}

/* A decimal number x scale, exactly: false if it is none, is too long, or has more decimals than scale. */
static bool parse_scaled(const char *text, int64_t scale, int64_t *ret)
{
    int64_t value = 0;
    const char *at = text;
    if (*at < '0' || *at > '9')
        return false;
    for (; *at >= '0' && *at <= '9'; at++) {
        value = value * 10 + (*at - '0');
        if (at - text > 15)
            return false;
    }
    value *= scale;
    if (*at == '.') {
        if (at[1] < '0' || at[1] > '9')
            return false;
        int64_t unit = scale;
        for (at++; *at >= '0' && *at <= '9'; at++) {
            unit = unit % 10 == 0 ? unit / 10 : 0;
            if (unit == 0 && *at != '0')
                return false;
            value += unit * (*at - '0');
        }
    }
    *ret = value;
    return *at == '\0';
}

static bool set_number(const struct fy_field *field, void *at, const char *text, struct fy_err *err)
{
    int64_t value;
    if (field->type == FY_FIELD_STEP && strcmp(text, "auto") == 0) {
        *(int64_t *)at = 0;
        return true;
    }
    if (!parse_scaled(text, field->scale, &value) || value < field->min || value > field->max)
        return wrong(field, text, err);
    *(int64_t *)at = value;
    return true;
}

static bool set_duration(const struct fy_field *field, void *at, const char *text, struct fy_err *err)
{
    int64_t value;
    if (!fy_duration_parse(text, &value, err))
        return false;
    if (value < field->min || value > field->max) {
        fy_fail(err, FY_ERR_INVALID, "\"%.60s\" is out of range", text);
        return fy_hint(err, "give a duration from %s", field->right);
    }
    *(int64_t *)at = value;
    return true;
}

static bool set_enum(const struct fy_field *field, void *at, const char *text, struct fy_err *err)
{
    int index = fy_word_index(field->words, text);
    if (index < 0)
        return wrong_word(field, text, err);
    *(int *)at = index;
    return true;
}

static bool set_bool(const struct fy_field *field, void *at, const char *text, struct fy_err *err)
{
    bool on = strcmp(text, "true") == 0 || strcmp(text, "1") == 0;
    bool present = field->place == FY_AT_CHILD && text[0] == '\0'; /* <f:DryRun/> */
    if (!on && !present && strcmp(text, "false") != 0 && strcmp(text, "0") != 0) {
        fy_fail(err, FY_ERR_INVALID, "\"%.100s\" is neither true nor false", text);
        return fy_hint(err, "give true or false");
    }
    *(bool *)at = on || present;
    return true;
}

static bool set_words(const struct fy_field *field, void *at, const char *text, struct fy_err *err)
{
    struct fy_words *words = at;
    static const char space[] = " \t\r\n";
    for (const char *next = text + strspn(text, space); *next != '\0'; next += strspn(next, space)) {
        size_t length = strcspn(next, space);
        FY_AUTO(fy_free_ptr) char *word = fy_strndup(next, length);
        next += length;
        if (!fy_spelt_token(word))
            return wrong(field, word, err);
        if (field->words != NULL && fy_word_index(field->words, word) < 0)
            return wrong_word(field, word, err);
        if (fy_words_have(words, word)) {
            fy_fail(err, FY_ERR_INVALID, "\"%.100s\" stands in it twice", word);
            return fy_hint(err, "leave one out");
        }
        if (words->count == WORDS_MAX)
            return fy_fail(err, FY_ERR_INVALID, "it lists more than %d words", WORDS_MAX);
        fy_words_add(words, word, length);
    }
    return true;
}

bool fy_field_set(const struct fy_field *field, void *record, const char *text, struct fy_err *err)
{
    void *at = fy_form_at(record, field->offset);
    switch (field->type) {
    case FY_FIELD_TEXT:
    case FY_FIELD_TOKEN:
    case FY_FIELD_INPUT:
        return set_text(field, at, text, err);
    case FY_FIELD_NUMBER:
    case FY_FIELD_STEP:
        return set_number(field, at, text, err);
    case FY_FIELD_ENUM:
        return set_enum(field, at, text, err);
    case FY_FIELD_BOOL:
        return set_bool(field, at, text, err);
    case FY_FIELD_TIME:
        return fy_time_parse(text, at, err);
    case FY_FIELD_DURATION:
        return set_duration(field, at, text, err);
    case FY_FIELD_WORDS:
        return set_words(field, at, text, err);
    }
    return false;
}

bool fy_form_defaults(const struct fy_form *form, void *record, struct fy_err *err)
{
    for (size_t i = 0; i < form->field_count; i++)
        if (form->fields[i].otherwise != NULL &&
            !fy_field_set(&form->fields[i], record, form->fields[i].otherwise, err))
            return false;
    return true;
}
