/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signed checkpoints. A chain of hashes tells that something inside it was changed; it cannot tell that its
 * end was cut off, or that all of it was written anew from some record on. A checkpoint can: it is a
 * signature over (run, seq, hash), made with a key that whoever owns the store need not have, kept in the run
 * as a record and, by those who want to be sure, somewhere else as well ("ferry audit checkpoint").
 *
 *     {"algorithm":"ed25519","digest":"sha256","key":"...","run":"CHG-7","seq":120,"hash":"...","at_ms":n,"signature":"..."}
 *
 * "digest" is the chain's, "algorithm" the signature's: fields, so that others can follow; "key" is the
 * SHA-256 of the public key (its DER form), at_ms the wall clock, everything binary lower-case hex. What is
 * signed is
 *
 *     ferry checkpoint\n ALGORITHM\n DIGEST\n RUN\n SEQ\n HASH\n AT_MS\n         (no blanks)
 */
#ifndef FY_JOURNAL_CHECKPOINT_H
#define FY_JOURNAL_CHECKPOINT_H

#include "journal/journal.h"

struct fy_signer;

/* A private key (PEM, Ed25519), from a file that only its owner can read: "openssl genpkey -algorithm
 * ed25519". */
bool fy_signer_open(const char *path, struct fy_signer **ret, struct fy_err *err) FY_MUST_CHECK;
void fy_signer_free(struct fy_signer *signer);

/* The body of a checkpoint; the caller's to free. */
char *fy_checkpoint_body(const struct fy_signer *signer, const char *run, uint64_t seq,
                         const unsigned char hash[FY_SHA256_BYTES], int64_t at_ms);

struct fy_public_key;
bool fy_public_key_open(const char *path, struct fy_public_key **ret,
                        struct fy_err *err) FY_MUST_CHECK; /* PEM */
void fy_public_key_free(struct fy_public_key *key);

/* What a checkpoint says. */
struct fy_checkpoint {
    char *run; /* the caller's to free */
    uint64_t seq;
    unsigned char hash[FY_SHA256_BYTES];
    int64_t at_ms;
    char key[FY_SHA256_HEX];
};

/*
 * Read one; with a key, its signature is verified, too. FY_ERR_INVALID: it is none, or the signature does not
 * fit. FY_ERR_REFUSED: it was made with another key, or by an algorithm that this Ferry does not know.
 */
bool fy_checkpoint_read(const char *body, size_t length, const struct fy_public_key *key,
                        struct fy_checkpoint *ret, struct fy_err *err) FY_MUST_CHECK;

/*
 * The notary of a running engine: follows the journal and signs where each run stands, as a lazy record of
 * the run: at each change of state, after every 100 records, and at each fy_notary_turn (once a minute) if it
 * has moved.
 */
struct fy_notary;
struct fy_notary *fy_notary_new(struct fy_journal *journal, struct fy_signer *signer,
                                const struct fy_clock *clock); /* the signer is taken */
void fy_notary_turn(struct fy_notary *notary);
void fy_notary_free(struct fy_notary *notary);

#endif
