/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ferry audit export, audit verify. The verifier is written from docs/records.md alone and shares no code
 * with the journal that wrote the chain: so an export can be checked where there is no engine, and one error
 * in the engine is not the same error here.
 */
#include "cli/client.h"

#include "base/mem.h"
#include "base/sha256.h"
#include "cli/cli.h"
#include "cli/output.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define EXPORT_MAX (1024u * 1024 * 1024)

static bool fetch_export(struct fy_cli *cli, struct fy_buf *ret, struct fy_err *err)
{
    char after[24] = "0";
    for (;;) {
        FY_AUTO(fy_answer_free) struct fy_answer answer = {0};
        FY_AUTO(fy_free_ptr) char *path = fy_format("/v1/upgrades/%s/export?after=%s", cli->args[0], after);
        if (!fy_client_ask(cli->client, &(struct fy_request){.method = "GET", .path = path}, &answer, err))
            return false;
        if (answer.text.length == 0 || strcmp(answer.last_seq, after) == 0)
            return true;
        fy_buf_put(ret, answer.text.data, answer.text.length);
        memcpy(after, answer.last_seq, sizeof after);
    }
}

int fy_cmd_audit_export(struct fy_cli *cli)
{
    FY_AUTO(fy_buf_free) struct fy_buf text = {0};
    struct fy_err err = {0};
    if (!fetch_export(cli, &text, &err))
        return fy_cli_fail(&err);
    fy_print_buf(&text);
    return FY_EXIT_OK;
}

struct chain {
    int64_t seq;
    char run[256];
    unsigned char hash[FY_SHA256_BYTES];
};

static void put_number(unsigned char bytes[8], int64_t number)
{
    for (int i = 7; i >= 0; i--) {
        bytes[i] = (unsigned char)((uint64_t)number & 0xff);
        number = (int64_t)((uint64_t)number >> 8);
    }
}

/* SHA-256 of the former hash, the run with a NUL, seq, kind, time, epoch, length, body. */
static void hash_record(const struct chain *chain, const json_t *record, const char *body, size_t length,
                        unsigned char hash[FY_SHA256_BYTES])
{
    static const char *const members[] = {"seq", "kind", "time_ms", "epoch"};
    unsigned char numbers[5][8];
    for (size_t i = 0; i < FY_COUNT(members); i++)
        put_number(numbers[i], fy_json_int_or(record, members[i], -1));
    put_number(numbers[4], (int64_t)length);
    const struct fy_span spans[] = {{chain->hash, sizeof chain->hash},
                                    {chain->run, strlen(chain->run) + 1},
                                    {numbers, sizeof numbers},
                                    {body, length}};
    fy_sha256(spans, FY_COUNT(spans), hash);
}

static bool verify_record(struct chain *chain, const json_t *record, struct fy_err *err)
{
    unsigned char hash[FY_SHA256_BYTES];
    char hex[FY_SHA256_HEX];
    const char *run = fy_json_string_or(record, "run", "");
    const json_t *body = json_object_get(record, "body");
    int64_t seq = fy_json_int_or(record, "seq", -1);
    if (chain->seq == 0)
        (void)snprintf(chain->run, sizeof chain->run, "%s", run);
    if (seq != chain->seq + 1)
        return fy_fail(err, FY_ERR_INVALID,
                       "record %lld follows record %lld: something is missing or doubled", (long long)seq,
                       (long long)chain->seq);
    if (strcmp(run, chain->run) != 0)
        return fy_fail(err, FY_ERR_INVALID, "record %lld belongs to %s, not to %s", (long long)seq, run,
                       chain->run);
    if (!json_is_string(body))
        return fy_fail(err, FY_ERR_INVALID, "record %lld has no body", (long long)seq);
    hash_record(chain, record, json_string_value(body), json_string_length(body), hash);
    fy_sha256_hex(hash, hex);
    if (strcmp(hex, fy_json_string_or(record, "hash", "")) != 0)
        return fy_fail(err, FY_ERR_INVALID, "record %lld was changed: its hash does not fit", (long long)seq);
    memcpy(chain->hash, hash, sizeof hash);
    chain->seq = seq;
    return true;
}

static bool verify_text(const struct fy_buf *text, struct chain *chain, struct fy_err *err)
{
    const char *at = text->data;
    const char *end = text->data + text->length;
    while (at < end) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        size_t length = (size_t)((line_end != NULL ? line_end : end) - at);
        FY_AUTO(fy_json_unref) json_t *record = json_loadb(at, length, JSON_ALLOW_NUL, NULL);
        if (record == NULL)
            return fy_fail(err, FY_ERR_INVALID, "what follows record %lld is not a record",
                           (long long)chain->seq);
        if (!verify_record(chain, record, err))
            return false;
        at += length + 1;
    }
    return chain->seq > 0 || fy_fail(err, FY_ERR_INVALID, "there is no record at all");
}

int fy_cmd_audit_verify(struct fy_cli *cli)
{
    FY_AUTO(fy_buf_free) struct fy_buf text = {0};
    struct chain chain = {0};
    struct fy_err err = {0};
    char hex[FY_SHA256_HEX];
    bool is_file = access(cli->args[0], R_OK) == 0;
    if (is_file ? !fy_read_file(cli->args[0], EXPORT_MAX, &text, &err) : !fetch_export(cli, &text, &err))
        return fy_cli_fail(&err);
    bool good = verify_text(&text, &chain, &err);
    fy_sha256_hex(chain.hash, hex);
    if (!good) {
        if (cli->json)
            (void)printf("{\"ok\":false,\"bad\":%lld}\n", (long long)chain.seq + 1);
        (void)fprintf(stderr, "audit verify: BAD: %s\n", err.message);
        return FY_EXIT_FAILED;
    }
    (void)printf(cli->json ? "{\"ok\":true,\"run\":\"%s\",\"records\":%lld,\"hash\":\"%s\"}\n"
                           : "audit verify: ok (%s, %lld records, hash %s)\n",
                 chain.run, (long long)chain.seq, hex);
    return FY_EXIT_OK;
}
