/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What all files of this adapter share: how a failure is told, and how a value is picked out of JSON that
 * somebody else wrote. No shape is trusted: what is missing or of another type reads as "" or 0 or NULL.
 */
#ifndef KUBE_H
#define KUBE_H

#include "ferry/adapter.h"

#include <jansson.h>

#define KUBE_PREFIX       "ferry.dev/"
#define KUBE_NOTE_VERSION "ferry.dev/version" /* on a pod: what its image is a version of */
/* Under this name Ferry's fields stand in managedFields (`kubectl get -o yaml --show-managed-fields`). */
#define KUBE_MANAGER      "ferry"

struct kube_err {
    enum ferry_failure failure;
    int status;       /* HTTP; 0: there was no answer */
    int64_t after_ms; /* the server's wish (Retry-After); 0: none */
    char message[768];
    char hint[384];
};

/* Always false, so that a function can end with it. err may be NULL. */
bool kube_fail(struct kube_err *err, enum ferry_failure failure, const char *hint, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Out of memory: a transient failure. Always false. */
bool kube_no_memory(struct kube_err *err);

/* The value at a path of member names, or NULL. */
json_t *kube_at(const json_t *json, const char *const path[]);
#define KUBE_AT(json, ...) kube_at((json), (const char *const[]){__VA_ARGS__, NULL})

/* Its text, "" if it is none. */
const char *kube_text(const json_t *json);
#define KUBE_TEXT(json, ...) kube_text(KUBE_AT((json), __VA_ARGS__))

/* Its integer, 0 if it is none. */
json_int_t kube_int(const json_t *json);
#define KUBE_INT(json, ...) kube_int(KUBE_AT((json), __VA_ARGS__))

/* Formatted text, the caller's to free; NULL without memory. */
char *kube_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "2026-11-22T16:00:00Z" (fractions are ignored) in ms since 1970 and back; 0 if it is no time. */
int64_t kube_time(const char *text);
void kube_time_text(int64_t ms, char text[32]);

/* A short, stable name of a text: 16 hexadecimal digits of its SHA-256, for names of objects. */
void kube_digest(const char *text, char digest[17]);

/* A reference without its tag and digest, and its tag ("" if it has none). */
void kube_image_tag(const char *image, char *tag, size_t size);

#endif
