/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The catalogue: a directory with one folder for each workflow, NAME/NAME.lua. A text asks for modules with
 * module "other"; they are looked up as NAME/other.lua, then as other/other.lua, so a vendor's workflow can
 * extend one of ours. All that a workflow needs, our prelude included, is what a run pins.
 */
#ifndef FY_SCRIPT_CATALOG_H
#define FY_SCRIPT_CATALOG_H

#include "script/script.h"

struct fy_catalog_entry {
    char *name;
    char *version_text; /* "1.0" */
    int version;        /* major */
    uint32_t api;
    struct fy_script_text *texts; /* prelude, workflow, modules */
    size_t text_count;
    char *params; /* JSON: {"db_lag":{"type":"duration","default":"10m","help":"..."}} */
    char *needs;  /* JSON: ["steer", ...] */
};

struct fy_catalog {
    struct fy_catalog_entry *entry; /* by name */
    size_t count;
};

/* Read the texts of a whole catalogue; what they declare is still empty, and name is that of the folder. */
bool fy_catalog_read(const char *directory, struct fy_catalog **ret_catalog,
                     struct fy_err *err) FY_MUST_CHECK;

/* Fill in what a workflow declares (the JSON of fy_script_describe, or a script host's answer to ""). */
bool fy_catalog_declare(struct fy_catalog_entry *entry, const char *described,
                        struct fy_err *err) FY_MUST_CHECK;

/*
 * Read a whole catalogue and describe it in this process, for tests and tools. Every workflow is run up to
 * its declaration, in its sandbox; the first that cannot be refuses the lot, with file and line.
 */
bool fy_catalog_open(const char *directory, struct fy_catalog **ret_catalog,
                     struct fy_err *err) FY_MUST_CHECK;
void fy_catalog_free(struct fy_catalog *catalog);

/*
 * One text and its modules, for tools: sought beside the file, in the folder above, then in Ferry's own
 * catalogue. Fills what it could read also when it fails; free it with fy_catalog_free_entry. Nothing is
 * declared (name, params, ...) yet.
 */
bool fy_catalog_read_file(const char *path, struct fy_catalog_entry *entry, struct fy_err *err) FY_MUST_CHECK;

/* The same for a text that stands in no file; its modules are sought as if it stood in that folder. */
bool fy_catalog_read_text(const char *text, const char *folder, struct fy_catalog_entry *entry,
                          struct fy_err *err) FY_MUST_CHECK;
void fy_catalog_free_entry(struct fy_catalog_entry *entry);

/*
 * What a workflow declares, as JSON {"name","version","api","needs","params","functions"}; the caller frees
 * it; NULL on failure. texts are the prelude, the workflow and its modules.
 */
char *fy_script_describe(const struct fy_script_text *texts, size_t count, struct fy_err *err);

#endif
