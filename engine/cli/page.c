/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/page.h"

#include "cli/canvas.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char style[] =
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse}td,th{padding:.2rem .7rem;border-bottom:1px solid #ccc;text-align:right}"
    "td:first-child,th:first-child{text-align:left}";

static void put_escaped(struct fy_page *page, const char *text)
{
    for (; *text != '\0'; text++) {
        if (page->format == FY_PAGE_HTML && *text == '<')
            fy_buf_text(&page->out, "&lt;");
        else if (page->format == FY_PAGE_HTML && *text == '&')
            fy_buf_text(&page->out, "&amp;");
        else if (page->format == FY_PAGE_MARKDOWN && *text == '|')
            fy_buf_text(&page->out, "\\|");
        else
            fy_buf_put(&page->out, text, 1);
    }
}

static void put_between(struct fy_page *page, const char *before, const char *text, const char *after)
{
    fy_buf_text(&page->out, before);
    put_escaped(page, text);
    fy_buf_text(&page->out, after);
}

void fy_page_begin(struct fy_page *page, enum fy_page_format format, const char *title)
{
    static const char *const before[] = {"", "# ", "<h1>"};
    static const char *const after[] = {"\n", "\n", "</h1>\n"};
    *page = (struct fy_page){.format = format};
    if (format == FY_PAGE_HTML) {
        put_between(page, "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>", title,
                    "</title>");
        fy_buf_format(&page->out, "<style>%s</style>\n", style);
    }
    put_between(page, before[format], title, after[format]);
}

void fy_page_heading(struct fy_page *page, const char *text)
{
    static const char *const before[] = {"\n", "\n## ", "<h2>"};
    static const char *const after[] = {"\n", "\n\n", "</h2>\n"};
    put_between(page, before[page->format], text, after[page->format]);
}

void fy_page_line(struct fy_page *page, const char *format, ...)
{
    static const char *const before[] = {"  ", "* ", "<p>"};
    static const char *const after[] = {"\n", "\n", "</p>\n"};
    char text[1024];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    put_between(page, before[page->format], text, after[page->format]);
}

static void put_text_cell(struct fy_page *page, size_t column, const char *text)
{
    int space = page->widths[column] - fy_text_width(text);
    if (column == 0)
        fy_buf_format(&page->out, "  %s%*s", text, space > 0 ? space : 0, "");
    else
        fy_buf_format(&page->out, "%*s%s", space > 1 ? space : 1, "", text);
}

static void put_cells(struct fy_page *page, const char *const *cells, const char *element)
{
    if (page->format == FY_PAGE_HTML)
        fy_buf_text(&page->out, "<tr>");
    for (size_t i = 0; i < page->columns; i++) {
        if (page->format == FY_PAGE_TEXT)
            put_text_cell(page, i, cells[i]);
        else if (page->format == FY_PAGE_MARKDOWN)
            put_between(page, "| ", cells[i], " ");
        else {
            fy_buf_format(&page->out, "<%s>", element);
            put_escaped(page, cells[i]);
            fy_buf_format(&page->out, "</%s>", element);
        }
    }
    static const char *const end[] = {"\n", "|\n", "</tr>\n"};
    fy_buf_text(&page->out, end[page->format]);
}

void fy_page_table(struct fy_page *page, size_t columns, const char *const *heads, const int *widths)
{
    page->columns = columns;
    memcpy(page->widths, widths, columns * sizeof *widths);
    if (page->format == FY_PAGE_HTML)
        fy_buf_text(&page->out, "<table>\n");
    put_cells(page, heads, "th");
    for (size_t i = 0; page->format == FY_PAGE_MARKDOWN && i < columns; i++)
        fy_buf_text(&page->out, i == 0 ? "|:---" : i + 1 < columns ? "|---:" : "|---:|\n");
}

void fy_page_row(struct fy_page *page, const char *const *cells)
{
    put_cells(page, cells, "td");
}

void fy_page_table_end(struct fy_page *page)
{
    static const char *const end[] = {"", "\n", "</table>\n"};
    fy_buf_text(&page->out, end[page->format]);
}

void fy_page_end(struct fy_page *page)
{
    if (page->format == FY_PAGE_HTML)
        fy_buf_text(&page->out, "</html>\n");
}
