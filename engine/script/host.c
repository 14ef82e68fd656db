/* SPDX-License-Identifier: Apache-2.0 */
#include "script/host.h"

#include "base/frame.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/point.h"
#include "script/page.h"
#include "script/program.h"
#include "script/wire.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define READ_SIZE  (256u * 1024)
#define TRIM_MS    1000 /* a run that waited that long gives back what it does not use */
#define SLOTS_MAX  (1u << 20)
#define KEEP_BYTES (64u * 1024)

struct place {
    struct fy_program *program;
    int64_t used_ms;
    bool trimmed;
};

struct host {
    int fd;
    struct fy_workshop *shop;
    struct fy_script_page *page, own_page;
    struct place *place;
    size_t count, untrimmed;
    int64_t now_ms, trimmed_ms;
    struct fy_buf in, out, text;
    struct fy_wire_start start; /* its lists are used again */
};

static int64_t machine_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct place *place_at(struct host *host, int64_t slot)
{
    if (slot < 1 || slot > SLOTS_MAX)
        return NULL;
    size_t need = (size_t)slot + 1;
    if (need > host->count) {
        size_t room = host->count < 32 ? 64 : host->count * 2;
        room = room < need ? need : room;
        host->place = fy_realloc(host->place, room * sizeof *host->place);
        memset(host->place + host->count, 0, (room - host->count) * sizeof *host->place);
        host->count = room;
    }
    return &host->place[slot];
}

static void work_for(struct host *host, uint32_t slot)
{
    atomic_fetch_add_explicit(&host->page->turn, 1, memory_order_relaxed);
    atomic_store_explicit(&host->page->slot, slot, memory_order_release);
}

static void forget(struct place *place)
{
    fy_program_free(place->program);
    place->program = NULL;
}

static struct fy_wire_address address(struct fy_piece item, struct fy_piece slot)
{
    return (struct fy_wire_address){.slot = (uint32_t)fy_piece_int(slot, 0),
                                    .turn = (uint32_t)fy_piece_int(fy_piece_member(item, "turn"), 0)};
}

static void answer(struct host *host, struct fy_wire_address from, struct place *place,
                   const struct fy_script_event *event)
{
    fy_wire_put_event(&host->out, from, event);
    if (event->kind != FY_SCRIPT_CALL)
        forget(place);
    place->used_ms = host->now_ms;
    place->trimmed = false;
    host->untrimmed++;
}

static void do_text(struct host *host, struct fy_piece item, struct fy_piece digest)
{
    FY_AUTO(fy_buf_free) struct fy_buf sha256 = {0};
    fy_buf_clear(&host->text);
    if (fy_piece_decode(digest, &sha256) && fy_piece_decode(fy_piece_member(item, "bytes"), &host->text))
        fy_workshop_keep(host->shop, sha256.data, host->text.data, host->text.length);
}

static void do_start(struct host *host, struct fy_piece item, struct fy_piece number)
{
    struct fy_script_event event;
    struct fy_wire_address from = address(item, number);
    struct place *place = place_at(host, from.slot);
    if (place == NULL || !fy_wire_read_start(item, &host->start))
        return;
    forget(place);
    work_for(host, from.slot);
    place->program = fy_program_start(host->shop, &host->start.start, &event);
    answer(host, from, place, &event);
    work_for(host, 0);
}

static void do_resume(struct host *host, struct fy_piece item, struct fy_piece number)
{
    struct fy_script_event event;
    struct fy_wire_address from = address(item, number);
    struct place *place = place_at(host, from.slot);
    struct fy_piece outcome = fy_piece_member(item, "outcome");
    if (place == NULL || place->program == NULL)
        return;
    work_for(host, from.slot);
    fy_program_resume(place->program, outcome.text, outcome.length, &event);
    answer(host, from, place, &event);
    work_for(host, 0);
}

static void do_drop(struct host *host, struct fy_piece item, struct fy_piece number)
{
    (void)item;
    struct place *place = place_at(host, fy_piece_int(number, 0));
    if (place != NULL)
        forget(place);
}

static void do_item(struct host *host, struct fy_piece item)
{
    static const struct {
        const char *name;
        void (*act)(struct host *host, struct fy_piece item, struct fy_piece value);
    } acts[] = {{"resume", do_resume}, {"start", do_start}, {"text", do_text}, {"drop", do_drop}};
    struct fy_walk walk = fy_walk_object(item.text, item.length);
    struct fy_piece key, value;
    if (!fy_walk_member(&walk, &key, &value)) /* the first member says what it is */
        return;
    for (size_t i = 0; i < FY_COUNT(acts); i++)
        if (fy_piece_is(key, acts[i].name)) {
            acts[i].act(host, item, value);
            return;
        }
}

