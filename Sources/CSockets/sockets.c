// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "csockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/time_types.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

int csockets_poll(void) { return epoll_create1(EPOLL_CLOEXEC); }

int csockets_event(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

int csockets_watch(int poll, int descriptor, uint64_t token, uint32_t events, int edge) {
    struct epoll_event event = {.events = events | (edge ? EPOLLET : 0), .data.u64 = token};
    return epoll_ctl(poll, EPOLL_CTL_ADD, descriptor, &event);
}

int csockets_forget(int poll, int descriptor) { return epoll_ctl(poll, EPOLL_CTL_DEL, descriptor, NULL); }

static int wait(int poll, struct epoll_event *events, int room, int64_t nanoseconds) {
    static int is_old; // epoll_pwait2 came with Linux 5.11.
    if (nanoseconds <= 0) return epoll_wait(poll, events, room, nanoseconds < 0 ? -1 : 0);
    if (!__atomic_load_n(&is_old, __ATOMIC_RELAXED)) {
        struct __kernel_timespec time = {.tv_sec = nanoseconds / 1000000000, .tv_nsec = nanoseconds % 1000000000};
        int count = (int)syscall(SYS_epoll_pwait2, poll, events, room, &time, NULL, 0);
        if (count >= 0 || errno != ENOSYS) return count;
        __atomic_store_n(&is_old, 1, __ATOMIC_RELAXED);
    }
    int64_t milliseconds = (nanoseconds + 999999) / 1000000;
    return epoll_wait(poll, events, room, milliseconds > 60000 ? 60000 : (int)milliseconds);
}

int csockets_wait(int poll, struct csockets_ready *ready, int room, int64_t nanoseconds) {
    struct epoll_event events[256];
    int count = wait(poll, events, room < 256 ? room : 256, nanoseconds);
    if (count < 0) return errno == EINTR ? 0 : -1;
    for (int index = 0; index < count; index++)
        ready[index] = (struct csockets_ready){.token = events[index].data.u64, .events = events[index].events};
    return count;
}

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

int csockets_look(int poll, struct csockets_ready *ready, int room, int64_t nanoseconds) {
    int64_t end = now() + nanoseconds;
    int count;
    do count = csockets_wait(poll, ready, room, 0);
    while (count == 0 && now() < end);
    return count;
}

void csockets_name_thread(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

void csockets_exact_timeouts(void) { prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0); }

ssize_t csockets_send(int socket, const void *bytes, size_t count) {
    ssize_t sent;
    do sent = syscall(SYS_sendto, socket, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT, NULL, 0);
    while (sent < 0 && errno == EINTR);
    return sent;
}

ssize_t csockets_receive(int socket, void *bytes, size_t room) {
    ssize_t count;
    do count = syscall(SYS_recvfrom, socket, bytes, room, MSG_DONTWAIT, NULL, NULL);
    while (count < 0 && errno == EINTR);
    return count;
}

int csockets_accept(int listener) { return accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK); }

void csockets_send_at_once(int socket) {
    int on = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

int csockets_connect_unix(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) return errno = ENAMETOOLONG, -1;
    strcpy(address.sun_path, path);
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0 || connect(descriptor, (struct sockaddr *)&address, sizeof address) == 0) return descriptor;
    int reason = errno;
    close(descriptor);
    errno = reason;
    return -1;
}

int csockets_peer(int socket, char *text, size_t room) {
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    if (getpeername(socket, (struct sockaddr *)&address, &length) != 0) return -1;
    const void *number = address.ss_family == AF_INET6 ? (const void *)&((struct sockaddr_in6 *)&address)->sin6_addr : &((struct sockaddr_in *)&address)->sin_addr;
    return inet_ntop(address.ss_family, number, text, (socklen_t)room) ? 0 : -1;
}
