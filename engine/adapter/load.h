/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loading a plugin file, in a host process: its constructors run before anything of it can be read, so this
 * is never done in ferryd.
 *
 * What was checked is what is loaded: the folder is opened, then the file in it without following a link;
 * owner (root or ourselves) and mode (nobody else may write) of both are looked at through the open
 * descriptors, and that descriptor is what dlopen gets.
 */
#ifndef FY_ADAPTER_LOAD_H
#define FY_ADAPTER_LOAD_H

#include "base/err.h"
#include "base/sha256.h"
#include "ferry/adapter.h"

struct fy_plugin {
    const struct ferry_adapter *adapter;
    void *library;
    char sha256[FY_SHA256_HEX]; /* of the file */
};

/* Load and check (check.h). The refusal names the file and what is wrong with it. */
bool fy_plugin_load(const char *path, struct fy_plugin *ret_plugin, struct fy_err *err) FY_MUST_CHECK;
void fy_plugin_unload(struct fy_plugin *plugin);

#endif
