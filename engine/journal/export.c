/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/export.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"

#include <string.h>

static void put_header(const struct fy_run_line *line, struct fy_buf *buf)
{
    fy_buf_open(buf, '{');
    fy_buf_member(buf, "ferry", "export");
    fy_buf_member_int(buf, "format", 1);
    fy_buf_member(buf, "run", line->run);
    fy_buf_member(buf, "request_id", line->request_id);
    fy_buf_member(buf, "tenant", line->tenant);
    fy_buf_member(buf, "vnf_instance_id", line->vnf_instance_id);
    fy_buf_member(buf, "order_sha256", line->order_sha256);
    fy_buf_member_int(buf, "accepted_ms", line->accepted_ms);
    fy_buf_member_bool(buf, "final", line->final);
    fy_buf_close(buf, '}');
}

static bool has_break(const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)bytes[i] < 0x20)
            return true;
    return false;
}

static void put_record(const struct fy_row *row, struct fy_buf *buf)
{
    char hash[FY_SHA256_HEX];
    const char *name = fy_record_name(row->kind);
    fy_sha256_hex(row->hash, hash);
    fy_buf_format(
        buf, "{\"seq\":%llu,\"kind\":%u,\"name\":\"%s\",\"time_ms\":%lld,\"epoch\":%llu,\"hash\":\"%s\",",
        (unsigned long long)row->seq, row->kind, name != NULL ? name : "", (long long)row->time_ms,
        (unsigned long long)row->epoch, hash);
    if (has_break(row->body, row->body_length)) {
        fy_buf_text(buf, "\"text\":");
        fy_buf_json_string(buf, row->body, row->body_length);
    } else {
        fy_buf_text(buf, "\"body\":");
        fy_buf_put(buf, row->body, row->body_length);
    }
    fy_buf_text(buf, "}");
}

static void put_trailer(const struct fy_verifier *verified, const char *header_sha256, struct fy_buf *buf)
{
    char hash[FY_SHA256_HEX];
    fy_sha256_hex(verified->hash, hash);
    fy_buf_format(buf, "{\"records\":%llu,\"hash\":\"%s\",\"header_sha256\":\"%s\"}",
                  (unsigned long long)verified->seq, hash, header_sha256);
}

/* ---- writing ------------------------------------------------------------------------------------------ */

struct writing {
    const char *run;
    bool (*write)(void *context, const char *bytes, size_t length);
    void *context;
    struct fy_buf line;
    struct fy_verifier verifier;
    char header_sha256[FY_SHA256_HEX];
    bool found, good;
    struct fy_err *err;
};

static bool put_line(struct writing *writing)
{
    fy_buf_text(&writing->line, "\n");
    writing->good =
        writing->write(writing->context, writing->line.data, writing->line.length) ||
        fy_fail(writing->err, FY_ERR_TRANSIENT, "the export of run %s could not be written", writing->run);
    fy_buf_clear(&writing->line);
    return writing->good;
}

static bool write_header(void *context, const struct fy_run_line *line)
{
    struct writing *writing = context;
    if (strcmp(line->run, writing->run) != 0)
        return true;
    writing->found = true;
    put_header(line, &writing->line);
    fy_sha256_text(writing->line.data, writing->line.length, writing->header_sha256);
    (void)put_line(writing);
    return false;
}

static bool write_record(void *context, const struct fy_row *row)
{
    struct writing *writing = context;
    writing->good = fy_verify_row(&writing->verifier, writing->run, row, writing->err);
    if (!writing->good)
        return false;
    put_record(row, &writing->line);
    return put_line(writing);
}

