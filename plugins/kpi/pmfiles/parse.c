/* SPDX-License-Identifier: Apache-2.0 */
#include "pmfiles/rows.h"

#include <libxml/xmlreader.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TYPES_MAX 4096
#define TEXT_MAX  ((size_t)1 << 20)

/* Where the reader is. Types and results of one measInfo are put together by their place. */
struct state {
    const struct pm_reader *reader;
    struct pm_rows *rows;
    const char *wrong;
    char element[256]; /* managedElement's localDn */
    char version[64];
    char object[512]; /* measObjLdn */
    int64_t end_ms, duration_ms;
    int32_t *cells;  /* of each type; INT32_MIN: nobody wants it */
    uint64_t *names; /* its digest */
    size_t types;
    char **values; /* of this measValue, by place */
    bool suspect, ended, rooted;
    size_t place;
};

void pm_rows_free(struct pm_rows *rows)
{
    free(rows->rows);
    *rows = (struct pm_rows){0};
}

bool pm_rows_add(struct pm_rows *rows, const struct pm_row *row)
{
    if (rows->count == PM_ROWS_MAX)
        return false;
    if (rows->count == rows->room) {
        size_t room = rows->room > 0 ? rows->room * 2 : 256;
        struct pm_row *more = realloc(rows->rows, room * sizeof *more);
        if (more == NULL)
            return false;
        rows->rows = more;
        rows->room = room;
    }
    rows->rows[rows->count++] = *row;
    return true;
}

static void refuse(struct state *state, const char *wrong)
{
    if (state->wrong == NULL)
        state->wrong = wrong;
}

static uint64_t digest(uint64_t from, const char *text)
{
    for (; *text != '\0'; text++)
        from = (from ^ (unsigned char)*text) * UINT64_C(1099511628211);
    return (from ^ '\n') * UINT64_C(1099511628211);
}

#define DIGEST_START UINT64_C(14695981039346656037)

/* ---- types ------------------------------------------------------------------------------------------- */

/* The cell a measurement fills: RM.RegInitReq, or RM.RegInitFail.3 for a cause. */
static int32_t cell_of(const struct pm_reader *reader, const char *type)
{
    for (int segment = 0; segment < KPI_SEGMENTS; segment++)
        if (reader->users[segment][0] != '\0' && strcmp(reader->users[segment], type) == 0)
            return -1 - segment;
    for (size_t i = 0; i < reader->ask->cell_count; i++) {
        const struct kpi_cell *cell = &reader->ask->cells[i];
        size_t length = strlen(cell->counter);
        if (cell->cause == NULL ? strcmp(type, cell->counter) == 0
                                : strncmp(type, cell->counter, length) == 0 && type[length] == '.' &&
                                      strcmp(type + length + 1, cell->cause) == 0)
            return (int32_t)i;
    }
    return INT32_MIN;
}

static void set_type(struct state *state, size_t place, const char *type)
{
    if (place >= TYPES_MAX) {
        refuse(state, "a measInfo has more than 4096 measurements");
        return;
    }
    state->cells[place] = cell_of(state->reader, type);
    state->names[place] = digest(DIGEST_START, type);
    if (place >= state->types)
        state->types = place + 1;
}

/* ---- values ------------------------------------------------------------------------------------------ */

static void forget_values(struct state *state)
{
    for (size_t i = 0; i < TYPES_MAX; i++) {
        free(state->values[i]);
        state->values[i] = NULL;
    }
}

static void set_value(struct state *state, size_t place, const char *text)
{
    if (place >= TYPES_MAX || state->cells[place] == INT32_MIN)
        return;
    free(state->values[place]);
    state->values[place] = strdup(text);
    if (state->values[place] == NULL)
        refuse(state, "out of memory");
}

/* Words of measTypes and measResults: they belong together by their places. */
static void each_word(struct state *state, char *text, void (*put)(struct state *, size_t, const char *))
{
    char *rest = NULL;
    size_t place = 0;
    for (char *word = strtok_r(text, " \t\r\n", &rest); word != NULL; word = strtok_r(NULL, " \t\r\n", &rest))
        put(state, place++, word);
}

