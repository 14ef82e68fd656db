/* SPDX-License-Identifier: Apache-2.0 */
/* The table of kinds, the chain of hashes, and its verification. */
#include "journal/record.h"

#include <string.h>

static const struct kind {
    const char *name;
    enum fy_record_when when;
} kinds[] = {
#define X(id, NAME, name, when, says) [id] = {name, FY_WHEN_##when},
#include "journal/record.def"
#undef X
};

const char *fy_record_name(uint32_t kind)
{
    return kind < sizeof kinds / sizeof kinds[0] ? kinds[kind].name : NULL;
}

size_t fy_record_kinds(void)
{
    return sizeof kinds / sizeof kinds[0];
}

enum fy_record_when fy_record_when(uint32_t kind)
{
    return kinds[kind].when;
}

static unsigned char *put_number(unsigned char *at, uint64_t number)
{
    for (int shift = 56; shift >= 0; shift -= 8)
        *at++ = (unsigned char)(number >> shift);
    return at;
}

void fy_row_hash(const struct fy_row *row, const unsigned char previous[FY_SHA256_BYTES],
                 unsigned char hash[FY_SHA256_BYTES])
{
    unsigned char numbers[40];
    unsigned char *at = put_number(numbers, row->seq);
    at = put_number(at, row->kind);
    at = put_number(at, (uint64_t)row->time_ms);
    at = put_number(at, row->epoch);
    (void)put_number(at, row->body_length);
    struct fy_span spans[] = {{previous, FY_SHA256_BYTES},
                              {row->run, strlen(row->run) + 1},
                              {numbers, sizeof numbers},
                              {row->body, row->body_length}};
    fy_sha256(spans, sizeof spans / sizeof spans[0], hash);
}

bool fy_verify_row(struct fy_verifier *verifier, const char *run, const struct fy_row *row,
                   struct fy_err *err)
{
    unsigned long long wanted = verifier->seq + 1;
    if (strcmp(row->run, run) != 0)
        return fy_fail(err, FY_ERR_INVALID, "record %llu of run %s belongs to run %s", wanted, run, row->run);
    if (row->seq != wanted)
        return fy_fail(err, FY_ERR_INVALID, "run %s has record %llu where record %llu must be", run,
                       (unsigned long long)row->seq, wanted);
    unsigned char hash[FY_SHA256_BYTES];
    fy_row_hash(row, verifier->hash, hash);
    if (memcmp(hash, row->hash, sizeof hash) != 0) {
        const char *name = fy_record_name(row->kind);
        (void)fy_fail(err, FY_ERR_INVALID,
                      "record %llu of run %s (%s) is not what was written: its hash does not fit", wanted,
                      run, name != NULL ? name : "of an unknown kind");
        return fy_hint(err,
                       "the records before it are sound; this one or its hash was changed, or one before "
                       "it was replaced");
    }
    verifier->seq = row->seq;
    memcpy(verifier->hash, hash, sizeof hash);
    return true;
}
