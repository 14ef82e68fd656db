/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run as a file that anybody can verify without the engine and without the store. One JSON object a line:
 *
 *   {"ferry":"export","format":1,"run":"...","request_id":"...","tenant":"...","vnf_instance_id":"...",
 *    "order_sha256":"...","accepted_ms":n,"final":false}                                              (one
 * line)
 *   {"seq":1,"kind":1,"name":"order accepted","time_ms":n,"epoch":n,"hash":"...","body":{...}}     each
 * record
 *   {"records":n,"hash":"hash of the last record","header_sha256":"..."}
 *
 * The hashes of the records are those of the store (docs/records.md). The digests of the texts a run stands
 * on are in its first record. A body is the stored text byte for byte; one that has a line break in it stands
 * as "text":"..." instead, escaped.
 *
 * The spelling is exact: a file that says the same in other bytes is refused too. Who can write the file can
 * also write it anew from a record on, with new hashes: compare the last line's hash with one that was kept
 * elsewhere.
 */
#ifndef FY_JOURNAL_EXPORT_H
#define FY_JOURNAL_EXPORT_H

#include "journal/checkpoint.h"

/*
 * Write the export of a run in pieces. "write" returns false to stop. The chain is verified on the way: a run
 * that is not what was written is not exported (FY_ERR_INVALID names the record).
 */
bool fy_export_run(struct fy_store *store, const char *run,
                   bool (*write)(void *context, const char *bytes, size_t length), void *context,
                   struct fy_err *err) FY_MUST_CHECK;

/* What a verified export says about itself. */
struct fy_export_facts {
    char *run; /* the caller's to free */
    uint64_t records;
    char hash[FY_SHA256_HEX]; /* of the last record */
    uint64_t checkpoints;     /* in the file, that fit the key (without a key: that fit the chain) */
    uint64_t others;          /* ... that were signed with another key */
    uint64_t signed_to;       /* the last record that one of the former signs */
};

/* What the file is held against; a zeroed one is only its own chain. */
struct fy_export_against {
    const struct fy_public_key *key; /* of the checkpoints in the file; at least one must fit it */
    const struct fy_checkpoint
        *kept; /* one that was kept elsewhere: the file must reach it and agree with it */
};

/* Verify a whole file. FY_ERR_INVALID names the first bad line and record. */
bool fy_export_verify(const char *bytes, size_t length, const struct fy_export_against *against,
                      struct fy_export_facts *ret, struct fy_err *err) FY_MUST_CHECK;

#endif
