/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every instance is a block with a place on either side. It stands in the domain it serves, as high as it is
 * full; on the other side its place is dark. So a row lights up on the right as it goes dark on the left.
 */
#include "cli/layout_domains.h"

#include "cli/output.h"

#include <stdio.h>
#include <string.h>

#define LABEL    6 /* columns for the name of a VDU */
#define VDUS_MAX 24
#define WIDE     7 /* columns of a block that has room for its number of users */

struct glyphs {
    const char *level[9]; /* an instance with users, from empty to full */
    const char *up, *building, *down, *dark;
    const char *bar;
};

static const struct glyphs unicode = {{"▁", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"}, "■", "◌", "✗", "·", "█"};
static const struct glyphs ascii = {{"_", "1", "2", "3", "4", "5", "6", "7", "8"}, "#", "~", "x", ".", "="};

static const struct glyphs *glyphs_of(const struct fy_picture *picture)
{
    return picture->ascii ? &ascii : &unicode;
}

static bool is_target(const json_t *instance)
{
    return strcmp(fy_json_string_or(instance, "domain", "source"), "target") == 0;
}

static const char *block_of(const json_t *instance, const struct glyphs *glyphs, enum fy_style *style)
{
    int64_t capacity = fy_json_int_or(instance, "capacity", 0);
    int64_t users = fy_json_int_or(instance, "users", 0);
    const char *state = fy_json_string_or(instance, "state", "running");
    *style = is_target(instance) ? FY_STYLE_TARGET : FY_STYLE_SOURCE;
    if (strcmp(state, "building") == 0) {
        *style = FY_STYLE_WAIT;
        return glyphs->building;
    }
    if (strcmp(state, "running") != 0) {
        *style = FY_STYLE_BAD;
        return glyphs->down;
    }
    if (!fy_json_bool_or(instance, "ready", true))
        *style = FY_STYLE_WAIT;
    if (capacity <= 0)
        return glyphs->up;
    int64_t level = users >= capacity ? 8 : users * 8 / capacity;
    return glyphs->level[users > 0 && level == 0 ? 1 : level];
}

struct vdu_row {
    const char *vdu;
    int count;
};

static int list_vdus(const json_t *instances, struct vdu_row rows[VDUS_MAX])
{
    const json_t *instance = NULL;
    size_t index = 0;
    int count = 0;
    json_array_foreach(instances, index, instance)
    {
        const char *vdu = fy_json_string_or(instance, "vdu", "?");
        int at = 0;
        while (at < count && strcmp(rows[at].vdu, vdu) != 0)
            at++;
        if (at == VDUS_MAX)
            continue;
        if (at == count)
            rows[count++] = (struct vdu_row){.vdu = vdu};
        rows[at].count++;
    }
    return count;
}

/* How many columns one block gets, and how many blocks a line of one side then holds. */
static int block_width(int count, int room)
{
    if (count * WIDE <= room)
        return WIDE;
    return count * 2 <= room ? 2 : 1;
}

struct place {
    int row, column, width;
};

static void draw_block(struct fy_canvas *canvas, struct place place, const json_t *instance, bool here,
                       const struct glyphs *glyphs)
{
    enum fy_style style = FY_STYLE_DIM;
    if (!here) {
        (void)fy_canvas_put(canvas, place.row, place.column, FY_STYLE_DIM, glyphs->dark);
        return;
    }
    const char *block = block_of(instance, glyphs, &style);
    (void)fy_canvas_put(canvas, place.row, place.column, style, block);
    if (place.width == WIDE && fy_json_int_or(instance, "capacity", 0) > 0)
        (void)fy_canvas_format(canvas, place.row, place.column + 1, FY_STYLE_DIM, "%lld",
                               (long long)fy_json_int_or(instance, "users", 0));
}

/* One VDU: as many lines as its blocks need and may have; how many had no room is said in front of the last.
 */
static int draw_vdu(struct fy_canvas *canvas, int row, const struct fy_picture *picture,
                    const struct vdu_row *vdu, int max_lines)
{
    const json_t *instances = json_object_get(picture->instances, "instances");
    const struct glyphs *glyphs = glyphs_of(picture);
    const json_t *instance = NULL;
    size_t index = 0;
    int half = canvas->width / 2;
    int room = half - LABEL - 2;
    int width = block_width(vdu->count, room);
    int in_line = room / width > 0 ? room / width : 1;
    int shown = vdu->count < in_line * max_lines ? vdu->count : in_line * max_lines;
    int nth = 0;
    (void)fy_canvas_format(canvas, row, 1, FY_STYLE_PLAIN, "%-.4s", vdu->vdu);
    json_array_foreach(instances, index, instance)
    {
        if (strcmp(fy_json_string_or(instance, "vdu", "?"), vdu->vdu) != 0)
            continue;
        if (nth == shown)
            break;
        struct place place = {
            .row = row + nth / in_line, .column = LABEL + nth % in_line * width, .width = width};
        bool target = is_target(instance);
        draw_block(canvas, place, instance, !target, glyphs);
        place.column += half;
        draw_block(canvas, place, instance, target, glyphs);
        nth++;
    }
    row += (shown + in_line - 1) / in_line;
    if (shown < vdu->count)
        (void)fy_canvas_format(canvas, row - 1, 0, FY_STYLE_DIM, "+%d", vdu->count - shown);
    return row;
}

static void draw_heading(struct fy_canvas *canvas, int row, int column, const struct fy_picture *picture,
                         const char *domain, enum fy_style style)
{
    const json_t *shares = json_object_get(json_object_get(picture->instances, "domains"), domain);
    const char *version = fy_json_string_or(picture->view, domain, "");
    char users[32];
    char capacity[32];
    column = fy_canvas_format(canvas, row, column, style, "%s %s", domain, version);
    if (shares == NULL)
        return;
    (void)fy_canvas_format(canvas, row, column, FY_STYLE_DIM, "  %s of %s users",
                           fy_number_words(fy_json_int_or(shares, "users", 0), users),
                           fy_number_words(fy_json_int_or(shares, "capacity", 0), capacity));
}

int fy_layout_domains(struct fy_canvas *canvas, int row, const struct fy_picture *picture, int max_rows)
{
    struct vdu_row vdus[VDUS_MAX];
    int count = list_vdus(json_object_get(picture->instances, "instances"), vdus);
    int end = row + max_rows;
    draw_heading(canvas, row, 1, picture, "source", FY_STYLE_SOURCE);
    draw_heading(canvas, row, canvas->width / 2 + 1, picture, "target", FY_STYLE_TARGET);
    row++;
    for (int i = 0; i < count && row < end; i++)
        row = draw_vdu(canvas, row, picture, &vdus[i], end - row);
    return row;
}

static void share_words(int64_t source, int64_t target, char text[16])
{
    if (source + target == 0)
        (void)snprintf(text, 16, "-");
    else
        (void)snprintf(text, 16, "%.2f %%", 100.0 * (double)target / (double)(source + target));
}

static int draw_segment(struct fy_canvas *canvas, int row, int column, const char *name, const json_t *pair)
{
    int64_t source = json_integer_value(json_array_get(pair, 0));
    int64_t target = json_integer_value(json_array_get(pair, 1));
    char left[32];
    char right[32];
    char share[16];
    share_words(source, target, share);
    column = fy_canvas_format(canvas, row, column, FY_STYLE_PLAIN, "%s ", name);
    column = fy_canvas_put(canvas, row, column, FY_STYLE_SOURCE, fy_number_words(source, left));
    column = fy_canvas_put(canvas, row, column, FY_STYLE_DIM, " | ");
    column = fy_canvas_put(canvas, row, column, FY_STYLE_TARGET, fy_number_words(target, right));
    return fy_canvas_format(canvas, row, column, FY_STYLE_DIM, " (%s)   ", share);
}

int fy_layout_users(struct fy_canvas *canvas, int row, const struct fy_picture *picture)
{
    const json_t *users = json_object_get(picture->view, "users");
    const json_t *segments = json_object_get(users, "segments");
    int64_t source = fy_json_int_or(users, "source", 0);
    int64_t target = fy_json_int_or(users, "target", 0);
    const struct glyphs *glyphs = glyphs_of(picture);
    char total[32];
    char share[16];
    if (users == NULL)
        return row;
    share_words(source, target, share);
    int column = fy_canvas_format(canvas, row, 1, FY_STYLE_PLAIN, "users %7s ",
                                  fy_number_words(source + target, total));
    int room = canvas->width - column - 22;
    int left = source + target > 0 ? (int)(room * source / (source + target)) : room;
    column = fy_canvas_fill(canvas, row, column, left, FY_STYLE_SOURCE, glyphs->bar);
    column = fy_canvas_fill(canvas, row, column, room - left, FY_STYLE_TARGET, glyphs->bar);
    (void)fy_canvas_format(canvas, row, column, FY_STYLE_STRONG, " %s on target", share);
    column = 7;
    const char *name = NULL;
    json_t *pair = NULL;
    json_object_foreach((json_t *)(uintptr_t)segments, name, pair)
    {
        char upper[8];
        (void)snprintf(upper, sizeof upper, "%s", name);
        if (upper[0] != '\0' && upper[1] == 'g')
            upper[1] = 'G';
        column = draw_segment(canvas, row + 1, column, upper, pair);
    }
    return row + (column > 7 ? 2 : 1);
}

/* One domain's users over time, from the first sample to the end of the plan or to now. */
static void draw_curve(struct fy_canvas *canvas, int row, const struct fy_picture *picture, size_t domain)
{
    static const char *const names[] = {"source", "target"};
    const struct glyphs *glyphs = glyphs_of(picture);
    const struct fy_history *history = picture->history;
    enum fy_style style = domain == 0 ? FY_STYLE_SOURCE : FY_STYLE_TARGET;
    const struct fy_sample *last = &history->samples[history->count - 1];
    int64_t first_ms = history->samples[0].at_ms;
    int64_t ends_ms = fy_json_int_or(picture->view, "ended_ms", fy_json_int_or(picture->view, "ends_ms", 0));
    int64_t span_ms = (ends_ms > last->at_ms ? ends_ms : last->at_ms) - first_ms;
    int64_t most = last->users[0] + last->users[1];
    int column = fy_canvas_put(canvas, row, 1, FY_STYLE_DIM, names[domain]) + 1;
    int room = canvas->width - column - 1;
    for (int i = 0; i < room; i++) {
        int64_t at_ms = first_ms + span_ms * i / room;
        const struct fy_sample *sample = fy_history_at(history, at_ms);
        if (sample == NULL || at_ms > last->at_ms || most <= 0)
            break;
        int64_t level = (sample->users[domain] * 8 + most / 2) / most;
        (void)fy_canvas_put(canvas, row, column + i, sample->users[domain] > 0 ? style : FY_STYLE_DIM,
                            sample->users[domain] > 0 ? glyphs->level[level > 8 ? 8 : level] : glyphs->dark);
    }
}

int fy_layout_curves(struct fy_canvas *canvas, int row, const struct fy_picture *picture)
{
    if (picture->history == NULL || picture->history->count < 2)
        return row;
    draw_curve(canvas, row, picture, 0);
    draw_curve(canvas, row + 1, picture, 1);
    return row + 2;
}
