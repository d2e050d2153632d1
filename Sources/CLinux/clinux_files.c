// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "clinux_files.h"
#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>

int clinux_fsetxattr(int descriptor, const char *name, const void *value, size_t size) { return fsetxattr(descriptor, name, value, size, 0); }
ssize_t clinux_fgetxattr(int descriptor, const char *name, void *value, size_t size) { return fgetxattr(descriptor, name, value, size); }
int clinux_chown_opened(int descriptor, uid_t user, gid_t group) { return fchownat(descriptor, "", user, group, AT_EMPTY_PATH); }
