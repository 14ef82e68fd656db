/* SPDX-License-Identifier: Apache-2.0 */
#include "rehearse/seam.h"

#include "base/mem.h"

#include <string.h>

#define BLIP_MS     60000
#define ASK_AGAIN   10000
#define SETTLE_MS   5000
#define DEADLINE_MS 600000 /* of a verb of a vendor's own */

struct word {
    char *ordered, *simulated;
};

/* A call under way. Its reply comes from the inner set, or is made here (queued). */
struct pending {
    struct pending *next;
    struct fy_seam *seam;
    uint64_t handle, inner;
    fy_adapter_replied *replied; /* NULL: forgotten */
    void *ctx;
    bool struck; /* its reply is what the trouble is about */
    bool queued;
    struct fy_adapter_reply reply; /* when queued; its texts are literals */
};

struct connection {
    struct fy_adapter_info info;
    struct fy_adapter_verb *verbs;
};

struct fy_seam {
    struct fy_adapters adapters, *inner;
    struct connection *connections;
    size_t count;
    struct pending *first;
    uint64_t handles;
    struct word *words;
    size_t word_count;
    enum fy_trouble trouble;
    uint64_t step;
    int64_t since_ms; /* when it first struck; 0: not yet */
    bool reached, wants_crash;
};

/* ---- words ---- */

static const char *translated(const struct fy_seam *seam, const char *text, bool to_simulated)
{
    for (size_t i = 0; i < seam->word_count; i++) {
        const struct word *word = &seam->words[i];
        if (strcmp(text, to_simulated ? word->ordered : word->simulated) == 0)
            return to_simulated ? word->simulated : word->ordered;
    }
    return text;
}

static json_t *rewritten(const struct fy_seam *seam, const json_t *value, bool to_simulated)
{
    const char *member;
    json_t *item, *copy;
    size_t i;
    if (json_is_string(value))
        return json_string(translated(seam, json_string_value(value), to_simulated));
    if (json_is_array(value)) {
        copy = json_array();
        json_array_foreach(value, i, item) json_array_append_new(copy, rewritten(seam, item, to_simulated));
        return copy;
    }
    if (!json_is_object(value))
        return json_deep_copy(value);
    copy = json_object();
    json_object_foreach((json_t *)(uintptr_t)value, member, item)
        json_object_set_new(copy, member, rewritten(seam, item, to_simulated));
    return copy;
}

/* The text in the other language; the caller frees it. */
static char *reworded(const struct fy_seam *seam, const char *text, bool to_simulated)
{
    struct fy_err err;
    if (seam->word_count == 0 || text == NULL)
        return text != NULL ? fy_strdup(text) : NULL;
    FY_AUTO(fy_json_unref) json_t *doc = fy_json_parse(text, strlen(text), "rehearsal", &err);
    if (doc == NULL)
        return fy_strdup(text);
    FY_AUTO(fy_json_unref) json_t *other = rewritten(seam, doc, to_simulated);
    return fy_json_text(other);
}

void fy_seam_translate(struct fy_seam *seam, const char *ordered, const char *simulated)
{
    if (strcmp(ordered, simulated) == 0)
        return;
    seam->words = fy_realloc(seam->words, (seam->word_count + 1) * sizeof *seam->words);
    seam->words[seam->word_count++] = (struct word){fy_strdup(ordered), fy_strdup(simulated)};
}

/* ---- replies ---- */

static void unlink_pending(struct pending *pending)
{
    struct pending **place = &pending->seam->first;
    while (*place != pending)
        place = &(*place)->next;
    *place = pending->next;
}

static void answer(struct pending *pending, const struct fy_adapter_reply *reply)
{
    fy_adapter_replied *replied = pending->replied;
    void *ctx = pending->ctx;
    unlink_pending(pending);
    free(pending);
    if (replied != NULL)
        replied(ctx, reply);
}

static const struct fy_adapter_reply host_died = {.status = FY_REPLY_UNKNOWN,
                                                  .failure = FY_ERR_UNSURE,
                                                  .message = "rehearsal: the adapter's host was killed",
                                                  .host_died = true,
                                                  .suspect = true,
                                                  .settle_ms = SETTLE_MS};

