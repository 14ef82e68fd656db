/* SPDX-License-Identifier: Apache-2.0 */
#include "order/form.h"

#include "base/mem.h"

#include <string.h>

static bool holds_int64(enum fy_field_type type)
{
    return type == FY_FIELD_NUMBER || type == FY_FIELD_STEP || type == FY_FIELD_TIME ||
           type == FY_FIELD_DURATION;
}

static bool holds_text(enum fy_field_type type)
{
    return type == FY_FIELD_TEXT || type == FY_FIELD_TOKEN || type == FY_FIELD_INPUT;
}

void fy_form_init(const struct fy_form *form, void *record)
{
    for (size_t i = 0; i < form->field_count; i++)
        if (holds_int64(form->fields[i].type))
            *(int64_t *)fy_form_at(record, form->fields[i].offset) = FY_ABSENT;
    for (size_t i = 0; i < form->part_count; i++)
        if (form->parts[i].how_many == FY_PART_ONE)
            fy_form_init(form->parts[i].form, fy_form_at(record, form->parts[i].offset));
}

static void words_done(struct fy_words *words)
{
    for (size_t i = 0; i < words->count; i++)
        free(words->word[i]);
    free(words->word);
}

static void field_done(const struct fy_field *field, void *record)
{
    void *at = fy_form_at(record, field->offset);
    if (holds_text(field->type))
        free(*(char **)at);
    else if (field->type == FY_FIELD_WORDS)
        words_done(at);
}

static void part_done(const struct fy_part *part, void *record)
{
    void *at = fy_form_at(record, part->offset);
    if (part->how_many == FY_PART_ONE) {
        fy_form_done(part->form, at);
        return;
    }
    char *elements = *(char **)at;
    size_t count = elements == NULL ? 0 : 1;
    if (part->how_many == FY_PART_MANY)
        count = *(size_t *)fy_form_at(record, part->count_offset);
    for (size_t i = 0; i < count; i++)
        fy_form_done(part->form, elements + i * part->form->size);
    free(elements);
}

void fy_form_done(const struct fy_form *form, void *record)
{
    for (size_t i = 0; i < form->field_count; i++)
        field_done(&form->fields[i], record);
    for (size_t i = 0; i < form->part_count; i++)
        part_done(&form->parts[i], record);
}

void *fy_form_grow(const struct fy_part *part, void *record)
{
    char **elements = fy_form_at(record, part->offset);
    size_t *count = fy_form_at(record, part->count_offset);
    size_t size = part->form->size;
    *elements = fy_realloc(*elements, (*count + 1) * size);
    char *fresh = *elements + *count * size;
    memset(fresh, 0, size);
    fy_form_init(part->form, fresh);
    (*count)++;
    return fresh;
}

void fy_words_add(struct fy_words *words, const char *text, size_t length)
{
    words->word = fy_realloc(words->word, (words->count + 1) * sizeof *words->word);
    words->word[words->count++] = fy_strndup(text, length);
}
