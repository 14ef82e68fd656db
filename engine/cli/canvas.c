/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/canvas.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void fy_canvas_size(struct fy_canvas *canvas, int width, int height)
{
    free(canvas->cells);
    canvas->width = width;
    canvas->height = height;
    canvas->cells = FY_NEW_ARRAY(struct fy_cell, (size_t)width * (size_t)height);
}

void fy_canvas_free(struct fy_canvas *canvas)
{
    free(canvas->cells);
    *canvas = (struct fy_canvas){0};
}

/* How many bytes the character that begins here has; 1 for what is no UTF-8. */
static size_t character_length(const char *text)
{
    unsigned char first = (unsigned char)*text;
    size_t length = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
    for (size_t i = 1; i < length; i++)
        if (((unsigned char)text[i] & 0xc0) != 0x80)
            return 1;
    return length;
}

int fy_text_width(const char *text)
{
    int width = 0;
    for (; *text != '\0'; text += character_length(text))
        width++;
    return width;
}

int fy_canvas_put(struct fy_canvas *canvas, int row, int column, enum fy_style style, const char *text)
{
    for (; *text != '\0'; column++) {
        size_t length = character_length(text);
        if (row >= 0 && row < canvas->height && column >= 0 && column < canvas->width) {
            struct fy_cell *cell = &canvas->cells[(size_t)row * (size_t)canvas->width + (size_t)column];
            bool bad = length == 1 && ((unsigned char)*text < 0x20 || (unsigned char)*text >= 0x7f);
            memset(cell->glyph, 0, sizeof cell->glyph);
            memcpy(cell->glyph, bad ? "?" : text, length);
            cell->style = (unsigned char)style;
        }
        text += length;
    }
    return column;
}

int fy_canvas_format(struct fy_canvas *canvas, int row, int column, enum fy_style style, const char *format,
                     ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return fy_canvas_put(canvas, row, column, style, text);
}

/* The width of the word that begins here, and where it ends. */
static int word_width(const char *text, const char **ret_end)
{
    int width = 0;
    for (; *text != '\0' && *text != ' '; text += character_length(text))
        width++;
    *ret_end = text;
    return width;
}

static void put_word(struct fy_canvas *canvas, struct fy_flow *flow, enum fy_style style, const char *word,
                     const char *end)
{
    char text[8];
    while (word < end && flow->column < canvas->width) {
        size_t length = character_length(word);
        (void)snprintf(text, sizeof text, "%.*s", (int)length, word);
        flow->column = fy_canvas_put(canvas, flow->row, flow->column, style, text);
        word += length;
    }
    flow->full = word < end;
}

void fy_canvas_flow(struct fy_canvas *canvas, struct fy_flow *flow, enum fy_style style, const char *text)
{
    const char *end;
    while (*text != '\0' && !flow->full) {
        int spaces = (int)strspn(text, " ");
        int width = word_width(text + spaces, &end);
        bool fits = flow->column + spaces + width <= canvas->width;
        if (!fits && flow->row < flow->last_row && flow->column > flow->indent) {
            flow->row++;
            flow->column = flow->indent;
        } else {
            flow->column += spaces;
        }
        put_word(canvas, flow, style, text + spaces, end);
        text = end;
    }
    if (flow->full)
        (void)fy_canvas_put(canvas, flow->row, canvas->width - 1, style, flow->cut);
}

void fy_canvas_right(struct fy_canvas *canvas, int row, int column, enum fy_style style, const char *text)
{
    (void)fy_canvas_put(canvas, row, column - fy_text_width(text), style, text);
}

int fy_canvas_fill(struct fy_canvas *canvas, int row, int column, int count, enum fy_style style,
                   const char *glyph)
{
    for (int i = 0; i < count; i++)
        column = fy_canvas_put(canvas, row, column, style, glyph);
    return column;
}

void fy_canvas_text(const struct fy_canvas *canvas, struct fy_buf *buf)
{
    for (int row = 0; row < canvas->height; row++) {
        for (int column = 0; column < canvas->width; column++) {
            const struct fy_cell *cell = &canvas->cells[(size_t)row * (size_t)canvas->width + (size_t)column];
            fy_buf_text(buf, cell->glyph[0] != '\0' ? cell->glyph : " ");
        }
        while (buf->length > 0 && buf->data[buf->length - 1] == ' ')
            buf->data[--buf->length] = '\0';
        fy_buf_text(buf, "\n");
    }
    while (buf->length > 1 && buf->data[buf->length - 1] == '\n' && buf->data[buf->length - 2] == '\n')
        buf->data[--buf->length] = '\0';
}