static void inner_replied(void *context, const struct fy_adapter_reply *reply)
{
    struct pending *pending = context;
    struct fy_seam *seam = pending->seam;
    struct fy_adapter_reply told = *reply;
    if (pending->struck && reply->status == FY_REPLY_DONE) {
        seam->wants_crash = seam->trouble == FY_TROUBLE_crash;
        seam->trouble = FY_TROUBLE_NONE; /* it strikes once */
        if (seam->wants_crash)
            pending->replied = NULL;
        answer(pending, &host_died);
        return;
    }
    char *result = reworded(seam, reply->result, false);
    told.result = result;
    answer(pending, &told);
    free(result);
}

bool fy_seam_wants_crash(struct fy_seam *seam)
{
    bool wants = seam->wants_crash;
    seam->wants_crash = false;
    return wants;
}

static struct pending *first_queued(const struct fy_seam *seam)
{
    struct pending *pending = seam->first;
    while (pending != NULL && !pending->queued)
        pending = pending->next;
    return pending;
}

/* One at a time: whoever is answered may call, forget or crash. */
size_t fy_seam_turn(struct fy_seam *seam)
{
    struct pending *pending = first_queued(seam);
    if (pending == NULL)
        return 0;
    struct fy_adapter_reply reply = pending->reply;
    answer(pending, &reply);
    return 1;
}

/* ---- trouble ---- */

static bool is_dotted(const char *verb)
{
    return strchr(verb, '.') != NULL;
}

static bool acts(const struct fy_seam *seam, const struct fy_adapter_call *call)
{
    const struct fy_adapter_info *info = seam->inner->describe(seam->inner->self, call->connection);
    const struct fy_adapter_verb *verb = info != NULL ? fy_adapter_verb(info, call->verb) : NULL;
    return is_dotted(call->verb) || (verb != NULL && !verb->observe);
}

/* What is answered instead of asking; false: the call goes through. */
static bool strike(struct fy_seam *seam, const struct fy_adapter_call *call, struct pending *pending)
{
    if (seam->since_ms == 0)
        seam->since_ms = call->now.ms;
    switch (seam->trouble) {
    case FY_TROUBLE_fail:
        pending->reply = (struct fy_adapter_reply){.status = FY_REPLY_FAILED,
                                                   .failure = FY_ERR_PERMANENT,
                                                   .message = "rehearsal: it fails for good",
                                                   .hint = "a person mends it, then retry"};
        return true;
    case FY_TROUBLE_blip:
        pending->reply = (struct fy_adapter_reply){
            .status = FY_REPLY_FAILED, .failure = FY_ERR_TRANSIENT, .message = "rehearsal: 503 for a minute"};
        return call->now.ms < seam->since_ms + BLIP_MS;
    case FY_TROUBLE_never:
        pending->reply =
            (struct fy_adapter_reply){.status = FY_REPLY_AGAIN, .after_ms = ASK_AGAIN, .text = "under way"};
        return true;
    case FY_TROUBLE_host:
        pending->reply = host_died;
        seam->trouble = FY_TROUBLE_NONE;
        return true;
    case FY_TROUBLE_lost:
    case FY_TROUBLE_crash:
        pending->struck = true;
        return false;
    case FY_TROUBLE_dial:
    case FY_TROUBLE_stray:
    case FY_TROUBLE_worse:
    case FY_TROUBLES:
        break;
    }
    return false;
}

/* ---- the set ---- */

static uint64_t call(void *self, const struct fy_adapter_call *asked, fy_adapter_replied *replied, void *ctx)
{
    struct fy_seam *seam = self;
    struct pending *pending = FY_NEW(struct pending);
    *pending = (struct pending){
        .next = seam->first, .seam = seam, .handle = ++seam->handles, .replied = replied, .ctx = ctx};
    seam->first = pending;
    uint64_t handle = pending->handle;
    seam->reached = seam->reached || (seam->step > 0 && asked->step >= seam->step);
    bool mine = seam->trouble != FY_TROUBLE_NONE && asked->step == seam->step && acts(seam, asked);
    if (mine && strike(seam, asked, pending)) {
        pending->queued = true;
    } else if (is_dotted(asked->verb)) {
        pending->queued = true;
        pending->reply = (struct fy_adapter_reply){.status = FY_REPLY_DONE, .result = "{}"};
        if (pending->struck) { /* nothing stands behind it: the effect is nothing, the reply is lost */
            pending->reply = host_died;
            seam->wants_crash = seam->trouble == FY_TROUBLE_crash;
            seam->trouble = FY_TROUBLE_NONE;
        }
    } else {
        struct fy_adapter_call copy = *asked;
        char *args = reworded(seam, asked->args, true);
        copy.args = args;
        pending->inner = seam->inner->call(seam->inner->self, &copy, inner_replied, pending);
        free(args);
    }
    return handle;
}

