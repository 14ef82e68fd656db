/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces of the verbs' JSON Schemas. */
#ifndef KUBE_SCHEMA_H
#define KUBE_SCHEMA_H

#define TEXT          "{\"type\":\"string\"}"
#define TEXTS         "{\"type\":\"array\",\"items\":" TEXT "}"
#define NUMBER(least) "{\"type\":\"integer\",\"minimum\":" #least "}"
#define OBJECT(required, properties)                                                                         \
    "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[" required                            \
    "],\"properties\":{" properties "}}"
#define NOTHING OBJECT("", "")

/* A guard cannot expire by itself here: nobody but Ferry would give it back. So there is no lease_ms. */
#define GUARD_READ OBJECT("\"guard\"", "\"guard\":" TEXT)
#define GUARD_SET  OBJECT("\"guard\",\"state\"", "\"guard\":" TEXT ",\"state\":{},\"prior\":{}")
#define INSTANCES  OBJECT("\"instances\"", "\"instances\":" TEXTS)
#define BACKUP     OBJECT("\"what\"", "\"what\":" TEXTS ",\"instances\":" TEXTS)
#define RESTORE    OBJECT("\"id\"", "\"id\":" TEXT)
#define CREATE     OBJECT("\"vdu\",\"count\"", "\"vdu\":" TEXT ",\"count\":" NUMBER(1) ",\"image\":" TEXT)
#define STAGE                                                                                                \
    OBJECT("\"images\"", "\"images\":{\"type\":\"array\",\"items\":" OBJECT(                                 \
                             "\"vdu\",\"ref\"", "\"vdu\":" TEXT ",\"ref\":" TEXT ",\"digest\":" TEXT) "}")
#define UPGRADE                                                                                              \
    OBJECT("\"instances\",\"image\",\"version\"",                                                            \
           "\"instances\":" TEXTS ",\"image\":" TEXT ",\"digest\":" TEXT ",\"version\":" TEXT)

#endif
