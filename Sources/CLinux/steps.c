// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "clinux_steps.h"
#include "clinux_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
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

static int raised_priority(const char *niceness) {
    (void)write_file("/proc/self/autogroup", niceness);
    (void)setpriority(PRIO_PROCESS, 0, atoi(niceness));
    return 0;
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

int clinux_effective_capability(int capability, int wanted) {
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct now[2];
    if (syscall(SYS_capget, &header, now) != 0) return -1;
    uint32_t bit = 1u << (capability % 32), *effective = &now[capability / 32].effective;
    int was = (*effective & bit) != 0;
    if (was == wanted) return was;
    *effective ^= bit;
    return syscall(SYS_capset, &header, now) != 0 ? -1 : was;
}

// A path may lead to a folder outside of the root through a descriptor that somebody left open (CVE-2024-21626). The kernel then answers
// "(unreachable)" in front of it.
static int working_directory(const char *path) {
    char place[4097];
    if (chdir(path) != 0) return -1;
    if (syscall(SYS_getcwd, place, sizeof place) < 0) return -1;
    return place[0] == '/' ? 0 : (errno = EXDEV, -1);
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
    case CLINUX_NEW_MOUNT: return step_new_mount(step);
    case CLINUX_ATTACH_MOUNT: return step_attach(step->fd, step->path);
    case CLINUX_COVER: return step_cover(step->text, step->path);
    case CLINUX_PROTECT: return step_protect(step->path, step->flags);
    case CLINUX_MAKE_PATH: return step_make_path(step->path);
    case CLINUX_CHDIR: return chdir(step->path);
    case CLINUX_PIVOT: return step_pivot();
    case CLINUX_DETACH_OLD_ROOT: return umount2("/", MNT_DETACH);
    case CLINUX_AWAIT_DETACHED: return step_await_detached();
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
    case CLINUX_SECCOMP: return step_load_filter(step, *status_socket);
    case CLINUX_TELL_PREPARED: return step_tell_prepared(*status_socket);
    case CLINUX_AWAIT: return step_await_byte(step->fd);
    case CLINUX_TELL_NUMBER: return step_tell_number(step);
    case CLINUX_HOLD_MOUNT: return step_hold(step->path, (int)step->flags);
    case CLINUX_AWAIT_PLAN: break; // Whoever walks the steps does this.
    case CLINUX_RAISED_PRIORITY: return raised_priority(step->text);
    case CLINUX_EXECUTE: return execute(step);
    }
    errno = EINVAL;
    return -1;
}

/// A failed step is counted from the first of the first plan.
static _Noreturn void walk(const struct clinux_step *steps, int32_t count, int status_socket) {
    int32_t before = 0;
    for (int32_t index = 0; index < count; index++) {
        int is_end = steps[index].kind == CLINUX_AWAIT_PLAN;
        int32_t more = is_end ? step_await_plan(status_socket, &steps) : run(&steps[index], &status_socket);
        if (more < 0) {
            struct clinux_failure failure = {.step = before + index, .error = errno};
            send(status_socket, &failure, sizeof failure, MSG_NOSIGNAL);
            break;
        }
        if (!is_end) continue;
        before += index + 1;
        count = more;
        index = -1;
    }
    _exit(125);
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
    walk(steps, count, status_socket);
}
