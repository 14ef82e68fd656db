/* SPDX-License-Identifier: Apache-2.0 */
#include "host/profile.h"

#include "host/filter.h"

#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1 /* they map terabytes of shadow and open files of their own */
#else
#define SANITIZED 0
#endif

bool fy_profile_follow_parent(int socket, struct fy_err *err)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
        return fy_fail_errno(err, "could not tie this process to its parent");
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
        return fy_fail_errno(err, "descriptor %d is not a socket to ferryd", socket);
    if (peer.pid != getppid()) /* it died before the prctl */
        return fy_fail(err, FY_ERR_REFUSED, "the process that started this host is gone");
    return true;
}

static bool limit(int resource, const char *name, rlim_t value, struct fy_err *err)
{
    struct rlimit limits = {value, value};
    return setrlimit((__rlimit_resource_t)resource, &limits) == 0 ||
           fy_fail_errno(err, "could not limit %s to %llu", name, (unsigned long long)value);
}

static bool enter_limits(const struct fy_profile *profile, struct fy_err *err)
{
    if (!limit(RLIMIT_CORE, "core dumps", 0, err) ||
        !limit(RLIMIT_NOFILE, "descriptors", profile->descriptors, err))
        return false;
    if (profile->memory > 0 && !SANITIZED && !limit(RLIMIT_AS, "memory", profile->memory, err))
        return false;
    return profile->cpu_seconds == 0 || limit(RLIMIT_CPU, "CPU seconds", profile->cpu_seconds, err);
}

/* Root without capabilities owns its files and nothing more. Somebody else has none to begin with. */
static bool drop_capabilities(struct fy_err *err)
{
    for (unsigned long capability = 0; capability < 64; capability++)
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0 && errno == EINVAL)
            break; /* the kernel knows no higher one */
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
    return syscall(SYS_capset, &header, none) == 0 || fy_fail_errno(err, "could not give up capabilities");
}

bool fy_profile_enter(const struct fy_profile *profile, struct fy_err *err)
{
    if (!enter_limits(profile, err) || !drop_capabilities(err))
        return false;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return fy_fail_errno(err, "could not give up new privileges");
    if (prctl(PR_SET_DUMPABLE, 0) != 0) /* nobody but root reads secrets out of our memory */
        return fy_fail_errno(err, "could not forbid being traced");
    return !profile->strict || SANITIZED || fy_filter_enter(err);
}
