/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/layout.h"

#include "cli/layout_domains.h"
#include "cli/output.h"

#include <stdio.h>
#include <string.h>

#define LINES_AT_LEAST  2
#define THREE_ROWS_FROM 22 /* rows; a smaller terminal has one for a sentence */
#define CURVES_FROM     27 /* rows; a smaller terminal needs them for the KPIs */

static void draw_title(struct fy_canvas *canvas, const struct fy_picture *picture)
{
    const json_t *view = picture->view;
    int64_t scale = fy_json_int_or(view, "scale", 1);
    char right[64] = "";
    (void)fy_canvas_fill(canvas, 0, 0, canvas->width, FY_STYLE_TITLE, " ");
    (void)fy_canvas_format(canvas, 0, 1, FY_STYLE_TITLE, "%s  %s %s  %s %s %s  %s",
                           fy_json_string_or(view, "id", "?"), fy_json_string_or(view, "nf_type", ""),
                           fy_json_string_or(view, "vnf_instance_id", ""),
                           fy_json_string_or(view, "source", "?"), picture->ascii ? "->" : "→",
                           fy_json_string_or(view, "target", "?"), fy_json_string_or(view, "state", "?"));
    if (scale > 1)
        (void)snprintf(right, sizeof right, " simulated NF, time x %lld ", (long long)scale);
    fy_canvas_right(canvas, 0, canvas->width, FY_STYLE_TITLE, right);
}

static void draw_phases(struct fy_canvas *canvas, int row, const struct fy_picture *picture)
{
    int column = 1;
    for (size_t i = 0; i < picture->phase_count; i++) {
        bool current = i + 1 == picture->phase_count;
        if (i > 0)
            column = fy_canvas_put(canvas, row, column, FY_STYLE_DIM, " > ");
        column = fy_canvas_format(canvas, row, column, current ? FY_STYLE_STRONG : FY_STYLE_DIM,
                                  current ? "[%s]" : "%s", picture->phases[i]);
    }
}

void fy_kpi_words(int64_t users, int64_t failed, char text[32])
{
    char count[32];
    if (users <= 0) {
        (void)snprintf(text, 32, "no data");
        return;
    }
    (void)snprintf(text, 32, "%.2f %% of %s", 100.0 * (double)(users - failed) / (double)users,
                   fy_number_words(users, count));
}

static void draw_kpi(struct fy_canvas *canvas, int row, const char *title, const json_t *counts)
{
    static const char said[] = " success";
    char source[32];
    char target[32];
    int64_t numbers[4];
    for (size_t i = 0; i < 4; i++)
        numbers[i] = json_integer_value(json_array_get(counts, i));
    fy_kpi_words(numbers[0], numbers[1], source);
    fy_kpi_words(numbers[2], numbers[3], target);
    size_t length = strlen(title);
    if (length > sizeof said && strcmp(title + length - sizeof said + 1, said) == 0)
        length -= sizeof said - 1; /* the heading says it */
    (void)fy_canvas_format(canvas, row, 1, FY_STYLE_PLAIN, "%.*s", (int)length, title);
    fy_canvas_right(canvas, row, canvas->width - 22, numbers[0] > 0 ? FY_STYLE_SOURCE : FY_STYLE_DIM, source);
    fy_canvas_right(canvas, row, canvas->width - 1, numbers[2] > 0 ? FY_STYLE_TARGET : FY_STYLE_DIM, target);
}

/* One that is gated, even without data, or that has data. */
static bool belongs_on_page(const json_t *kpis, const char *name)
{
    const json_t *gate = NULL;
    size_t index = 0;
    json_array_foreach(json_object_get(kpis, "gates"), index, gate)
    {
        if (strcmp(fy_json_string_or(gate, "kpi", ""), name) == 0)
            return true;
    }
    return json_object_get(json_object_get(kpis, "now"), name) != NULL;
}

static int draw_kpis(struct fy_canvas *canvas, int row, const struct fy_picture *picture, int max_rows)
{
    const json_t *rows = json_object_get(picture->kpis, "rows");
    const json_t *now = json_object_get(picture->kpis, "now");
    const json_t *kpi = NULL;
    size_t index = 0;
    int end = row + max_rows;
    if (json_array_size(rows) == 0 || max_rows < 2)
        return row;
    (void)fy_canvas_put(canvas, row, 1, FY_STYLE_DIM, "success of distinct users, since this stage began");
    fy_canvas_right(canvas, row, canvas->width - 22, FY_STYLE_SOURCE, "source");
    fy_canvas_right(canvas, row, canvas->width - 1, FY_STYLE_TARGET, "target");
    row++;
    json_array_foreach(rows, index, kpi)
    {
        if (row < end && belongs_on_page(picture->kpis, fy_json_string_or(kpi, "kpi", "")))
            draw_kpi(canvas, row++, fy_json_string_or(kpi, "title", fy_json_string_or(kpi, "kpi", "?")),
                     json_object_get(now, fy_json_string_or(kpi, "kpi", "")));
    }
    return row;
}

