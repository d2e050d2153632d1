// SPDX-License-Identifier: Apache-2.0
// The launcher's side: lays a program of steps out as one message.
#define _GNU_SOURCE
#include "mold.h"
#include "mold_message.h"

#include <clinux_steps.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const void *filters[mold_filters];
static _Alignas(8) char message[mold_room];

struct layout {
    size_t length;
    int descriptors[mold_descriptors];
    int count;
    int is_full;
};

/// Where `size` bytes of `from` lie in the message.
static uintptr_t put(struct layout *layout, const void *from, size_t size) {
    size_t at = layout->length;
    if (at + size + 8 > sizeof message) return layout->is_full = 1, 0;
    memcpy(message + at, from, size);
    layout->length = (at + size + 7) & ~(size_t)7;
    return at;
}

static const char *put_text(struct layout *layout, const char *text) {
    return text ? (const char *)put(layout, text, strlen(text) + 1) : NULL;
}

static const char *const *put_list(struct layout *layout, const char *const *list) {
    if (!list) return NULL;
    size_t count = 0;
    while (list[count]) count++;
    uintptr_t at = put(layout, list, (count + 1) * sizeof *list);
    for (size_t index = 0; index < count && !layout->is_full; index++) {
        const char *text = put_text(layout, list[index]);
        memcpy(message + at + index * sizeof text, &text, sizeof text);
    }
    return (const char *const *)at;
}

/// The child has no other descriptors of ours than these, so what it makes itself lies below 16 and what is ours above.
static int put_descriptor(struct layout *layout, int descriptor) {
    if (descriptor < 16) return descriptor;
    for (int index = 0; index < layout->count; index++)
        if (layout->descriptors[index] == descriptor) return mold_first + index;
    if (layout->count == mold_descriptors) return layout->is_full = 1, -1;
    layout->descriptors[layout->count] = descriptor;
    return mold_first + layout->count++;
}

static uintptr_t filter_number(const void *filter) {
    for (uintptr_t index = 0; filter && index < mold_filters; index++)
        if (filters[index] == filter) return index + 1;
    return 0;
}

static int send_message(int mold, struct layout *layout) {
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int) * mold_descriptors)];
    } control;
    struct iovec part = {.iov_base = message, .iov_len = layout->length};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    if (layout->count > 0) {
        header.msg_control = &control;
        header.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)layout->count);
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(sizeof(int) * (size_t)layout->count);
        memcpy(CMSG_DATA(&control.header), layout->descriptors, sizeof(int) * (size_t)layout->count);
    }
    return sendmsg(mold, &header, MSG_NOSIGNAL) == (ssize_t)layout->length ? 0 : -1;
}

static pid_t receive_answer(int mold, int *pidfd) {
    struct mold_answer answer;
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec part = {.iov_base = &answer, .iov_len = sizeof answer};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t length;
    do length = recvmsg(mold, &header, MSG_CMSG_CLOEXEC);
    while (length < 0 && errno == EINTR);
    if (length < 0) return -1;
    if (length != sizeof answer) return errno = EPIPE, -1;
    if (answer.pid < 0) return errno = answer.error, -1;
    if (answer.pid == 0) return 0;
    struct cmsghdr *came = CMSG_FIRSTHDR(&header);
    if (!came || came->cmsg_type != SCM_RIGHTS) {
        // There is a child, and no room for its descriptor. It has not been reaped, so the number is still its own.
        kill(answer.pid, SIGKILL);
        waitpid(answer.pid, NULL, 0);
        return errno = EMFILE, -1;
    }
    memcpy(pidfd, CMSG_DATA(came), sizeof *pidfd);
    return answer.pid;
}

static int send_plan(int socket, struct layout *layout, struct mold_message head, const struct clinux_step *steps) {
    head.niceness = getpriority(PRIO_PROCESS, 0);
    uintptr_t first = put(layout, steps, sizeof *steps * (size_t)head.count);
    for (int32_t index = 0; index < head.count && !layout->is_full; index++) {
        struct clinux_step step = steps[index];
        step.fd = put_descriptor(layout, step.fd);
        step.path = put_text(layout, step.path);
        step.text = put_text(layout, step.text);
        step.list = put_list(layout, step.list);
        step.arguments = put_list(layout, step.arguments);
        step.environment = put_list(layout, step.environment);
        if (step.groups) step.groups = (const uint32_t *)put(layout, step.groups, sizeof *step.groups * step.flags);
        step.filter = (const void *)filter_number(step.filter);
        memcpy(message + first + sizeof step * (size_t)index, &step, sizeof step);
    }
    if (layout->is_full) return errno = E2BIG, -1;
    memcpy(message, &head, sizeof head);
    return send_message(socket, layout);
}

pid_t mold_spawn(int mold, uint64_t flags, int cgroup, int *pidfd, const void *steps, int32_t count, int status_socket) {
    struct layout layout = {.length = sizeof(struct mold_message)};
    struct mold_message head = {.flags = flags, .count = count};
    head.cgroup = cgroup < 0 ? -1 : put_descriptor(&layout, cgroup);
    head.status = put_descriptor(&layout, status_socket);
    return send_plan(mold, &layout, head, steps) != 0 ? -1 : receive_answer(mold, pidfd);
}

int mold_go_on(int child, const void *steps, int32_t count) {
    struct layout layout = {.length = sizeof(struct mold_message)};
    return send_plan(child, &layout, (struct mold_message){.cgroup = -1, .status = -1, .count = count}, steps);
}

int mold_widen(int socket) {
    int size = 2 * mold_room;
    return setsockopt(socket, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
}

int mold_keep_filter(int mold, const void *filter, uint32_t instructions) {
    struct layout layout = {.length = sizeof(struct mold_message)};
    struct mold_message head = {.count = -1, .instructions = instructions};
    int index = 0;
    while (index < mold_filters && filters[index]) index++;
    if (index == mold_filters) return errno = ENOSPC, -1;
    put(&layout, filter, instructions * 8);
    if (layout.is_full) return errno = E2BIG, -1;
    memcpy(message, &head, sizeof head);
    int unused;
    if (send_message(mold, &layout) != 0 || receive_answer(mold, &unused) != 0) return -1;
    filters[index] = filter;
    return 0;
}

int mold_start(int program, uint64_t capabilities, int *pidfd) {
    char mask[24];
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) return -1;
    snprintf(mask, sizeof mask, "%llu", (unsigned long long)capabilities);
    mold_widen(ends[0]);
    pid_t pid = (pid_t)syscall(SYS_clone, CLONE_PIDFD | SIGCHLD, 0, pidfd, 0, 0);
    if (pid == 0) {
        char *const words[] = {"swiftlet-mold", mask, NULL}, *const none[] = {NULL};
        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        if (dup2(ends[1], 3) == 3) syscall(SYS_execveat, program, "", words, none, AT_EMPTY_PATH);
        _exit(125);
    }
    int reason = errno;
    close(ends[1]);
    if (pid > 0) return ends[0];
    close(ends[0]);
    errno = reason;
    return -1;
}