static void do_message(struct host *host, const char *payload, size_t length)
{
    struct fy_walk walk = fy_walk_list(payload, length);
    struct fy_piece item;
    size_t begin = fy_frame_begin(&host->out), empty = host->out.length + 1;
    fy_buf_put(&host->out, "[", 1);
    while (fy_walk_element(&walk, &item))
        do_item(host, item);
    bool nothing = host->out.length == empty;
    fy_buf_close(&host->out, ']');
    if (nothing)
        host->out.length = begin;
    else
        fy_frame_end(&host->out, begin);
}

/* Programs that have waited for a while, once a second at most. */
static void trim(struct host *host)
{
    if (host->untrimmed == 0 || host->now_ms - host->trimmed_ms < TRIM_MS)
        return;
    host->trimmed_ms = host->now_ms;
    host->untrimmed = 0;
    for (size_t i = 0; i < host->count; i++) {
        struct place *place = &host->place[i];
        if (place->program == NULL || place->trimmed)
            continue;
        place->trimmed = host->now_ms - place->used_ms >= TRIM_MS;
        if (place->trimmed)
            fy_program_trim(place->program);
        else
            host->untrimmed++;
    }
    if (host->untrimmed == 0) { /* what many starts at once left between the programs that wait */
        fy_workshop_trim(host->shop);
        (void)malloc_trim(0);
    }
}

static bool write_out(struct host *host)
{
    for (size_t at = 0; at < host->out.length;) {
        ssize_t done = write(host->fd, host->out.data + at, host->out.length - at);
        if (done < 0 && errno != EINTR)
            return false;
        at += done > 0 ? (size_t)done : 0;
    }
    if (host->out.room > KEEP_BYTES)
        fy_buf_free(&host->out);
    fy_buf_clear(&host->out);
    return true;
}

/* Wait for bytes; meanwhile tidy up. False when the other side is gone. */
static bool read_in(struct host *host)
{
    struct pollfd ready = {.fd = host->fd, .events = POLLIN};
    while (host->untrimmed > 0 && poll(&ready, 1, TRIM_MS) == 0) {
        host->now_ms = machine_ms();
        trim(host);
    }
    fy_buf_reserve(&host->in, READ_SIZE);
    ssize_t got;
    do
        got = read(host->fd, host->in.data + host->in.length, host->in.room - host->in.length - 1);
    while (got < 0 && errno == EINTR);
    if (got <= 0)
        return false;
    host->in.length += (size_t)got;
    return true;
}

static bool serve(struct host *host)
{
    const char *payload;
    size_t length, total, at = 0;
    int found = 0;
    host->now_ms = machine_ms();
    for (;; at += total) {
        struct fy_buf rest = {.data = host->in.data + at, .length = host->in.length - at};
        found = fy_frame_peek(&rest, &payload, &length, &total);
        if (found <= 0)
            break;
        FY_POINT(script_before_work);
        do_message(host, payload, length);
    }
    fy_buf_drop(&host->in, at);
    if (host->in.length == 0 && host->in.room > 2 * READ_SIZE)
        fy_buf_free(&host->in);
    trim(host);
    FY_POINT(script_before_answer);
    return found == 0 && write_out(host);
}

static void map_page(struct host *host, int page_fd)
{
    host->page = &host->own_page;
    if (page_fd < 0)
        return;
    void *page = mmap(NULL, sizeof *host->page, PROT_READ | PROT_WRITE, MAP_SHARED, page_fd, 0);
    if (page != MAP_FAILED)
        host->page = page;
}

static void close_host(struct host *host)
{
    for (size_t i = 0; i < host->count; i++)
        forget(&host->place[i]);
    free(host->place);
    fy_workshop_free(host->shop);
    fy_wire_free_start(&host->start);
    fy_buf_free(&host->in);
    fy_buf_free(&host->out);
    fy_buf_free(&host->text);
    if (host->page != &host->own_page)
        (void)munmap(host->page, sizeof *host->page);
}

int fy_script_host_main(int fd, int page_fd)
{
    struct host host = {.fd = fd, .shop = fy_workshop_new(NULL)};
    map_page(&host, page_fd);
    while (read_in(&host) && serve(&host))
        continue;
    close_host(&host);
    return 0;
}
