// SPDX-License-Identifier: Apache-2.0
// The steps that lay mounts out.
#define _GNU_SOURCE
#include "clinux_internal.h"
#include "clinux_steps.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

// A mount's place is walked without any link, so that no name in an image leads elsewhere, and then used by descriptor.
static int open_place(const char *path) {
    struct open_how how = {.flags = O_PATH | O_CLOEXEC | O_NOFOLLOW, .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
    return (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
}

int step_attach(int mount, const char *path) {
    int place = open_place(path);
    if (place < 0) return -1;
    int result = (int)syscall(SYS_move_mount, mount, "", place, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
    close(place);
    return result;
}

int step_new_mount(const struct clinux_step *step) {
    int mount = clinux_new_mount(step->text, step->list, step->flags);
    if (mount < 0) return -1;
    int result = step_attach(mount, step->path);
    close(mount);
    return result;
}

/// A place to mount on: a name in a folder that was opened before, or, with the empty name, the folder itself.
struct place {
    int folder;
    const char *name;
};

// The places below proc are many and lie in one folder, which is opened once. It is the instance's own proc, where no name is the image's, and neither
// of the calls that use it follows a link in the last part of a path.
static struct place find_place(const char *path) {
    static const char folder[] = CLINUX_PROC "/";
    static int proc = -1;
    const char *name = strncmp(path, folder, sizeof folder - 1) ? NULL : path + sizeof folder - 1;
    if (!name || !*name || strchr(name, '/')) return (struct place){open_place(path), ""};
    struct statfs kind;
    if (proc < 0 && (proc = open_place(CLINUX_PROC)) >= 0 && (fstatfs(proc, &kind) != 0 || kind.f_type != PROC_SUPER_MAGIC))
        close(proc), proc = -1, errno = EXDEV;
    return (struct place){proc, name};
}

static void leave_place(struct place place) {
    if (place.folder >= 0 && !*place.name) close(place.folder);
}

static int put_onto(int mount, struct place place) {
    return (int)syscall(SYS_move_mount, mount, "", place.folder, place.name, MOVE_MOUNT_F_EMPTY_PATH | (*place.name ? 0 : MOVE_MOUNT_T_EMPTY_PATH));
}

int step_cover(const char *source, const char *path) {
    struct place place = find_place(path);
    if (place.folder < 0) return errno == ENOENT ? 0 : -1;
    int mount = (int)syscall(SYS_open_tree, AT_FDCWD, source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);
    int result = mount < 0 ? -1 : put_onto(mount, place);
    int reason = errno;
    leave_place(place);
    if (mount >= 0) close(mount);
    errno = reason;
    return result != 0 && mount >= 0 && reason == ENOENT ? 0 : result;
}

int step_protect(const char *path, uint64_t attributes) {
    struct place place = find_place(path);
    if (place.folder < 0) return errno == ENOENT ? 0 : -1;
    int mount = (int)syscall(SYS_open_tree, place.folder, place.name, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW);
    if (mount < 0 && errno == ENOENT) return leave_place(place), 0;
    struct mount_attr attr = {.attr_set = attributes};
    int result = mount < 0 ? -1 : (int)syscall(SYS_mount_setattr, mount, "", AT_EMPTY_PATH, &attr, sizeof attr);
    if (result == 0) result = put_onto(mount, place);
    int reason = errno;
    leave_place(place);
    if (mount >= 0) close(mount);
    errno = reason;
    return result;
}

int step_make_path(const char *path) {
    char part[4096];
    size_t length = strlen(path);
    if (length >= sizeof part) return errno = ENAMETOOLONG, -1;
    for (size_t end = 1; end <= length; end++) {
        if (path[end] != '/' && path[end] != 0) continue;
        memcpy(part, path, end);
        part[end] = 0;
        if (mkdir(part, 0755) != 0 && errno != EEXIST) return -1;
    }
    return 0;
}

// pivot_root(".", ".") leaves the old root stacked on the new one, where `/..` still leads to it until it is detached.
int step_pivot(void) { return syscall(SYS_pivot_root, ".", ".") != 0 ? -1 : chdir("/"); }

// The old root is gone when `/..` is the new one again.
int step_await_detached(void) {
    for (;;) {
        struct statx own, above;
        if (statx(AT_FDCWD, "/", 0, STATX_MNT_ID, &own) != 0 || statx(AT_FDCWD, "/..", 0, STATX_MNT_ID, &above) != 0) return -1;
        if (own.stx_mnt_id == above.stx_mnt_id) return 0;
        sched_yield();
    }
}

int step_hold(const char *path, int number) {
    int mount = (int)syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW);
    if (mount < 0) return -1;
    int result = dup3(mount, number, O_CLOEXEC);
    close(mount);
    return result;
}
