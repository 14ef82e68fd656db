/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The prelude: prelude.lua as it was when Ferry was built. A run that is accepted pins it (role "prelude") in
 * the store; from then on the pinned text is used, not this one.
 */
#ifndef FY_SCRIPT_PRELUDE_H
#define FY_SCRIPT_PRELUDE_H

#include "script/script.h"

#define FY_SCRIPT_API 1 /* the API level that the prelude speaks */

const struct fy_script_text *fy_script_prelude(void); /* role, digest and text; lives for ever */

#endif