/* As much of a sentence as the row has room for. */
static void put_cut(struct fy_canvas *canvas, int row, int column, enum fy_style style, const char *sentence,
                    bool ascii)
{
    (void)fy_canvas_put(canvas, row, column, style, sentence);
    if (column + fy_text_width(sentence) > canvas->width)
        (void)fy_canvas_put(canvas, row, canvas->width - 1, style, ascii ? ">" : "…");
}

/* What it is about, with the step in front when there is one. A sentence that is too long is cut with a sign.
 */
static int draw_step(struct fy_canvas *canvas, int row, const struct fy_picture *picture)
{
    const json_t *step = json_object_get(picture->view, "step");
    const char *waiting = fy_json_string_or(picture->view, "waiting", NULL);
    int64_t attempt = fy_json_int_or(step, "attempt", 1);
    char label[96] = "";
    if (step != NULL)
        (void)snprintf(label, sizeof label, "step %lld %s%s  ", (long long)fy_json_int_or(step, "number", 0),
                       fy_json_string_or(step, "call", "?"), attempt > 1 ? ", taken again" : "");
    if (step == NULL && waiting == NULL)
        return row;
    int column = fy_canvas_put(canvas, row, 1, FY_STYLE_STRONG, label);
    put_cut(canvas, row, column, FY_STYLE_WAIT,
            waiting != NULL ? waiting : fy_json_string_or(step, "text", ""), picture->ascii);
    return row + 1;
}

/* A sentence has up to three rows where there is room: its figures are at its end. */
static struct fy_flow flow_from(const struct fy_canvas *canvas, int row, int column,
                                const struct fy_picture *picture)
{
    return (struct fy_flow){.row = row,
                            .column = column,
                            .indent = column,
                            .last_row = row + (canvas->height >= THREE_ROWS_FROM ? 2 : 0),
                            .cut = picture->ascii ? ">" : "…"};
}

static int draw_sentence(struct fy_canvas *canvas, int row, const struct fy_picture *picture,
                         enum fy_style style, const char *label, const char *sentence)
{
    if (sentence == NULL || sentence[0] == '\0')
        return row;
    struct fy_flow flow = flow_from(canvas, row, fy_canvas_put(canvas, row, 1, FY_STYLE_DIM, label), picture);
    fy_canvas_flow(canvas, &flow, style, sentence);
    return flow.row + 1;
}

static int draw_guards(struct fy_canvas *canvas, int row, const json_t *guards)
{
    const json_t *guard = NULL;
    size_t index = 0;
    int column = 0;
    if (json_array_size(guards) == 0)
        return row;
    column = fy_canvas_put(canvas, row, 1, FY_STYLE_DIM, "guards ");
    json_array_foreach(guards, index, guard)
    {
        bool held = fy_json_bool_or(guard, "held", false);
        bool same = fy_json_bool_or(guard, "as_it_was", true);
        column = fy_canvas_format(canvas, row, column, held || !same ? FY_STYLE_WAIT : FY_STYLE_GOOD,
                                  "%s %s  ", fy_json_string_or(guard, "guard", "?"),
                                  held   ? "off"
                                  : same ? "back on"
                                         : "CHANGED BY SOMEBODY");
    }
    return row + 1;
}

static int draw_call(struct fy_canvas *canvas, int row, const struct fy_held_call *call,
                     const struct fy_picture *picture)
{
    char text[160];
    char time[32];
    struct fy_flow flow =
        flow_from(canvas, row, fy_canvas_put(canvas, row, 1, FY_STYLE_DIM, "call "), picture);
    (void)snprintf(text, sizeof text, "%s%s%s: ", call->subscriber, call->peer[0] != '\0' ? "/" : "",
                   call->peer);
    fy_canvas_flow(canvas, &flow, FY_STYLE_DIM, text);
    fy_canvas_flow(canvas, &flow, FY_STYLE_SOURCE, call->before);
    if (call->sightings < 2) {
        (void)snprintf(text, sizeof text, " when it began, at %.5s; held since",
                       fy_clock_words(call->since_ms, time));
        fy_canvas_flow(canvas, &flow, FY_STYLE_DIM, text);
        return flow.row + 1;
    }
    fy_canvas_flow(canvas, &flow, FY_STYLE_DIM, picture->ascii ? " -> " : " → ");
    fy_canvas_flow(canvas, &flow, FY_STYLE_TARGET, call->now);
    (void)snprintf(text, sizeof text, ", %s after %s", call->alive ? "alive" : "LOST",
                   fy_left_words(call->seen_ms - call->since_ms, time));
    fy_canvas_flow(canvas, &flow, call->alive ? FY_STYLE_GOOD : FY_STYLE_BAD, text);
    return flow.row + 1;
}

