// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "clinux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

const uint64_t clinux_RESOLVE_NO_XDEV = RESOLVE_NO_XDEV, clinux_RESOLVE_NO_MAGICLINKS = RESOLVE_NO_MAGICLINKS,
               clinux_RESOLVE_NO_SYMLINKS = RESOLVE_NO_SYMLINKS, clinux_RESOLVE_BENEATH = RESOLVE_BENEATH, clinux_RESOLVE_IN_ROOT = RESOLVE_IN_ROOT;
const int clinux_O_PATH = O_PATH, clinux_O_TMPFILE = O_TMPFILE;

int clinux_openat2(int directory, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve) {
    struct open_how how = {.flags = flags, .mode = mode, .resolve = resolve};
    return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

const char *clinux_errno_name(int error) { return strerrorname_np(error); }

int clinux_syncfs(int descriptor) { return syncfs(descriptor); }

ssize_t clinux_vmsplice(int pipe, const void *bytes, size_t count) {
    struct iovec piece = {(void *)bytes, count};
    return vmsplice(pipe, &piece, 1, 0);
}

int clinux_pipe(int *read_end, int *write_end) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return -1;
    *read_end = ends[0];
    *write_end = ends[1];
    return 0;
}
