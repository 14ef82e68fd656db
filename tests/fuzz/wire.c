/* SPDX-License-Identifier: Apache-2.0 */
/* What an adapter host could send: ferryd reads it, so any bytes must do no harm. */
#include "adapter/wire.h"
#include "adapter/describe.h"

#include "base/mem.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_replies(const struct fy_piece *list)
{
    struct fy_walk replies = fy_walk_list(list->text, list->length);
    struct fy_piece reply;
    struct fy_wire_reply read;
    while (fy_walk_element(&replies, &reply)) {
        if (!fy_wire_read_reply(&reply, &read))
            continue;
        struct fy_piece result = {read.reply.result,
                                  read.reply.result != NULL ? strlen(read.reply.result) : 0};
        if (read.reply.status == FY_REPLY_DONE && (result.text == NULL || !fy_piece_valid(result)))
            abort(); /* what is handed on must be JSON */
        free(read.text);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fy_adapter_info info = {0};
    struct fy_walk walk = fy_walk_object((const char *)data, size);
    struct fy_piece key, value;
    while (fy_walk_member(&walk, &key, &value)) {
        if (fy_piece_is(key, "described") && fy_described(&info, value.text, value.length, NULL))
            (void)fy_adapter_verb(&info, "inventory");
        else if (fy_piece_is(key, "replies"))
            read_replies(&value);
    }
    fy_described_free(&info);
    return 0;
}
