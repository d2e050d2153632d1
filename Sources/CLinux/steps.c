// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "clinux_steps.h"
#include "clinux_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <unistd.h>

static int write_text(int fd, const char *text) {
    size_t length = strlen(text);
    return write(fd, text, length) == (ssize_t)length ? 0 : -1;
}

static int write_file(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) return -1;
    int result = write_text(fd, text);
    close(fd);
    return result;
}

// A mount's place is walked without any link, so that no name in an image leads elsewhere, and then used by descriptor.
static int open_place(const char *path) {
    struct open_how how = {.flags = O_PATH | O_CLOEXEC | O_NOFOLLOW, .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
    return (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
}

static int attach(int mount, const char *path) {
    int place = open_place(path);
    if (place < 0) return -1;
    int result = (int)syscall(SYS_move_mount, mount, "", place, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
    close(place);
    return result;
}

static int new_mount(const struct clinux_step *step) {
    int mount = clinux_new_mount(step->text, step->list, step->flags);
    if (mount < 0) return -1;
    int result = attach(mount, step->path);
    close(mount);
    return result;
}

/// A place to mount on: a name in a folder that was opened before, or, with the empty name, the folder itself.
struct place {
    int folder;
    const char *name;
};

// The places below /proc are many and lie in one folder, which is opened once. It is the instance's own proc, where no name is the image's, and neither
// of the calls that use it follows a link in the last part of a path.
static struct place find_place(const char *path) {
    static int proc = -1;
    const char *name = strncmp(path, "/proc/", 6) ? NULL : path + 6;
    if (!name || !*name || strchr(name, '/')) return (struct place){open_place(path), ""};
    struct statfs kind;
    if (proc < 0 && (proc = open_place("/proc")) >= 0 && (fstatfs(proc, &kind) != 0 || kind.f_type != PROC_SUPER_MAGIC))
        close(proc), proc = -1, errno = EXDEV;
    return (struct place){proc, name};
}

static void leave_place(struct place place) {
    if (place.folder >= 0 && !*place.name) close(place.folder);
}

static int put_onto(int mount, struct place place) {
    return (int)syscall(SYS_move_mount, mount, "", place.folder, place.name, MOVE_MOUNT_F_EMPTY_PATH | (*place.name ? 0 : MOVE_MOUNT_T_EMPTY_PATH));
}

static int cover(const char *source, const char *path) {
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

static int protect(const char *path, uint64_t attributes) {
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

static int make_path(const char *path) {
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
static int pivot(void) { return syscall(SYS_pivot_root, ".", ".") != 0 ? -1 : chdir("/"); }

// The old root is gone when `/..` is the new one again.
static int await_detached(void) {
    for (;;) {
        struct statx own, above;
        if (statx(AT_FDCWD, "/", 0, STATX_MNT_ID, &own) != 0 || statx(AT_FDCWD, "/..", 0, STATX_MNT_ID, &above) != 0) return -1;
        if (own.stx_mnt_id == above.stx_mnt_id) return 0;
        sched_yield();
    }
}

static int limit(int resource, uint64_t value) {
    struct rlimit now;
    if (getrlimit(resource, &now) != 0) return -1;
    if (now.rlim_max != RLIM_INFINITY && value > now.rlim_max) value = now.rlim_max; // Root may lack CAP_SYS_RESOURCE.
    struct rlimit wanted = {.rlim_cur = value, .rlim_max = value};
    return setrlimit(resource, &wanted);
}

int clinux_ordinary_priority(void) {
    errno = 0;
    if (getpriority(PRIO_PROCESS, 0) >= 0 || errno != 0) return 0;
    return setpriority(PRIO_PROCESS, 0, 0);
}

static int reset_signals(void) {
    struct sigaction action = {.sa_handler = SIG_DFL};
    for (int signal = 1; signal < NSIG; signal++) sigaction(signal, &action, NULL); // Fails for SIGKILL, SIGSTOP and glibc's own two.
    sigset_t none;
    sigemptyset(&none);
    return sigprocmask(SIG_SETMASK, &none, NULL);
}

int clinux_bound_capabilities(uint64_t keep) {
    for (int capability = 0; capability < 64; capability++) {
        if (keep >> capability & 1) continue;
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0) continue;
        if (errno == EINVAL) return 0; // Behind the last one that this kernel knows.
        if (prctl(PR_CAPBSET_READ, capability, 0, 0, 0) != 0) return -1; // Who may not drop any may still lack this one.
    }
    return 0;
}

int clinux_set_capabilities(uint64_t wanted, int kept) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct now[2], data[2] = {0};
    if (syscall(SYS_capget, &header, now) != 0) return -1;
    for (int half = 0; half < 2; half++) // Intersected, because root may lack some.
        data[half].permitted = data[half].effective = (uint32_t)(wanted >> (32 * half)) & now[half].permitted;
    if (kept) data[0].inheritable = data[0].permitted, data[1].inheritable = data[1].permitted;
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) return -1;
    if (syscall(SYS_capset, &header, data) != 0) return -1;
    for (int capability = 0; kept && capability < 64; capability++)
        if (data[capability / 32].inheritable >> (capability % 32) & 1 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) != 0) return -1;
    return 0;
}

// A path may lead to a folder outside of the root through a descriptor that somebody left open (CVE-2024-21626). The kernel then answers
// "(unreachable)" in front of it.
static int working_directory(const char *path) {
    char place[4097];
    if (chdir(path) != 0) return -1;
    if (syscall(SYS_getcwd, place, sizeof place) < 0) return -1;
    return place[0] == '/' ? 0 : (errno = EXDEV, -1);
}

static int load_filter(const struct clinux_step *step, int status_socket) {
    struct sock_fprog program = {.len = (unsigned short)step->value, .filter = (struct sock_filter *)step->filter};
    unsigned int flags = step->flags ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0;
    int listener = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
    if (!step->flags || listener < 0) return listener;
    struct clinux_failure none = {.step = -1, .error = 0};
    struct iovec part = {.iov_base = &none, .iov_len = sizeof none};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(&control.header), &listener, sizeof listener);
    int result = sendmsg(status_socket, &message, MSG_NOSIGNAL) < 0 ? -1 : 0;
    close(listener);
    return result;
}

static int tell_prepared(int status_socket) {
    struct clinux_failure none = {.step = -1, .error = 0};
    return send(status_socket, &none, sizeof none, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

static int await_byte(int fd) {
    char byte;
    ssize_t count;
    do count = read(fd, &byte, 1);
    while (count < 0 && errno == EINTR);
    if (count == 0) _exit(0);
    return count < 0 ? -1 : 0;
}

static int execute(const struct clinux_step *step) {
    if (step->fd >= 0) return (int)syscall(SYS_execveat, step->fd, "", step->arguments, step->environment, AT_EMPTY_PATH);
    int reason = ENOENT;
    for (const char *const *path = step->list; *path; path++) {
        execve(*path, (char *const *)step->arguments, (char *const *)step->environment);
        if (errno != ENOENT && errno != ENOTDIR) reason = errno;
        if (errno != ENOENT && errno != ENOTDIR && errno != EACCES) break;
    }
    errno = reason;
    return -1;
}

static int run(const struct clinux_step *step, int *status_socket) {
    switch ((enum clinux_step_kind)step->kind) {
    case CLINUX_WRITE_DESCRIPTOR: return write_text(step->fd, step->text);
    case CLINUX_WRITE_FILE: return write_file(step->path, step->text);
    case CLINUX_UNSHARE: return unshare((int)step->flags);
    case CLINUX_SETNS: return setns(step->fd, (int)step->flags);
    case CLINUX_PROPAGATION: return mount(NULL, "/", NULL, MS_REC | step->flags, NULL);
    case CLINUX_MOUNT: return mount(step->text, step->path, step->text, step->flags, step->list[0]);
    case CLINUX_NEW_MOUNT: return new_mount(step);
    case CLINUX_ATTACH_MOUNT: return attach(step->fd, step->path);
    case CLINUX_COVER: return cover(step->text, step->path);
    case CLINUX_PROTECT: return protect(step->path, step->flags);
    case CLINUX_MAKE_PATH: return make_path(step->path);
    case CLINUX_CHDIR: return chdir(step->path);
    case CLINUX_PIVOT: return pivot();
    case CLINUX_DETACH_OLD_ROOT: return umount2("/", MNT_DETACH);
    case CLINUX_AWAIT_DETACHED: return await_detached();
    case CLINUX_HOSTNAME: return sethostname(step->text, strlen(step->text));
    case CLINUX_SESSION: return setsid() < 0 && errno != EPERM ? -1 : 0;
    case CLINUX_DUPLICATE:
        if (dup3(step->fd, (int)step->flags, step->value ? O_CLOEXEC : 0) < 0) return -1;
        if (step->fd == *status_socket) *status_socket = (int)step->flags;
        return 0;
    case CLINUX_CLOSE_FROM: return close_range((unsigned)step->flags, ~0U, 0);
    case CLINUX_START_PROGRAM: return clinux_start_program(step->fd, (int)step->flags);
    case CLINUX_ORDINARY_PRIORITY: return clinux_ordinary_priority();
    case CLINUX_KEYRING: return syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0 && errno != ENOSYS ? -1 : 0;
    case CLINUX_LIMIT: return limit((int)step->flags, step->value);
    case CLINUX_UMASK: umask((mode_t)step->flags); return 0;
    case CLINUX_RESET_SIGNALS: return reset_signals();
    case CLINUX_DEATH_SIGNAL: return prctl(PR_SET_PDEATHSIG, step->flags, 0, 0, 0);
    case CLINUX_BOUND_CAPABILITIES: return clinux_bound_capabilities(step->value);
    case CLINUX_GROUPS: return (int)syscall(SYS_setgroups, step->flags, step->groups);
    case CLINUX_GROUP: return (int)syscall(SYS_setresgid, (gid_t)step->value, (gid_t)step->value, (gid_t)step->value);
    case CLINUX_USER: // What of the capabilities stays is the next step's to say; the execution of a program ends this.
        if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) != 0) return -1;
        return (int)syscall(SYS_setresuid, (uid_t)step->value, (uid_t)step->value, (uid_t)step->value);
    case CLINUX_CAPABILITIES: return clinux_set_capabilities(step->value, 1);
    case CLINUX_ENTER_USERS: return clinux_enter_users(step->fd);
    case CLINUX_NO_NEW_PRIVILEGES: return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    case CLINUX_RESTRICT_FILES: return (int)syscall(SYS_landlock_restrict_self, step->fd, 0);
    case CLINUX_WORKING_DIRECTORY: return working_directory(step->path);
    case CLINUX_SECCOMP: return load_filter(step, *status_socket);
    case CLINUX_TELL_PREPARED: return tell_prepared(*status_socket);
    case CLINUX_AWAIT: return await_byte(step->fd);
    case CLINUX_EXECUTE: return execute(step);
    }
    errno = EINVAL;
    return -1;
}

pid_t clinux_spawn(uint64_t flags, int cgroup, int *pidfd, const struct clinux_step *steps, int32_t count, int status_socket) {
    struct clone_args args = {.flags = flags | CLONE_PIDFD, .pidfd = (uint64_t)(uintptr_t)pidfd};
    if (!(flags & CLONE_PARENT)) args.exit_signal = SIGCHLD; // A sister's signal is her own.
    if (cgroup >= 0) {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = (uint64_t)cgroup;
    }
    pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
    if (pid != 0) return pid;
    for (int32_t index = 0; index < count; index++) {
        if (run(&steps[index], &status_socket) >= 0) continue;
        struct clinux_failure failure = {.step = index, .error = errno};
        send(status_socket, &failure, sizeof failure, MSG_NOSIGNAL);
        _exit(125);
    }
    _exit(125);
}
