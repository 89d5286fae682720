#define _GNU_SOURCE
#include "platform.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#if defined(__linux__)
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int optstate_exchange(const char *one, const char *other) {
    // By number: not every C library has a function for it. 2 is RENAME_EXCHANGE.
    return (int)syscall(SYS_renameat2, AT_FDCWD, one, AT_FDCWD, other, 2U);
}

int optstate_open_unnamed(const char *directory) {
    return open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

void optstate_end_with_parent(void) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}
#else
int optstate_exchange(const char *one, const char *other) {
    return renamex_np(one, other, RENAME_SWAP);
}

int optstate_open_unnamed(const char *directory) {
    (void)directory;
    errno = EINVAL;
    return -1;
}

void optstate_end_with_parent(void) {}
#endif

// Swift's own libraries call hypotf, whose newest version in glibc's libm, of 2.35, would keep the program from starting on
// systems with 2.34 (RHEL 9). The release links with --wrap=hypotf, and so calls the version that every system has.
#if defined(__GLIBC__)
float optstate_hypotf(float x, float y);
#if defined(__x86_64__)
__asm__(".symver optstate_hypotf, hypotf@GLIBC_2.2.5");
#elif defined(__aarch64__)
__asm__(".symver optstate_hypotf, hypotf@GLIBC_2.17");
#endif
float __wrap_hypotf(float x, float y);
float __wrap_hypotf(float x, float y) {
    return optstate_hypotf(x, y);
}
#endif
