/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies of the records that several places write (docs/architecture.md, "Records"). */
#include "base/mem.h"
#include "run/live.h"
#include "run/phase/rollback.h"

#include <string.h>

void fy_put_error(struct fy_buf *buf, const char *key, const struct fy_err *error)
{
    fy_buf_key(buf, key);
    fy_buf_open(buf, '{');
    fy_buf_member(buf, "kind", fy_err_kind_name(error->kind));
    fy_buf_member(buf, "message", error->message);
    if (error->hint[0] != '\0')
        fy_buf_member(buf, "hint", error->hint);
    fy_buf_close(buf, '}');
}

/* A rollback begins. What was asked of an adapter and not answered may still come true for a while. */
static void put_rollback(const struct fy_live *live, struct fy_buf *body)
{
    fy_buf_key(body, "rollback");
    fy_buf_open(body, '{');
    fy_buf_member_int(body, "settle_ms", fy_rollback_settle_ms(live));
    fy_buf_close(body, '}');
}

void fy_put_state(struct fy_live *live, enum fy_state to, const char *event, const char *why,
                  const struct fy_err *error)
{
    struct fy_buf body = {0};
    fy_buf_open(&body, '{');
    fy_buf_member(&body, "from", fy_state_name(live->tail));
    fy_buf_member(&body, "to", fy_state_name(to));
    fy_buf_member(&body, "event", event);
    fy_buf_member(&body, "why", why);
    if (error != NULL)
        fy_put_error(&body, "error", error);
    if (to == FY_STATE_ROLLING_BACK && fy_state_begins_rollback(live->tail, event))
        put_rollback(live, &body);
    fy_buf_close(&body, '}');
    fy_put(live, FY_REC_STATE_CHANGED, &body);
    live->tail = to;
}

void fy_put_text(struct fy_live *live, enum fy_record_kind kind, const char *text, const char *about)
{
    struct fy_buf body = {0};
    fy_buf_open(&body, '{');
    fy_buf_member(&body, "text", text);
    fy_buf_member(&body, "about", about);
    fy_buf_close(&body, '}');
    fy_put(live, kind, &body);
}

void fy_put_caller(struct fy_buf *buf, const struct fy_caller *caller)
{
    fy_buf_key(buf, "caller");
    fy_buf_open(buf, '{');
    fy_buf_member(buf, "who", caller->who);
    fy_buf_member(buf, "from", caller->from);
    fy_buf_member(buf, "key", caller->key);
    fy_buf_close(buf, '}');
}

void fy_put_command(struct fy_live *live, const char *verb, const char *args, const struct fy_caller *caller)
{
    struct fy_buf body = {0};
    fy_buf_open(&body, '{');
    fy_buf_member(&body, "verb", verb);
    fy_buf_member_raw(&body, "args", args != NULL ? args : "{}");
    fy_put_caller(&body, caller);
    fy_buf_close(&body, '}');
    fy_put(live, FY_REC_COMMAND, &body);
    live->tray.command = true;
    live->tray.held = false;
}