bool fy_export_run(struct fy_store *store, const char *run,
                   bool (*write)(void *context, const char *bytes, size_t length), void *context,
                   struct fy_err *err)
{
    struct writing writing = {.run = run, .write = write, .context = context, .good = true, .err = err};
    bool good = store->runs(store, false, write_header, &writing, err);
    if (good && !writing.found)
        good = fy_fail(err, FY_ERR_NOT_FOUND, "there is no run %s in the %s", run, store->name) ||
               fy_hint(err, "\"ferry list\" shows the runs of this store");
    good = good && writing.good && store->read(store, run, 0, write_record, &writing, err) && writing.good;
    if (good) {
        put_trailer(&writing.verifier, writing.header_sha256, &writing.line);
        good = put_line(&writing);
    }
    fy_buf_free(&writing.line);
    return good;
}

/* ---- verifying ---------------------------------------------------------------------------------------- */

struct line {
    const char *text;
    size_t length;
    size_t number; /* from 1 */
};

struct reading {
    const char *at, *end;
    size_t lines;
    struct fy_run_line header;
    json_t *header_doc; /* lends its strings to header */
    char header_sha256[FY_SHA256_HEX];
    struct fy_verifier verifier;
    struct fy_buf rebuilt;
    char *text; /* a body that was escaped */
    const struct fy_export_against *against;
    struct fy_buf hashes; /* of every record, for the checkpoints behind it */
    struct fy_export_facts facts;
};

/* ---- checkpoints ---- */

static bool check_hash(struct reading *reading, const struct fy_checkpoint *checkpoint, const char *which,
                       struct fy_err *err)
{
    const char *run = reading->header.run;
    if (strcmp(checkpoint->run, run) != 0)
        return fy_fail(err, FY_ERR_INVALID, "the checkpoint %s is of run %.100s, not of %.100s", which,
                       checkpoint->run, run);
    if (checkpoint->seq > reading->hashes.length / FY_SHA256_BYTES)
        return fy_fail(
            err, FY_ERR_INVALID,
            "run %.100s was cut off: it ends with record %zu, and the checkpoint %s signs record %llu", run,
            reading->hashes.length / FY_SHA256_BYTES, which, (unsigned long long)checkpoint->seq);
    const char *hash = reading->hashes.data + (checkpoint->seq - 1) * FY_SHA256_BYTES;
    return memcmp(hash, checkpoint->hash, FY_SHA256_BYTES) == 0 ||
           fy_fail(err, FY_ERR_INVALID,
                   "run %.100s was written anew: the checkpoint %s signs another record %llu", run, which,
                   (unsigned long long)checkpoint->seq);
}

/* One that is in the file. The record it signs stands before it. */
static bool check_checkpoint(struct reading *reading, const struct fy_row *row, struct fy_err *err)
{
    struct fy_checkpoint checkpoint = {0};
    if (!fy_checkpoint_read(row->body, row->body_length, reading->against->key, &checkpoint, err)) {
        reading->facts.others += err->kind == FY_ERR_REFUSED ? 1 : 0;
        return err->kind == FY_ERR_REFUSED;
    }
    bool good = check_hash(reading, &checkpoint, "in the file", err);
    free(checkpoint.run);
    reading->facts.checkpoints++;
    reading->facts.signed_to = checkpoint.seq;
    return good;
}

static bool check_against(struct reading *reading, struct fy_err *err)
{
    const struct fy_export_against *against = reading->against;
    if (against->kept != NULL && !check_hash(reading, against->kept, "that was kept", err))
        return false;
    if (against->key != NULL && reading->facts.checkpoints == 0 && against->kept == NULL) {
        (void)fy_fail(err, FY_ERR_INVALID,
                      "run %.100s has no checkpoint that fits the key (%llu fit another)",
                      reading->header.run, (unsigned long long)reading->facts.others);
        return fy_hint(
            err,
            "was it made by a ferryd with \"audit-key\"? give a checkpoint that was kept with --checkpoint");
    }
    return true;
}

static bool next_line(struct reading *reading, struct line *ret, struct fy_err *err)
{
    const char *end = memchr(reading->at, '\n', (size_t)(reading->end - reading->at));
    if (end == NULL)
        return fy_fail(err, FY_ERR_INVALID, "the export ends in line %zu; its last line is missing or cut",
                       reading->lines + 1);
    *ret = (struct line){reading->at, (size_t)(end - reading->at), ++reading->lines};
    reading->at = end + 1;
    return true;
}