/* Value of KEY in "ManagedElement=1,AmfFunction=1,Version=1.3.0". */
static void version_in_object(const struct state *state, char *version, size_t size)
{
    const char *key = state->reader->version_key;
    size_t length = strlen(key);
    version[0] = '\0';
    for (const char *at = state->object; *at != '\0';) {
        size_t end = strcspn(at, ",");
        if (strncmp(at, key, length) == 0 && at[length] == '=')
            (void)snprintf(version, size, "%.*s", (int)(end - length - 1), at + length + 1);
        at += end + (at[end] == ',');
    }
}

static int32_t side_of(const struct state *state)
{
    char version[64];
    if (state->reader->version_key[0] == '\0')
        return kpi_ask_side(state->reader->ask, state->version);
    version_in_object(state, version, sizeof version);
    return kpi_ask_side(state->reader->ask, version);
}

static void put_row(struct state *state, size_t place, int32_t side)
{
    char *end = NULL;
    double value = strtod(state->values[place], &end);
    if (end == state->values[place] || *end != '\0' || !isfinite(value) || value < 0 || value > 9e15)
        return; /* NIL, or nothing that counts */
    uint64_t object = digest(digest(state->names[place], state->element), state->object);
    struct pm_row row = {.end_ms = state->end_ms,
                         .duration_ms = state->duration_ms,
                         .object = object,
                         .value = llround(value),
                         .side = side,
                         .cell = state->cells[place]};
    if (!pm_rows_add(state->rows, &row))
        refuse(state, "it has more than 200000 figures, or memory ran out");
}

static void end_value(struct state *state)
{
    int32_t side = side_of(state);
    if (state->end_ms <= 0 || state->duration_ms <= 0)
        refuse(state, "a measInfo has no granPeriod with duration and endTime");
    for (size_t i = 0; i < state->types && !state->suspect && side >= 0 && state->wrong == NULL; i++)
        if (state->values[i] != NULL)
            put_row(state, i, side);
    forget_values(state);
}

/* ---- elements ---------------------------------------------------------------------------------------- */

static void take_attribute(xmlTextReaderPtr xml, const char *name, char *to, size_t size)
{
    xmlChar *value = xmlTextReaderGetAttribute(xml, (const xmlChar *)name);
    (void)snprintf(to, size, "%s", value != NULL ? (const char *)value : "");
    xmlFree(value);
}

/* Text of an element without children; the caller frees it. */
static char *text_of(struct state *state, xmlTextReaderPtr xml)
{
    xmlChar *text = xmlTextReaderReadString(xml);
    if (text != NULL && strlen((const char *)text) > TEXT_MAX)
        refuse(state, "a text is longer than 1 MiB");
    return (char *)text;
}

static size_t place_of(xmlTextReaderPtr xml)
{
    char text[16];
    take_attribute(xml, "p", text, sizeof text);
    long place = strtol(text, NULL, 10);
    return place > 0 ? (size_t)place - 1 : TYPES_MAX;
}

static void on_period(struct state *state, xmlTextReaderPtr xml)
{
    char text[64];
    take_attribute(xml, "endTime", text, sizeof text);
    state->end_ms = pm_time(text);
    take_attribute(xml, "duration", text, sizeof text);
    state->duration_ms = pm_duration(text);
}

static void on_text(struct state *state, xmlTextReaderPtr xml, const char *name)
{
    char *text = text_of(state, xml);
    if (text == NULL)
        return;
    if (strcmp(name, "measTypes") == 0)
        each_word(state, text, set_type);
    else if (strcmp(name, "measResults") == 0)
        each_word(state, text, set_value);
    else if (strcmp(name, "measType") == 0)
        set_type(state, place_of(xml), text);
    else if (strcmp(name, "r") == 0)
        set_value(state, place_of(xml), text);
    else if (strcmp(name, "suspect") == 0)
        state->suspect = strstr(text, "true") != NULL || strchr(text, '1') != NULL;
    xmlFree(text);
}

