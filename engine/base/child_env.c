/* SPDX-License-Identifier: Apache-2.0 */
#include "base/child_env.h"

#include "base/mem.h"

static const char *const passed_on[] = {
    "PATH",
    "LANG",
    "LC_ALL",
    "TZ",
    "HOME",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "ASAN_OPTIONS",
    "UBSAN_OPTIONS",
    "LSAN_OPTIONS",
    "TSAN_OPTIONS",
    "FERRY_CRASH", /* crash points, see point.h; release builds do not read them */
    "FERRY_CRASH_TOKENS",
    "FERRY_POINTS_SEEN",
};

char **fy_child_env(void)
{
    char **env = FY_NEW_ARRAY(char *, FY_COUNT(passed_on) + 1);
    size_t count = 0;
    for (size_t i = 0; i < FY_COUNT(passed_on); i++) {
        const char *value = getenv(passed_on[i]);
        if (value != NULL)
            env[count++] = fy_format("%s=%s", passed_on[i], value);
    }
    return env;
}

void fy_child_env_free(char **env)
{
    for (char **entry = env; entry != NULL && *entry != NULL; entry++)
        free(*entry);
    free(env);
}
