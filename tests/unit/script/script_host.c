/* SPDX-License-Identifier: Apache-2.0 */
/* A script host and nothing else: what `ferry-host script` is without its profile. */
#include "base/child.h"
#include "script/host.h"

int main(void)
{
    return fy_script_host_main(FY_CHILD_SOCKET, FY_CHILD_FIRST);
}