static void on_start(struct state *state, xmlTextReaderPtr xml, const char *name)
{
    static const char *const texts[] = {"measTypes", "measResults", "measType", "r", "suspect"};
    if (!state->rooted && strcmp(name, "measCollecFile") != 0)
        refuse(state, "its root is no measCollecFile: it is no file of TS 32.435");
    state->rooted = true;
    if (strcmp(name, "managedElement") == 0) {
        take_attribute(xml, "localDn", state->element, sizeof state->element);
        take_attribute(xml, "swVersion", state->version, sizeof state->version);
    } else if (strcmp(name, "measInfo") == 0) {
        state->types = 0;
        for (size_t i = 0; i < TYPES_MAX; i++)
            state->cells[i] = INT32_MIN;
        state->end_ms = state->duration_ms = -1;
    } else if (strcmp(name, "granPeriod") == 0) {
        on_period(state, xml);
    } else if (strcmp(name, "measValue") == 0) {
        take_attribute(xml, "measObjLdn", state->object, sizeof state->object);
        state->suspect = false;
    }
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (strcmp(name, texts[i]) == 0)
            on_text(state, xml, name);
}

static void on_node(struct state *state, xmlTextReaderPtr xml)
{
    const char *name = (const char *)xmlTextReaderConstLocalName(xml);
    int type = xmlTextReaderNodeType(xml);
    if (xmlTextReaderDepth(xml) > PM_DEPTH_MAX)
        refuse(state, "its elements are nested too deep");
    else if (type == XML_READER_TYPE_DOCUMENT_TYPE || type == XML_READER_TYPE_ENTITY_REFERENCE)
        refuse(state, "it has a DTD or entities: they are never read");
    else if (type == XML_READER_TYPE_ELEMENT)
        on_start(state, xml, name);
    else if (type == XML_READER_TYPE_END_ELEMENT && strcmp(name, "measValue") == 0)
        end_value(state);
}

/* ---- the file ---------------------------------------------------------------------------------------- */

static void on_error(void *context, xmlErrorPtr error)
{
    (void)context;
    (void)error; /* the reader's -1 tells */
}

static bool read_all(struct state *state, const char *bytes, size_t length)
{
    xmlTextReaderPtr xml = xmlReaderForMemory(bytes, (int)length, NULL, NULL,
                                              XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    if (xml == NULL) {
        refuse(state, "out of memory");
        return false;
    }
    xmlTextReaderSetStructuredErrorHandler(xml, on_error, NULL);
    int more = 1;
    while (state->wrong == NULL && (more = xmlTextReaderRead(xml)) == 1)
        on_node(state, xml);
    if (more < 0)
        refuse(state, "it is not well-formed XML, or not whole yet");
    xmlFreeTextReader(xml);
    return state->wrong == NULL;
}

bool pm_parse(const struct pm_reader *reader, const char *bytes, size_t length, struct pm_rows *ret,
              char *why, size_t why_size)
{
    struct state *state = calloc(1, sizeof *state);
    bool good = false;
    *ret = (struct pm_rows){0};
    if (state != NULL) {
        *state = (struct state){.reader = reader,
                                .rows = ret,
                                .cells = calloc(TYPES_MAX, sizeof *state->cells),
                                .names = calloc(TYPES_MAX, sizeof *state->names),
                                .values = calloc(TYPES_MAX, sizeof *state->values)};
        good = state->cells != NULL && state->names != NULL && state->values != NULL;
        good = good && read_all(state, bytes, length);
        if (!good)
            (void)snprintf(why, why_size, "%s", state->wrong != NULL ? state->wrong : "out of memory");
        if (state->values != NULL)
            forget_values(state);
        free(state->cells);
        free(state->names);
        free(state->values);
    }
    free(state);
    if (!good)
        pm_rows_free(ret);
    return good;
}
