// SPDX-License-Identifier: Apache-2.0
// Calls on mounts and namespaces. Each is made so that past its permission check it fails or changes only the child that made it.
#include "report.h"
#include "trial.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// <sys/mount.h> and <linux/mount.h> do not go together in every C library.
#define MOUNT_PRIVATE (1 << 18)
#define MOUNT_SHARED (1 << 20)

static long mount_type(const void *u) { (void)u; return answer(syscall(SYS_mount, "none", "/", "no-such-type", 0, NULL)); }
// Two propagations at once are refused, after the permission check.
static long mount_propagation(const void *u) { (void)u; return answer(syscall(SYS_mount, NULL, "/", NULL, MOUNT_PRIVATE | MOUNT_SHARED, NULL)); }
static long unmount(const void *u) { (void)u; return answer(syscall(SYS_umount2, "/proc/self", 0)); }
static long pivot(const void *u) { (void)u; return answer(syscall(SYS_pivot_root, "/no-such-place", "/no-such-place")); }
static long change_root(const void *u) { (void)u; return answer(chroot("/")); }
static long unshare_kind(const void *flag) { return answer(unshare((int)*(const long *)flag)); }

static long clone3_kind(const void *flag) {
    struct clone_args arguments = {.flags = *(const long *)flag, .exit_signal = SIGCHLD};
    long child = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (child == 0) _exit(0);
    if (child < 0) return -errno;
    waitpid(child, NULL, 0);
    return 0;
}

/// The attack surface that a user namespace opens: with one, a mount namespace and a file system of one's own.
static long mount_in_user_namespace(const void *u) {
    (void)u;
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS)) return -errno;
    return answer(syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, NULL));
}

static long enter(const void *path) {
    int space = open(path, O_RDONLY | O_CLOEXEC);
    return space < 0 ? -errno : answer(setns(space, 0));
}
static long file_system_open(const void *type) { return answer(syscall(SYS_fsopen, type, 0)) < 0 ? -errno : 0; }
static long tree_clone(const void *u) { (void)u; return answer(syscall(SYS_open_tree, AT_FDCWD, "/", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)) < 0 ? -errno : 0; }
static long tree_move(const void *u) { (void)u; return answer(syscall(SYS_move_mount, -1, "", -1, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH)); }
static long file_system_pick(const void *u) { (void)u; return answer(syscall(SYS_fspick, AT_FDCWD, "/", 0)) < 0 ? -errno : 0; }
static long mount_attributes(const void *u) {
    (void)u;
    struct mount_attr none = {0};
    return answer(syscall(SYS_mount_setattr, AT_FDCWD, "/", 0, &none, sizeof none));
}
static long handle_name(const void *u) {
    (void)u;
    struct { unsigned bytes; int type; unsigned char data[128]; } handle = {128, 0, {0}};
    int mount = 0;
    return answer(syscall(SYS_name_to_handle_at, AT_FDCWD, "/", &handle, &mount, 0));
}
/// The handle names nothing, so past the check it is stale (the way out of a container called "shocker").
static long handle_open(const void *u) {
    (void)u;
    struct { unsigned bytes; int type; unsigned char data[8]; } handle = {8, 1, {0}};
    return answer(syscall(SYS_open_by_handle_at, AT_FDCWD, &handle, O_RDONLY | O_CLOEXEC)) < 0 ? -errno : 0;
}
static long quota_sync(const void *u) { (void)u; return answer(syscall(SYS_quotactl, 0x800001 << 8, NULL, 0, NULL)); }
static long swap_on(const void *u) { (void)u; return answer(syscall(SYS_swapon, "/no-such-place", 0)); }
static long swap_off(const void *u) { (void)u; return answer(syscall(SYS_swapoff, "/no-such-place")); }
static long watch_all(const void *u) { (void)u; return answer(syscall(SYS_fanotify_init, 0, O_RDONLY)) < 0 ? -errno : 0; }

void report_mounting(struct json *j) {
    static const long nothing = 0, user = CLONE_NEWUSER, mount = CLONE_NEWNS, process = CLONE_NEWPID, network = CLONE_NEWNET, ipc = CLONE_NEWIPC,
                      names = CLONE_NEWUTS, cgroup = CLONE_NEWCGROUP, time = 0x80;
    static const struct trial all[] = {
        {"mount", mount_type, NULL, {ENODEV}},
        {"mount propagation", mount_propagation, NULL, {EINVAL}},
        {"umount2", unmount, NULL, {EINVAL, ENOENT}},
        {"pivot_root", pivot, NULL, {ENOENT}},
        {"chroot", change_root, NULL, {0}},
        {"unshare user", unshare_kind, &user, {0}},
        {"unshare mnt", unshare_kind, &mount, {0}},
        {"unshare pid", unshare_kind, &process, {0}},
        {"unshare net", unshare_kind, &network, {0}},
        {"unshare ipc", unshare_kind, &ipc, {0}},
        {"unshare uts", unshare_kind, &names, {0}},
        {"unshare cgroup", unshare_kind, &cgroup, {0}},
        {"unshare time", unshare_kind, &time, {0}},
        {"clone3", clone3_kind, &nothing, {0}},
        {"clone3 user", clone3_kind, &user, {0}},
        {"mount in a new user namespace", mount_in_user_namespace, NULL, {0}},
        {"setns own net", enter, "/proc/self/ns/net", {0}},
        {"setns own mnt", enter, "/proc/self/ns/mnt", {0}},
        {"fsopen tmpfs", file_system_open, "tmpfs", {0}},
        {"fsopen ext4", file_system_open, "ext4", {ENODEV}},
        {"open_tree clone", tree_clone, NULL, {0}},
        {"move_mount", tree_move, NULL, {EBADF}},
        {"fspick", file_system_pick, NULL, {0}},
        {"mount_setattr", mount_attributes, NULL, {EINVAL}},
        {"name_to_handle_at", handle_name, NULL, {0}},
        {"open_by_handle_at", handle_open, NULL, {ESTALE, EOPNOTSUPP}},
        {"quotactl sync", quota_sync, NULL, {0}},
        {"swapon", swap_on, NULL, {ENOENT}},
        {"swapoff", swap_off, NULL, {ENOENT}},
        {"fanotify_init", watch_all, NULL, {0}},
    };
    trials_report(j, "callsMount", all, sizeof all / sizeof *all);
}
