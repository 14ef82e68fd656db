/* SPDX-License-Identifier: Apache-2.0 */
#include "journal/checkpoint.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define DIGEST    "sha256"
#define MOST_SIGN 256 /* bytes of a signature, of any algorithm there may be */

/* Signatures by name. A national algorithm is a row here, with the key type that OpenSSL has for it. */
static const struct algorithm {
    const char *name;
    int key_type;
} algorithms[] = {{"ed25519", EVP_PKEY_ED25519}};

struct fy_public_key {
    EVP_PKEY *key;
    const struct algorithm *algorithm;
    char id[FY_SHA256_HEX];
};

struct fy_signer {
    struct fy_public_key pair;
};

static const struct algorithm *algorithm_of(const EVP_PKEY *key)
{
    for (size_t i = 0; i < FY_COUNT(algorithms); i++)
        if (EVP_PKEY_get_base_id(key) == algorithms[i].key_type)
            return &algorithms[i];
    return NULL;
}

static bool identify(struct fy_public_key *pair, const char *path, struct fy_err *err)
{
    unsigned char *der = NULL;
    pair->algorithm = pair->key != NULL ? algorithm_of(pair->key) : NULL;
    int length = pair->algorithm != NULL ? i2d_PUBKEY(pair->key, &der) : -1;
    if (length > 0)
        fy_sha256_text((const char *)der, (size_t)length, pair->id);
    OPENSSL_free(der);
    if (length > 0)
        return true;
    (void)fy_fail(err, FY_ERR_INVALID, "%s does not hold an Ed25519 key in PEM form", path);
    return fy_hint(err,
                   "openssl genpkey -algorithm ed25519 -out KEY; openssl pkey -in KEY -pubout -out PUBLIC");
}

/* A passphrase would be asked for on a terminal, which ferryd has not. */
static int no_passphrase(char *buf, int size, int writing, void *context)
{
    (void)buf;
    (void)size;
    (void)writing;
    (void)context;
    return -1;
}

static bool check_private(FILE *file, const char *path, struct fy_err *err)
{
    struct stat status;
    if (fstat(fileno(file), &status) != 0)
        return fy_fail_errno(err, "could not look at the key %s", path);
    if ((status.st_mode & 077) == 0)
        return true;
    (void)fy_fail(err, FY_ERR_REFUSED, "the key %s can be read by others than its owner", path);
    return fy_hint(err, "chmod 600 %s", path);
}

bool fy_signer_open(const char *path, struct fy_signer **ret, struct fy_err *err)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return fy_fail_errno(err, "could not read the key %s", path);
    struct fy_signer *signer = FY_NEW(struct fy_signer);
    bool good = check_private(file, path, err);
    if (good) {
        signer->pair.key = PEM_read_PrivateKey(file, NULL, no_passphrase, NULL);
        good = identify(&signer->pair, path, err);
    }
    (void)fclose(file);
    if (good)
        *ret = signer;
    else
        fy_signer_free(signer);
    return good;
}

void fy_signer_free(struct fy_signer *signer)
{
    if (signer != NULL)
        EVP_PKEY_free(signer->pair.key);
    free(signer);
}

bool fy_public_key_open(const char *path, struct fy_public_key **ret, struct fy_err *err)
{
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return fy_fail_errno(err, "could not read the key %s", path);
    struct fy_public_key *key = FY_NEW(struct fy_public_key);
    key->key = PEM_read_PUBKEY(file, NULL, no_passphrase, NULL);
    (void)fclose(file);
    if (identify(key, path, err)) {
        *ret = key;
        return true;
    }
    fy_public_key_free(key);
    return false;
}

void fy_public_key_free(struct fy_public_key *key)
{
    if (key != NULL)
        EVP_PKEY_free(key->key);
    free(key);
}

static char *signed_text(const char *algorithm, const char *run, uint64_t seq, const char *hash,
                         int64_t at_ms)
{
    return fy_format("ferry checkpoint\n%s\n" DIGEST "\n%s\n%llu\n%s\n%lld\n", algorithm, run,
                     (unsigned long long)seq, hash, (long long)at_ms);
}

static void put_hex(struct fy_buf *buf, const unsigned char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        fy_buf_format(buf, "%02x", bytes[i]);
}

static void sign(const struct fy_public_key *pair, const char *text, struct fy_buf *hex)
{
    unsigned char signature[MOST_SIGN];
    size_t length = sizeof signature;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context == NULL || EVP_DigestSignInit(context, NULL, NULL, NULL, pair->key) != 1 ||
        EVP_DigestSign(context, signature, &length, (const unsigned char *)text, strlen(text)) != 1)
        abort(); /* only for want of memory: Ed25519 cannot fail otherwise */
    EVP_MD_CTX_free(context);
    put_hex(hex, signature, length);
}

