// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "clinux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

int clinux_unshare(int flags) { return unshare(flags); }
int clinux_setns(int descriptor, int flags) { return setns(descriptor, flags); }
int clinux_prctl(int option, unsigned long value) { return prctl(option, value, 0, 0, 0); }
int clinux_pidfd_send_signal(int pidfd, int signal) { return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0); }
int clinux_pidfd_open(pid_t pid, unsigned flags) { return (int)syscall(SYS_pidfd_open, pid, flags); }
int clinux_pidfd_getfd(int pidfd, int number) { return (int)syscall(SYS_pidfd_getfd, pidfd, number, 0); }

int clinux_reap(int pidfd, int *code, int *status) {
    siginfo_t info = {0};
    if (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | WNOHANG) != 0) return -1;
    *code = info.si_code;
    *status = info.si_status;
    return info.si_pid != 0;
}

int clinux_make_user_namespace(uint32_t first, uint32_t count, int *pidfd) {
    pid_t parent = getpid(), pid = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | CLONE_PIDFD | SIGCHLD, 0, pidfd, 0, 0);
    if (pid < 0) return -1;
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        close_range(0, ~0U, 0); // A lock among them would be held for as long as this lives.
        if (getppid() != parent) _exit(0); // Whoever made it has died before the signal was asked for.
        for (;;) pause();
    }
    static const char *const files[] = {"uid_map", "gid_map"};
    char path[64], map[64];
    int length = snprintf(map, sizeof map, "0 %u %u", first, count), space = -1;
    for (int index = 0; index < 2; index++) {
        snprintf(path, sizeof path, "/proc/%d/%s", pid, files[index]);
        int file = open(path, O_WRONLY | O_CLOEXEC);
        if (file < 0) goto end;
        ssize_t written = write(file, map, (size_t)length);
        close(file);
        if (written != length) goto end;
    }
    snprintf(path, sizeof path, "/proc/%d/ns/user", pid);
    space = open(path, O_RDONLY | O_CLOEXEC);
end:;
    int reason = errno;
    clinux_pidfd_send_signal(*pidfd, SIGKILL);
    if (space < 0) {
        close(*pidfd);
        waitpid(pid, NULL, 0);
    }
    errno = reason;
    return space;
}

int clinux_epoll_create(void) { return epoll_create1(EPOLL_CLOEXEC); }

int clinux_epoll_add(int epoll, int descriptor, uint32_t events, uint64_t token) {
    struct epoll_event event = {.events = events, .data.u64 = token};
    return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
}

int clinux_epoll_change(int epoll, int descriptor, uint32_t events, uint64_t token) {
    struct epoll_event event = {.events = events, .data.u64 = token};
    return epoll_ctl(epoll, EPOLL_CTL_MOD, descriptor, &event);
}

int clinux_epoll_remove(int epoll, int descriptor) { return epoll_ctl(epoll, EPOLL_CTL_DEL, descriptor, NULL); }

int clinux_epoll_wait(int epoll, int timeout, uint64_t *tokens, uint32_t *events, int room) {
    struct epoll_event ready[64];
    int count = epoll_wait(epoll, ready, room < 64 ? room : 64, timeout);
    for (int index = 0; index < count; index++) {
        tokens[index] = ready[index].data.u64;
        events[index] = ready[index].events;
    }
    return count;
}

int clinux_signals(const int *signals, int count) {
    sigset_t set;
    sigemptyset(&set);
    for (int index = 0; index < count; index++) sigaddset(&set, signals[index]);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) return -1;
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int clinux_next_signal(int descriptor) {
    struct signalfd_siginfo info;
    return read(descriptor, &info, sizeof info) == sizeof info ? (int)info.ssi_signo : -1;
}

int clinux_loopback_up(void) {
    struct ifreq request = {.ifr_flags = IFF_UP | IFF_RUNNING};
    memcpy(request.ifr_name, "lo", 3);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    int result = ioctl(fd, SIOCSIFFLAGS, &request);
    close(fd);
    return result;
}

#ifndef MFD_EXEC
#define MFD_EXEC 0x10U
#endif
enum { seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE };

int clinux_memfd(const char *name) {
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
    return fd < 0 && errno == EINVAL ? memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING) : fd; // MFD_EXEC came with Linux 6.3.
}

int clinux_seal(int descriptor) { return fcntl(descriptor, F_ADD_SEALS, seals); }
int clinux_is_sealed(int descriptor) {
    int has = fcntl(descriptor, F_GET_SEALS); // -1 for a file that is no memfd.
    return has >= 0 && (has & seals) == seals;
}

int clinux_execute(int descriptor, char *const *arguments) {
    return (int)syscall(SYS_execveat, descriptor, "", arguments, environ, AT_EMPTY_PATH);
}

int clinux_make_device(int directory, const char *name, mode_t mode, unsigned major, unsigned minor) {
    return mknodat(directory, name, mode, makedev(major, minor));
}

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif
int clinux_notification_wake_here(int listener) {
    return ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
}

int clinux_notification_receive(int listener, uint64_t *id, pid_t *pid, uint64_t *first_argument) {
    struct seccomp_notif notification = {0};
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &notification) != 0) return -1;
    *id = notification.id;
    *pid = (pid_t)notification.pid;
    *first_argument = notification.data.args[0];
    return 0;
}

int clinux_notification_continue(int listener, uint64_t id) {
    struct seccomp_notif_resp response = {.id = id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
    return ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

int clinux_local_port(int socket) {
    struct sockaddr_in6 address;
    socklen_t length = sizeof address;
    if (getsockname(socket, (struct sockaddr *)&address, &length) != 0) return -1;
    return address.sin6_family == AF_INET || address.sin6_family == AF_INET6 ? ntohs(address.sin6_port) : -1; // Same place in both kinds.
}