static void forget(void *self, uint64_t handle)
{
    struct fy_seam *seam = self;
    for (struct pending *pending = seam->first; pending != NULL; pending = pending->next)
        if (pending->handle == handle)
            pending->replied = NULL;
}

static const struct fy_adapter_info *describe(void *self, const char *name)
{
    const struct fy_seam *seam = self;
    for (size_t i = 0; i < seam->count; i++)
        if (strcmp(seam->connections[i].info.connection, name) == 0)
            return &seam->connections[i].info;
    return NULL;
}

static const struct fy_adapter_info *at(void *self, size_t index)
{
    const struct fy_seam *seam = self;
    return index < seam->count ? &seam->connections[index].info : NULL;
}

static void kill_host(void *self, const char *connection)
{
    struct fy_seam *seam = self;
    seam->inner->kill(seam->inner->self, connection);
}

static void watch(void *self, void (*changed)(void *ctx, const struct fy_adapter_info *info), void *ctx)
{
    (void)self; /* what is linked in is ready as long as it exists */
    (void)changed;
    (void)ctx;
}

static void add_connection(struct fy_seam *seam, const struct fy_adapter_info *info,
                           const char *const *dotted)
{
    seam->connections = fy_realloc(seam->connections, (seam->count + 1) * sizeof *seam->connections);
    struct connection *connection = &seam->connections[seam->count++];
    size_t more = 0;
    while (dotted != NULL && dotted[more] != NULL)
        more++;
    *connection = (struct connection){.info = *info,
                                      .verbs = FY_NEW_ARRAY(struct fy_adapter_verb, info->verb_count + more)};
    for (size_t i = 0; i < info->verb_count; i++)
        connection->verbs[i] = info->verbs[i];
    for (size_t i = 0; i < more; i++)
        connection->verbs[info->verb_count + i] =
            (struct fy_adapter_verb){dotted[i], "{\"type\":\"object\"}", false, DEADLINE_MS, SETTLE_MS};
    connection->info.verbs = connection->verbs;
    connection->info.verb_count = info->verb_count + more;
}

struct fy_seam *fy_seam_new(struct fy_adapters *inner, const char *const *dotted)
{
    struct fy_seam *seam = FY_NEW(struct fy_seam);
    const struct fy_adapter_info *info;
    seam->inner = inner;
    seam->trouble = FY_TROUBLE_NONE;
    seam->adapters = (struct fy_adapters){.self = seam,
                                          .describe = describe,
                                          .at = at,
                                          .call = call,
                                          .forget = forget,
                                          .kill = kill_host,
                                          .watch = watch};
    for (size_t i = 0; (info = inner->at(inner->self, i)) != NULL; i++)
        add_connection(seam, info, dotted);
    return seam;
}

struct fy_adapters *fy_seam_adapters(struct fy_seam *seam)
{
    return &seam->adapters;
}

void fy_seam_set_trouble(struct fy_seam *seam, enum fy_trouble trouble, uint64_t step)
{
    seam->trouble = trouble;
    seam->step = step;
    seam->since_ms = 0;
    seam->reached = false;
    seam->wants_crash = false;
}

bool fy_seam_reached(const struct fy_seam *seam)
{
    return seam->reached;
}

void fy_seam_drop(struct fy_seam *seam)
{
    while (seam->first != NULL) {
        struct pending *pending = seam->first;
        seam->first = pending->next;
        free(pending);
    }
}

void fy_seam_free(struct fy_seam *seam)
{
    if (seam == NULL)
        return;
    fy_seam_drop(seam);
    for (size_t i = 0; i < seam->count; i++)
        free(seam->connections[i].verbs);
    free(seam->connections);
    for (size_t i = 0; i < seam->word_count; i++) {
        free(seam->words[i].ordered);
        free(seam->words[i].simulated);
    }
    free(seam->words);
    free(seam);
}