/* Is the line, byte for byte, what we would have written? "rebuilt" is emptied. */
static bool is_rebuilt(struct reading *reading, const struct line *line)
{
    bool same = reading->rebuilt.data != NULL && line->text != NULL &&
                reading->rebuilt.length == line->length &&
                memcmp(reading->rebuilt.data, line->text, line->length) == 0;
    fy_buf_clear(&reading->rebuilt);
    return same;
}

static bool bad_header(struct fy_err *err)
{
    (void)fy_fail(err, FY_ERR_INVALID, "line 1 is not the header of an export of a run");
    return fy_hint(err, "give a file that \"ferry audit export\" wrote");
}

static bool read_header(struct reading *reading, struct fy_err *err)
{
    struct line line = {0};
    struct fy_err why = {0};
    if (!next_line(reading, &line, err))
        return false;
    json_t *doc = reading->header_doc = fy_json_parse(line.text, line.length, "header", &why);
    struct fy_run_line *header = &reading->header;
    if (doc == NULL || !fy_json_string(doc, "run", &header->run, &why) ||
        !fy_json_string(doc, "request_id", &header->request_id, &why) ||
        !fy_json_string(doc, "tenant", &header->tenant, &why) ||
        !fy_json_string(doc, "vnf_instance_id", &header->vnf_instance_id, &why) ||
        !fy_json_string(doc, "order_sha256", &header->order_sha256, &why) ||
        !fy_json_int(doc, "accepted_ms", &header->accepted_ms, &why))
        return bad_header(err);
    header->final = fy_json_bool_or(doc, "final", false);
    put_header(header, &reading->rebuilt);
    fy_sha256_text(line.text, line.length, reading->header_sha256);
    return is_rebuilt(reading, &line) || bad_header(err);
}

/* The number behind a literal; at moves past both. */
static bool take_number(const char **at, const char *end, const char *literal, uint64_t *ret)
{
    size_t length = strlen(literal);
    if ((size_t)(end - *at) < length || memcmp(*at, literal, length) != 0)
        return false;
    const char *c = *at + length;
    bool minus = c < end && *c == '-';
    uint64_t number = 0;
    for (c += minus ? 1 : 0; c < end && *c >= '0' && *c <= '9'; c++)
        number =
            number * 10 + (uint64_t)(*c - '0'); /* a number too large wraps, and is rebuilt differently */
    *ret = minus ? 0 - number : number;
    *at = c;
    return true;
}

