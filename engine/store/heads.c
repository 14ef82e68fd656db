/* SPDX-License-Identifier: Apache-2.0 */
#include "store/heads.h"

#include "base/mem.h"

void fy_heads_init(struct fy_heads *heads)
{
    *heads = (struct fy_heads){0};
    (void)pthread_mutex_init(&heads->lock, NULL);
}

static void free_head(struct fy_head *head)
{
    if (head != NULL)
        free(head->run);
    free(head);
}

void fy_heads_free(struct fy_heads *heads)
{
    for (size_t i = 0; i < heads->by_run.room; i++)
        free_head(heads->by_run.slots[i].value);
    fy_map_free(&heads->by_run);
    free(heads->touched);
    (void)pthread_mutex_destroy(&heads->lock);
}

struct fy_head *fy_heads_find(struct fy_heads *heads, const char *run)
{
    return fy_map_get(&heads->by_run, run); /* only this thread changes the map */
}

struct fy_head *fy_heads_add(struct fy_heads *heads, const char *run, int64_t number, int64_t lsn,
                             uint64_t seq)
{
    struct fy_head *head = FY_NEW(struct fy_head);
    *head = (struct fy_head){
        .run = fy_strdup(run), .number = number, .lsn = lsn, .seq = seq, .next_lsn = lsn, .next_seq = seq};
    (void)pthread_mutex_lock(&heads->lock);
    fy_map_put(&heads->by_run, head->run, head);
    (void)pthread_mutex_unlock(&heads->lock);
    return head;
}

void fy_heads_move(struct fy_heads *heads, struct fy_head *head, int64_t lsn)
{
    head->next_lsn = lsn;
    head->next_seq++;
    if (head->touched)
        return;
    head->touched = true;
    if (heads->touched_count == heads->touched_room) {
        heads->touched_room = heads->touched_room == 0 ? 64 : 2 * heads->touched_room;
        heads->touched = fy_realloc(heads->touched, heads->touched_room * sizeof(struct fy_head *));
    }
    heads->touched[heads->touched_count++] = head;
}

void fy_heads_publish(struct fy_heads *heads)
{
    (void)pthread_mutex_lock(&heads->lock);
    for (size_t i = 0; i < heads->touched_count; i++) {
        struct fy_head *head = heads->touched[i];
        head->lsn = head->next_lsn;
        head->seq = head->next_seq;
        head->touched = false;
        head->dirty = true;
    }
    (void)pthread_mutex_unlock(&heads->lock);
    heads->touched_count = 0;
}

void fy_heads_withdraw(struct fy_heads *heads)
{
    for (size_t i = 0; i < heads->touched_count; i++) {
        struct fy_head *head = heads->touched[i];
        head->next_lsn = head->lsn;
        head->next_seq = head->seq;
        head->touched = false;
    }
    heads->touched_count = 0;
}

bool fy_heads_look(struct fy_heads *heads, const char *run, struct fy_head *ret)
{
    (void)pthread_mutex_lock(&heads->lock);
    const struct fy_head *head = fy_map_get(&heads->by_run, run);
    if (head != NULL)
        *ret = *head;
    (void)pthread_mutex_unlock(&heads->lock);
    if (head == NULL)
        return false;
    ret->run = NULL;
    return true;
}
