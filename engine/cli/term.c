/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/term.h"

#include "base/mem.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#define HIDE_CURSOR "\x1b[?25l"
#define SHOW_CURSOR "\x1b[?25h"
#define TO_LINE_END "\x1b[K"
#define TO_END      "\x1b[J"
#define WHOLE       "\x1b[2J\x1b[H"
#define RESET       "\x1b[0m"
#define SYNC_BEGIN  "\x1b[?2026h" /* terminals that know it show the frame at once; the others ignore it */
#define SYNC_END    "\x1b[?2026l"

static const char *const looks[] = {
    [FY_STYLE_PLAIN] = "",          [FY_STYLE_DIM] = "\x1b[2m",     [FY_STYLE_STRONG] = "\x1b[1m",
    [FY_STYLE_TITLE] = "\x1b[1;7m", [FY_STYLE_SOURCE] = "\x1b[94m", [FY_STYLE_TARGET] = "\x1b[33m",
    [FY_STYLE_GOOD] = "\x1b[32m",   [FY_STYLE_BAD] = "\x1b[1;31m",  [FY_STYLE_WAIT] = "\x1b[1;35m",
};

static struct termios before; /* what the terminal was like */
static volatile sig_atomic_t changed;

static void put_back(void)
{
    if (changed == 0)
        return;
    changed = 0;
    (void)tcsetattr(STDIN_FILENO, TCSANOW, &before);
    (void)!write(STDOUT_FILENO, SHOW_CURSOR RESET, sizeof SHOW_CURSOR RESET - 1);
}

static void on_signal(int number)
{
    put_back();
    (void)signal(number, SIG_DFL);
    (void)raise(number);
}

static void read_keys(struct fy_term *term)
{
    static const int ends[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    if (tcgetattr(STDIN_FILENO, &before) != 0)
        return;
    struct termios raw = before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO); /* signals stay */
    changed = 1;
    term->keys = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
    (void)atexit(put_back);
    for (size_t i = 0; i < FY_COUNT(ends); i++)
        (void)signal(ends[i], on_signal);
}

void fy_term_open(struct fy_term *term, bool plain)
{
    const char *kind = getenv("TERM");
    const char *no_color = getenv("NO_COLOR");
    bool able = isatty(STDOUT_FILENO) != 0 && kind != NULL && strcmp(kind, "dumb") != 0;
    *term = (struct fy_term){.live = able && !plain, .width = 80, .height = 24};
    term->colours = able && (no_color == NULL || no_color[0] == '\0');
    (void)fy_term_measure(term);
    if (term->live && isatty(STDIN_FILENO) != 0)
        read_keys(term);
    if (term->live)
        (void)!write(STDOUT_FILENO, HIDE_CURSOR, sizeof HIDE_CURSOR - 1);
}

void fy_term_close(struct fy_term *term)
{
    put_back();
    if (term->live && !term->keys)
        (void)!write(STDOUT_FILENO, SHOW_CURSOR RESET, sizeof SHOW_CURSOR RESET - 1);
    fy_canvas_free(&term->shown);
    term->live = false;
}

bool fy_term_measure(struct fy_term *term)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col < 20 || size.ws_row < 5)
        return false;
    bool differs = size.ws_col != term->width || size.ws_row != term->height;
    term->width = size.ws_col;
    term->height = size.ws_row;
    return differs;
}

static void put_row(const struct fy_term *term, const struct fy_canvas *page, int row, struct fy_buf *out)
{
    const struct fy_cell *cells = &page->cells[(size_t)row * (size_t)page->width];
    unsigned char style = FY_STYLE_PLAIN;
    int end = page->width;
    while (end > 0 && cells[end - 1].glyph[0] == '\0')
        end--;
    for (int column = 0; column < end; column++) {
        if (cells[column].style != style && term->colours) {
            fy_buf_text(out, RESET);
            fy_buf_text(out, looks[cells[column].style]);
            style = cells[column].style;
        }
        fy_buf_text(out, cells[column].glyph[0] != '\0' ? cells[column].glyph : " ");
    }
    if (style != FY_STYLE_PLAIN)
        fy_buf_text(out, RESET);
    fy_buf_text(out, TO_LINE_END);
}

static void write_all(const struct fy_buf *out)
{
    for (size_t at = 0; at < out->length;) {
        ssize_t count = write(STDOUT_FILENO, out->data + at, out->length - at);
        if (count <= 0)
            return;
        at += (size_t)count;
    }
}

static bool same_row(const struct fy_canvas *a, const struct fy_canvas *b, int row)
{
    size_t bytes = (size_t)a->width * sizeof *a->cells;
    return memcmp(&a->cells[(size_t)row * (size_t)a->width], &b->cells[(size_t)row * (size_t)b->width],
                  bytes) == 0;
}

static void remember(struct fy_term *term, const struct fy_canvas *page)
{
    fy_canvas_size(&term->shown, page->width, page->height);
    memcpy(term->shown.cells, page->cells, (size_t)page->width * (size_t)page->height * sizeof *page->cells);
}

void fy_term_draw(struct fy_term *term, const struct fy_canvas *page)
{
    FY_AUTO(fy_buf_free) struct fy_buf out = {0};
    struct fy_canvas *shown = &term->shown;
    bool afresh = shown->cells == NULL || shown->width != page->width || shown->height != page->height;
    fy_buf_text(&out, SYNC_BEGIN "\r");
    if (afresh && shown->cells != NULL)
        fy_buf_text(&out, WHOLE); /* the size changed: where the old page stands is not known */
    else if (!afresh)
        fy_buf_format(&out, "\x1b[%dA", page->height);
    for (int row = 0; row < page->height; row++) {
        if (afresh || !same_row(shown, page, row))
            put_row(term, page, row, &out);
        fy_buf_text(&out, "\r\n");
    }
    fy_buf_text(&out, SYNC_END);
    write_all(&out);
    remember(term, page);
}

void fy_term_line(struct fy_term *term, enum fy_style style, const char *text)
{
    FY_AUTO(fy_buf_free) struct fy_buf out = {0};
    if (term->shown.cells != NULL) { /* in place of the page, which is then drawn below */
        fy_buf_format(&out, "\r\x1b[%dA" TO_END, term->shown.height);
        fy_canvas_free(&term->shown);
    }
    if (term->colours)
        fy_buf_text(&out, looks[style]);
    fy_buf_text(&out, text);
    fy_buf_text(&out, term->colours ? RESET "\n" : "\n");
    write_all(&out);
}

int fy_term_wait(struct fy_term *term, int fd, int ms)
{
    struct pollfd fds[2] = {{.fd = fd, .events = POLLIN},
                            {.fd = term->keys ? STDIN_FILENO : -1, .events = POLLIN}};
    unsigned char key = 0;
    if (poll(fds, 2, ms) <= 0)
        return 0;
    if (fds[0].revents != 0)
        return -1;
    if (read(STDIN_FILENO, &key, 1) == 1)
        return key;
    term->keys = false; /* the terminal is gone */
    return 0;
}