char *fy_checkpoint_body(const struct fy_signer *signer, const char *run, uint64_t seq,
                         const unsigned char hash[FY_SHA256_BYTES], int64_t at_ms)
{
    const struct fy_public_key *pair = &signer->pair;
    char hex[FY_SHA256_HEX];
    fy_sha256_hex(hash, hex);
    FY_AUTO(fy_free_ptr) char *text = signed_text(pair->algorithm->name, run, seq, hex, at_ms);
    FY_AUTO(fy_buf_free) struct fy_buf signature = {0};
    sign(pair, text, &signature);
    struct fy_buf body = {0};
    fy_buf_open(&body, '{');
    fy_buf_member(&body, "algorithm", pair->algorithm->name);
    fy_buf_member(&body, "digest", DIGEST);
    fy_buf_member(&body, "key", pair->id);
    fy_buf_member(&body, "run", run);
    fy_buf_member_int(&body, "seq", (int64_t)seq);
    fy_buf_member(&body, "hash", hex);
    fy_buf_member_int(&body, "at_ms", at_ms);
    fy_buf_member(&body, "signature", signature.data);
    fy_buf_close(&body, '}');
    return fy_buf_take(&body);
}

static int digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* How many bytes; 0 if it is not lower-case hex, or too long. */
static size_t read_hex(const char *hex, unsigned char *bytes, size_t room)
{
    size_t length = strlen(hex) / 2;
    if (strlen(hex) % 2 != 0 || length > room)
        return 0;
    for (size_t i = 0; i < length; i++) {
        if (digit(hex[2 * i]) < 0 || digit(hex[2 * i + 1]) < 0)
            return 0;
        bytes[i] = (unsigned char)(digit(hex[2 * i]) * 16 + digit(hex[2 * i + 1]));
    }
    return length;
}

static bool check_signature(const struct fy_public_key *key, const char *text, const char *hex)
{
    unsigned char signature[MOST_SIGN];
    size_t length = read_hex(hex, signature, sizeof signature);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool good = length > 0 && context != NULL &&
                EVP_DigestVerifyInit(context, NULL, NULL, NULL, key->key) == 1 &&
                EVP_DigestVerify(context, signature, length, (const unsigned char *)text, strlen(text)) == 1;
    EVP_MD_CTX_free(context);
    return good;
}

/* The strings of a checkpoint as they stand in it. */
struct words {
    const char *algorithm, *digest, *key, *run, *hash, *signature;
    int64_t seq, at_ms;
};

static bool read_words(json_t *doc, struct words *ret, struct fy_err *err)
{
    struct fy_err why = {0};
    *ret = (struct words){"", "", "", "", "", "", 0, 0};
    if (doc != NULL && fy_json_string(doc, "algorithm", &ret->algorithm, &why) &&
        fy_json_string(doc, "digest", &ret->digest, &why) && fy_json_string(doc, "key", &ret->key, &why) &&
        fy_json_string(doc, "run", &ret->run, &why) && fy_json_int(doc, "seq", &ret->seq, &why) &&
        ret->seq > 0 && fy_json_string(doc, "hash", &ret->hash, &why) &&
        fy_json_int(doc, "at_ms", &ret->at_ms, &why) &&
        fy_json_string(doc, "signature", &ret->signature, &why))
        return true;
    return fy_fail(err, FY_ERR_INVALID, "it is not a checkpoint%s%s", why.message[0] != '\0' ? ": " : "",
                   why.message);
}

static bool check_words(const struct words *words, const struct fy_public_key *key, struct fy_err *err)
{
    if (strcmp(words->digest, DIGEST) != 0 || strcmp(words->algorithm, key->algorithm->name) != 0) {
        (void)fy_fail(err, FY_ERR_REFUSED, "the checkpoint of record %lld of run %s is by %.40s over %.40s",
                      (long long)words->seq, words->run, words->algorithm, words->digest);
        return fy_hint(err, "verify it with a Ferry that knows them");
    }
    if (strcmp(words->key, key->id) != 0) {
        (void)fy_fail(err, FY_ERR_REFUSED,
                      "the checkpoint of record %lld of run %s was signed with another key (%.16s...)",
                      (long long)words->seq, words->run, words->key);
        return fy_hint(err, "give the public half of the key of that time");
    }
    FY_AUTO(fy_free_ptr)
    char *text = signed_text(words->algorithm, words->run, (uint64_t)words->seq, words->hash, words->at_ms);
    return check_signature(key, text, words->signature) ||
           fy_fail(err, FY_ERR_INVALID,
                   "the signature of the checkpoint of record %lld of run %s does not fit: it was forged or "
                   "changed",
                   (long long)words->seq, words->run);
}

bool fy_checkpoint_read(const char *body, size_t length, const struct fy_public_key *key,
                        struct fy_checkpoint *ret, struct fy_err *err)
{
    struct words words;
    struct fy_checkpoint read = {0};
    struct fy_err why = {0};
    FY_AUTO(fy_json_unref) json_t *doc = fy_json_parse(body, length, "checkpoint", &why);
    if (!read_words(doc, &words, err) || (key != NULL && !check_words(&words, key, err)))
        return false;
    if (read_hex(words.hash, read.hash, sizeof read.hash) != sizeof read.hash ||
        strlen(words.key) != FY_SHA256_HEX - 1)
        return fy_fail(err, FY_ERR_INVALID, "the checkpoint of record %lld of run %s has no SHA-256 in it",
                       (long long)words.seq, words.run);
    read.run = fy_strdup(words.run);
    read.seq = (uint64_t)words.seq;
    read.at_ms = words.at_ms;
    memcpy(read.key, words.key, sizeof read.key);
    *ret = read;
    return true;
}