static int draw_calls(struct fy_canvas *canvas, int row, const struct fy_picture *picture)
{
    for (size_t i = 0; i < picture->call_count; i++)
        if (picture->calls[i].sightings > 0)
            row = draw_call(canvas, row, &picture->calls[i], picture);
    return row;
}

static int draw_times(struct fy_canvas *canvas, int row, const json_t *view)
{
    char text[32];
    char clock[16];
    int64_t now_ms = fy_json_int_or(view, "now_ms", 0);
    int64_t ends_ms = fy_json_int_or(view, "ends_ms", 0);
    int64_t safe_ms = fy_json_int_or(view, "last_safe_ms", 0);
    int64_t window_ms = fy_json_int_or(json_object_get(view, "window"), "end_ms", 0);
    int column = fy_canvas_format(canvas, row, 1, FY_STYLE_PLAIN, "%s UTC", fy_clock_words(now_ms, clock));
    if (json_object_get(view, "ended_ms") != NULL)
        return row + 1;
    if (ends_ms > now_ms)
        column = fy_canvas_format(canvas, row, column, FY_STYLE_PLAIN, "  %s left, until %.5s",
                                  fy_left_words(ends_ms - now_ms, text), fy_clock_words(ends_ms, clock));
    if (safe_ms > 0)
        column = fy_canvas_format(canvas, row, column, safe_ms < now_ms ? FY_STYLE_BAD : FY_STYLE_PLAIN,
                                  "  go back by %.5s", fy_clock_words(safe_ms, clock));
    if (window_ms > 0)
        (void)fy_canvas_format(canvas, row, column, FY_STYLE_DIM, "  window ends %.5s",
                               fy_clock_words(window_ms, clock));
    return row + 1;
}

static int draw_trouble(struct fy_canvas *canvas, int row, const struct fy_picture *picture)
{
    const json_t *error = json_object_get(picture->view, "error");
    row = draw_sentence(canvas, row, picture, FY_STYLE_BAD,
                        "store unavailable: ", fy_json_string_or(picture->view, "store_trouble", NULL));
    row = draw_sentence(canvas, row, picture, FY_STYLE_BAD,
                        "error: ", fy_json_string_or(error, "message", NULL));
    return draw_sentence(canvas, row, picture, FY_STYLE_PLAIN, "  ", fy_json_string_or(error, "hint", NULL));
}

/* The last records, as many as there is room for, at the bottom. */
static void draw_lines(struct fy_canvas *canvas, int row, const struct fy_picture *picture)
{
    int bottom = canvas->height - (picture->prompt != NULL ? 1 : 0);
    for (size_t i = 0; i < picture->notice_count; i++)
        put_cut(canvas, row++, 1, FY_STYLE_BAD, picture->notices[i], picture->ascii);
    size_t room = bottom > row ? (size_t)(bottom - row) : 0;
    size_t first = picture->line_count > room ? picture->line_count - room : 0;
    for (size_t i = first; i < picture->line_count; i++)
        (void)fy_canvas_put(canvas, row++, 1, FY_STYLE_DIM, picture->lines[i]);
    if (picture->prompt != NULL)
        (void)fy_canvas_put(canvas, canvas->height - 1, 1, FY_STYLE_WAIT, picture->prompt);
}

void fy_layout(struct fy_canvas *canvas, const struct fy_picture *picture)
{
    const json_t *view = picture->view;
    const json_t *verdict = json_object_get(view, "verdict");
    bool roomy = canvas->height >= 30;
    int row = 1;
    draw_title(canvas, picture);
    draw_phases(canvas, row++, picture);
    row += roomy ? 1 : 0;
    row = fy_layout_domains(canvas, row, picture, canvas->height / 3);
    row = fy_layout_users(canvas, row, picture);
    if (canvas->height >= CURVES_FROM)
        row = fy_layout_curves(canvas, row, picture);
    row += roomy ? 1 : 0;
    row = draw_step(canvas, row, picture);
    row = draw_trouble(canvas, row, picture);
    row = draw_sentence(canvas, row, picture, FY_STYLE_PLAIN,
                        "judge: ", fy_json_string_or(verdict, "sentence", NULL));
    row = draw_guards(canvas, row, json_object_get(view, "guards"));
    row = draw_calls(canvas, row, picture);
    row = draw_times(canvas, row, view);
    row += roomy ? 1 : 0;
    row = draw_kpis(canvas, row, picture, canvas->height - row - LINES_AT_LEAST - (int)picture->notice_count);
    row += roomy ? 1 : 0;
    draw_lines(canvas, row, picture);
}
