/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces of the verbs' JSON Schemas. */
#ifndef SIM_SCHEMA_H
#define SIM_SCHEMA_H

#define TEXT          "{\"type\":\"string\"}"
#define TEXTS         "{\"type\":\"array\",\"items\":" TEXT "}"
#define NUMBER(least) "{\"type\":\"integer\",\"minimum\":" #least "}"
#define OBJECT(required, properties)                                                                         \
    "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[" required                            \
    "],\"properties\":{" properties "}}"
#define NOTHING OBJECT("", "")

#define GUARD_READ OBJECT("\"guard\"", "\"guard\":" TEXT)
#define GUARD_SET                                                                                            \
    OBJECT("\"guard\",\"state\"", "\"guard\":" TEXT ",\"state\":{},\"prior\":{},\"lease_ms\":" NUMBER(1))
#define INSTANCES OBJECT("\"instances\"", "\"instances\":" TEXTS)
#define BACKUP    OBJECT("\"what\"", "\"what\":" TEXTS ",\"instances\":" TEXTS)
#define RESTORE   OBJECT("\"id\"", "\"id\":" TEXT)

#endif
