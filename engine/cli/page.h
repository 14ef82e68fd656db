/* SPDX-License-Identifier: Apache-2.0 */
/* A report page as plain text, Markdown or HTML: headings, sentences and tables; nothing else is needed. */
#ifndef FY_CLI_PAGE_H
#define FY_CLI_PAGE_H

#include "base/buf.h"

enum fy_page_format { FY_PAGE_TEXT, FY_PAGE_MARKDOWN, FY_PAGE_HTML };

#define FY_PAGE_COLUMNS 8

struct fy_page {
    enum fy_page_format format;
    struct fy_buf out;
    int widths[FY_PAGE_COLUMNS]; /* of the table that is open; text only */
    size_t columns;
};

void fy_page_begin(struct fy_page *page, enum fy_page_format format, const char *title);
void fy_page_heading(struct fy_page *page, const char *text);
void fy_page_line(struct fy_page *page, const char *format, ...) FY_PRINTF(2, 3);
/* The first column is text, the others are numbers. Widths are those of a page of text. */
void fy_page_table(struct fy_page *page, size_t columns, const char *const *heads, const int *widths);
void fy_page_row(struct fy_page *page, const char *const *cells);
void fy_page_table_end(struct fy_page *page);
void fy_page_end(struct fy_page *page); /* page->out is the whole of it */

#endif