/* The value of a lower-case hexadecimal digit; -1 if it is none. */
static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool take_hash(const char **at, const char *end, unsigned char hash[FY_SHA256_BYTES])
{
    static const char literal[] = ",\"hash\":\"";
    if ((size_t)(end - *at) < sizeof literal - 1 + 2 * FY_SHA256_BYTES + 2 ||
        memcmp(*at, literal, sizeof literal - 1) != 0)
        return false;
    const char *hex = *at + sizeof literal - 1;
    for (size_t i = 0; i < FY_SHA256_BYTES; i++) {
        int high = digit(hex[2 * i]);
        int low = digit(hex[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        hash[i] = (unsigned char)(high * 16 + low);
    }
    *at = hex + (ptrdiff_t)(2 * FY_SHA256_BYTES) + 2; /* the closing quote and the comma */
    return true;
}

/* "body":{...}} as it stands, or "text":"..."} decoded. */
static bool take_body(struct reading *reading, const char *at, const char *end, struct fy_row *row)
{
    static const char body[] = "\"body\":";
    size_t length = (size_t)(end - at);
    if (length > sizeof body && memcmp(at, body, sizeof body - 1) == 0) {
        row->body = at + sizeof body - 1;
        row->body_length = length - (sizeof body - 1) - 1;
        return true;
    }
    FY_AUTO(fy_buf_free) struct fy_buf whole = {0};
    struct fy_err why = {0};
    fy_buf_text(&whole, "{");
    fy_buf_put(&whole, at, length);
    FY_AUTO(fy_json_unref) json_t *doc = fy_json_parse(whole.data, whole.length, "record", &why);
    const char *text;
    if (doc == NULL || !fy_json_string(doc, "text", &text, &why))
        return false;
    free(reading->text);
    row->body = reading->text = fy_strdup(text);
    row->body_length = strlen(text);
    return true;
}

static bool parse_record(struct reading *reading, const struct line *line, struct fy_row *row)
{
    const char *at = line->text;
    const char *end = line->text + line->length;
    uint64_t kind;
    uint64_t time_ms;
    if (!take_number(&at, end, "{\"seq\":", &row->seq) || !take_number(&at, end, ",\"kind\":", &kind) ||
        kind > UINT32_MAX)
        return false;
    row->kind = (uint32_t)kind;
    const char *name = fy_record_name(row->kind);
    FY_AUTO(fy_free_ptr)
    char *before_time = fy_format(",\"name\":\"%s\",\"time_ms\":", name != NULL ? name : "");
    if (!take_number(&at, end, before_time, &time_ms) || !take_number(&at, end, ",\"epoch\":", &row->epoch) ||
        !take_hash(&at, end, row->hash) || !take_body(reading, at, end, row))
        return false;
    row->time_ms = (int64_t)time_ms;
    row->run = reading->header.run;
    return true;
}

static bool read_record(struct reading *reading, const struct line *line, struct fy_err *err)
{
    struct fy_row row = {0};
    if (parse_record(reading, line, &row)) {
        put_record(&row, &reading->rebuilt);
        if (is_rebuilt(reading, line)) {
            bool good = fy_verify_row(&reading->verifier, reading->header.run, &row, err) &&
                        (row.kind != FY_REC_CHECKPOINT || check_checkpoint(reading, &row, err));
            fy_buf_put(&reading->hashes, row.hash, FY_SHA256_BYTES);
            return good || fy_wrap(err, "line %zu", line->number);
        }
    }
    return fy_fail(err, FY_ERR_INVALID, "line %zu: record %llu of run %s is not as an export writes it",
                   line->number, (unsigned long long)reading->verifier.seq + 1, reading->header.run);
}

static bool read_trailer(struct reading *reading, const struct line *line, struct fy_err *err)
{
    put_trailer(&reading->verifier, reading->header_sha256, &reading->rebuilt);
    if (!is_rebuilt(reading, line))
        return fy_fail(
            err, FY_ERR_INVALID,
            "line %zu does not close the export: records before it are missing, or the header or this "
            "line was changed",
            line->number);
    return reading->at == reading->end ||
           fy_fail(err, FY_ERR_INVALID, "there is something behind the last line of the export");
}

static bool read_lines(struct reading *reading, struct fy_err *err)
{
    static const char record[] = "{\"seq\":";
    struct line line = {0};
    if (!read_header(reading, err))
        return false;
    for (;;) {
        if (!next_line(reading, &line, err))
            return false;
        if (line.length < sizeof record || memcmp(line.text, record, sizeof record - 1) != 0)
            return read_trailer(reading, &line, err);
        if (!read_record(reading, &line, err))
            return false;
    }
}

bool fy_export_verify(const char *bytes, size_t length, const struct fy_export_against *against,
                      struct fy_export_facts *ret, struct fy_err *err)
{
    struct reading reading = {.at = bytes, .end = bytes + length, .against = against};
    bool good = read_lines(&reading, err) && check_against(&reading, err);
    if (good) {
        *ret = reading.facts;
        ret->run = fy_strdup(reading.header.run);
        ret->records = reading.verifier.seq;
        fy_sha256_hex(reading.verifier.hash, ret->hash);
    }
    fy_buf_free(&reading.hashes);
    json_decref(reading.header_doc);
    fy_buf_free(&reading.rebuilt);
    free(reading.text);
    return good;
}
