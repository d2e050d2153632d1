// SPDX-License-Identifier: Apache-2.0
// The steps that speak with the launcher: what they tell, and what they wait for.
#define _GNU_SOURCE
#include "clinux_internal.h"
#include "clinux_steps.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

int step_load_filter(const struct clinux_step *step, int status_socket) {
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

int step_tell_prepared(int status_socket) {
    struct clinux_failure none = {.step = -1, .error = 0};
    return send(status_socket, &none, sizeof none, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

int step_await_byte(int fd) {
    char byte;
    ssize_t count;
    do count = read(fd, &byte, 1);
    while (count < 0 && errno == EINTR);
    if (count == 0) _exit(0);
    return count < 0 ? -1 : 0;
}

int step_tell_number(const struct clinux_step *step) {
    unsigned char bytes[5] = {(unsigned char)step->flags};
    for (int index = 0; index < 4; index++) bytes[index + 1] = (unsigned char)(step->value >> (8 * index));
    send(step->fd, bytes, sizeof bytes, MSG_NOSIGNAL | MSG_DONTWAIT); // Whoever reads it makes the start quicker, and is not needed for it.
    return 0;
}

static clinux_plan_reader read_plan;

void clinux_read_plans(clinux_plan_reader reader) { read_plan = reader; }

int32_t step_await_plan(int status_socket, const struct clinux_step **steps) {
    return read_plan ? read_plan(status_socket, steps) : (errno = ENOSYS, -1);
}
