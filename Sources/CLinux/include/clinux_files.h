// SPDX-License-Identifier: Apache-2.0
#pragma once
// Calls on files that Swift's module for glibc does not show.
#include <stddef.h>
#include <sys/types.h>

int clinux_fsetxattr(int descriptor, const char *name, const void *value, size_t size);
ssize_t clinux_fgetxattr(int descriptor, const char *name, void *value, size_t size);
/// Changes the owner of the open file itself; works on a descriptor opened with O_PATH, so on a symbolic link too.
int clinux_chown_opened(int descriptor, uid_t user, gid_t group);
