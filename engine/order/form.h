/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forms: one table per struct of order/order.h that says how each field is written in XML and in JSON, what
 * values it may have and what stands in for a missing one. The XML mapper, the JSON reader and writer and the
 * destructor all walk these tables, so that none of them can forget a field. Private to order/.
 */
#ifndef FY_ORDER_FORM_H
#define FY_ORDER_FORM_H

#include "order/order.h"

enum fy_place {
    FY_AT_ATTRIBUTE, /* an attribute of the element */
    FY_AT_CHILD,     /* the text of a child element; several children for FY_FIELD_WORDS */
    FY_AT_OTHER,     /* not of the f: element: the mapper sets it (line, id of a NodeTemplate) */
};

enum fy_field_type {
    FY_FIELD_TEXT,     /* char *: any text that is not empty */
    FY_FIELD_TOKEN,    /* char *: letters, digits and . _ : / @ + - = only */
    FY_FIELD_NUMBER,   /* int64_t: a decimal number x scale, between min and max */
    FY_FIELD_STEP,     /* int64_t: a number from 1, or "auto", which is 0 */
    FY_FIELD_ENUM,     /* int: index in words */
    FY_FIELD_BOOL,     /* bool: true or false; as a child element: present or not */
    FY_FIELD_TIME,     /* int64_t ms: RFC 3339 */
    FY_FIELD_DURATION, /* int64_t ms, between min and max */
    FY_FIELD_WORDS,    /* struct fy_words: tokens, of "words" if there are any */
    FY_FIELD_INPUT,    /* char *: value of a workflow input; its JSON type is that of the enum before it */
};

struct fy_field {
    const char *xml;  /* local name */
    const char *json; /* member */
    enum fy_place place;
    enum fy_field_type type;
    bool required;
    size_t offset;
    int64_t scale, min, max; /* of numbers and durations, as stored */
    const char *const *words;
    bool (*spelt)(const char *text); /* of texts: a further check, or NULL */
    const char *otherwise;           /* as the XML would write it; NULL: FY_ABSENT, NULL, none */
    const char *right;               /* for the hint: what would be right */
};

enum fy_how_many {
    FY_PART_ONE,   /* a struct in place; required */
    FY_PART_MAYBE, /* a pointer, NULL if absent */
    FY_PART_MANY,  /* a pointer and a count */
};

struct fy_part {
    const char *xml;
    const char *json;
    const struct fy_form *form;
    enum fy_how_many how_many;
    bool in_xml; /* false: the mapper of TOSCA's own elements fills it */
    size_t offset, count_offset;
    size_t min, max;     /* of FY_PART_MANY */
    const char *key_xml; /* several children of this name are told apart by this attribute, */
    const char *key;     /* which must have this value: f:Image domain="source" */
};

struct fy_form {
    const char *xml; /* local name of the element, for messages; NULL for the order itself */
    size_t size;
    const struct fy_field *fields;
    size_t field_count;
    const struct fy_part *parts;
    size_t part_count;
};

extern const struct fy_form fy_form_order, fy_form_request, fy_form_vnf, fy_form_vdu, fy_form_gray,
    fy_form_gate, fy_form_dial_test, fy_form_limits, fy_form_backup, fy_form_guards, fy_form_rollback,
    fy_form_commit, fy_form_workflow, fy_form_input;

/* Where a field or part of a record is. */
static inline void *fy_form_at(void *record, size_t offset)
{
    return (char *)record + offset;
}

static inline const void *fy_form_peek(const void *record, size_t offset)
{
    return (const char *)record + offset;
}

/* Set the fields of a record (zeroed memory) to "absent". */
void fy_form_init(const struct fy_form *form, void *record);

/* Free what a record holds, not the record. */
void fy_form_done(const struct fy_form *form, void *record);

/* A new last element of a list part, initialised. */
void *fy_form_grow(const struct fy_part *part, void *record);

/* The value of one field from its XML text. On failure err says what is wrong with the value only. */
bool fy_field_set(const struct fy_field *field, void *record, const char *text, struct fy_err *err);

/* Fill the defaults of a record none of whose fields was given. */
bool fy_form_defaults(const struct fy_form *form, void *record, struct fy_err *err);

/* JSON of a record, and back. */
void fy_form_write(const struct fy_form *form, const void *record, struct fy_buf *buf);
bool fy_form_parse(const struct fy_form *form, void *record, const json_t *doc, struct fy_err *err);

void fy_words_add(struct fy_words *words, const char *text, size_t length);

#endif
