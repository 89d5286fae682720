#define _GNU_SOURCE
#include "exchange.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>

int optstate_exchange(const char *one, const char *other) {
    // By number: not every C library has a function for it. 2 is RENAME_EXCHANGE.
    return (int)syscall(SYS_renameat2, AT_FDCWD, one, AT_FDCWD, other, 2U);
}
#else
int optstate_exchange(const char *one, const char *other) {
    return renamex_np(one, other, RENAME_SWAP);
}
#endif
