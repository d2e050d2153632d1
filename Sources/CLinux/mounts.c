// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "clinux.h"
#include "clinux_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

const uint64_t clinux_MOUNT_RDONLY = MOUNT_ATTR_RDONLY, clinux_MOUNT_NOSUID = MOUNT_ATTR_NOSUID, clinux_MOUNT_NODEV = MOUNT_ATTR_NODEV,
               clinux_MOUNT_NOEXEC = MOUNT_ATTR_NOEXEC;

int clinux_new_mount(const char *type, const char *const *options, uint64_t attributes) {
    int context = (int)syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);
    if (context < 0) return -1;
    int result = 0;
    for (; result == 0 && options && options[0]; options += 2)
        result = (int)syscall(SYS_fsconfig, context, options[1][0] ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, options[0],
                              options[1][0] ? options[1] : NULL, 0);
    if (result == 0) result = (int)syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
    if (result == 0) result = (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, attributes);
    int reason = errno;
    close(context);
    errno = reason;
    return result;
}

int clinux_clone_tree(int directory, const char *path, int recursive) {
    return (int)syscall(SYS_open_tree, directory, path,
                        OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW | (recursive ? AT_RECURSIVE : 0));
}

int clinux_attach(int mount, int directory, const char *path) {
    return (int)syscall(SYS_move_mount, mount, "", directory, path, MOVE_MOUNT_F_EMPTY_PATH | (path[0] ? 0 : MOVE_MOUNT_T_EMPTY_PATH));
}

int clinux_set_mount_attributes(int mount, uint64_t set) {
    struct mount_attr attr = {.attr_set = set};
    return (int)syscall(SYS_mount_setattr, mount, "", AT_EMPTY_PATH, &attr, sizeof attr);
}

int clinux_map_owners(int mount, int user_namespace) {
    struct mount_attr attr = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)user_namespace};
    return (int)syscall(SYS_mount_setattr, mount, "", AT_EMPTY_PATH, &attr, sizeof attr);
}

int clinux_mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data) {
    return mount(source, target, type, flags, data);
}

int clinux_detach(const char *target) { return umount2(target, MNT_DETACH | UMOUNT_NOFOLLOW); }
