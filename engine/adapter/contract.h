/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `ferry adapter test ./x.so`: does an adapter keep the contract of ferry/adapter.h? Runs inside
 * `ferry-host contract`, so that what crashes or hangs takes only itself down.
 *
 * In, one message: the configuration of wire.h, with examples for the verbs that may be tried:
 *     {"config":{"connection","plugin":PATH,"directory","settings":{...},"secrets":bool,
 *                "calls":{"upgrade":{"instances":["vm-1"],"image":"b","version":"2"}}}}
 * An ENSURE verb acts, so it is called only with the arguments given for it. An OBSERVE verb that needs no
 * arguments is always called.
 *
 * Out, one message at a time, so that the last one says where a plugin died or hung:
 *     {"trying":{"check":"idempotent","verb":"upgrade"}}
 *     {"row":{"check":"idempotent","verb":"upgrade","ok":true,"skipped":false,"why":"..."}}
 *     {"done":{"rows":12,"failed":0}}
 */
#ifndef FY_ADAPTER_CONTRACT_H
#define FY_ADAPTER_CONTRACT_H

/* Serve the one message and return the exit status: 0 if every check held, 1 if not. */
int fy_adapter_contract_main(int fd, int secrets_fd);

#endif
