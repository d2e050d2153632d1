// SPDX-License-Identifier: Apache-2.0
// swiftlet-mold, a program of its own so that it is small; CMold tells what it is for. It allocates nothing: what a request needs lies in one place, which a
// child gives back when it needs its steps no more.
#define _GNU_SOURCE
#include "mold.h"
#include "mold_message.h"

#include <clinux_steps.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

enum { speaker = 16 };

/// Messages, and behind them the filters. Of whole pages, which a child can give back.
static _Alignas(1 << 16) char room[mold_room + mold_filters * mold_instructions * 8];
static const void *filters[mold_filters];
static int descriptors[mold_descriptors];

static const void *at(const void *distance) { return distance ? room + (uintptr_t)distance : NULL; }

static const char *const *list_at(const char *const *distance) {
    const char **list = (const char **)at(distance);
    for (size_t index = 0; list && list[index]; index++) list[index] = at(list[index]);
    return list;
}

static int descriptor_at(int number) { return number < mold_first ? number : descriptors[number - mold_first]; }

/// Whoever wrote the message is the launcher itself, so it is not looked at with suspicion.
static void make_whole(struct clinux_step *steps, int32_t count) {
    for (int32_t index = 0; index < count; index++) {
        struct clinux_step *step = &steps[index];
        step->fd = descriptor_at(step->fd);
        step->path = at(step->path);
        step->text = at(step->text);
        step->list = list_at(step->list);
        step->arguments = list_at(step->arguments);
        step->environment = list_at(step->environment);
        step->groups = at(step->groups);
        if (step->filter) step->filter = filters[(uintptr_t)step->filter - 1];
    }
}

static int keep_filter(uint32_t instructions) {
    if (instructions > mold_instructions) return errno = E2BIG, -1;
    for (int index = 0; index < mold_filters; index++) {
        if (filters[index]) continue;
        filters[index] = memcpy(room + mold_room + index * mold_instructions * 8, room + sizeof(struct mold_message), instructions * 8);
        return 0;
    }
    return errno = ENOSPC, -1;
}

static void answer(struct mold_answer answer, int pidfd) {
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec part = {.iov_base = &answer, .iov_len = sizeof answer};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    if (pidfd >= 0) {
        header.msg_control = &control;
        header.msg_controllen = sizeof control;
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(&control.header), &pidfd, sizeof pidfd);
    }
    if (sendmsg(speaker, &header, MSG_NOSIGNAL) != sizeof answer) _exit(1);
}

/// Takes one message with its descriptors.
static struct mold_message *receive(int socket) {
    static union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int) * mold_descriptors)];
    } control;
    struct iovec part = {.iov_base = room, .iov_len = mold_room};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t length;
    do length = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
    while (length < 0 && errno == EINTR);
    if (length < (ssize_t)sizeof(struct mold_message)) _exit(0); // The launcher is gone.
    struct cmsghdr *came = CMSG_FIRSTHDR(&header);
    size_t count = came && came->cmsg_type == SCM_RIGHTS ? (came->cmsg_len - CMSG_LEN(0)) / sizeof(int) : 0;
    if (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) _exit(1);
    if (count > 0) memcpy(descriptors, CMSG_DATA(came), count * sizeof(int));
    return (struct mold_message *)room;
}

/// The steps of a message, to be walked with the priority that it says.
static const struct clinux_step *unpack(const struct mold_message *message) {
    struct clinux_step *steps = (struct clinux_step *)(message + 1);
    make_whole(steps, message->count);
    if (getpriority(PRIO_PROCESS, 0) != message->niceness) setpriority(PRIO_PROCESS, 0, message->niceness);
    return steps;
}

/// A child that was made before it was known for what waits for the rest of its steps as its mold does.
static int32_t next_plan(int socket, const struct clinux_step **steps) {
    const struct mold_message *message = receive(socket);
    *steps = unpack(message);
    return message->count;
}

static void serve(const struct mold_message *message) {
    if (message->count < 0) {
        int kept = keep_filter(message->instructions);
        return answer((struct mold_answer){kept, errno}, -1);
    }
    const struct clinux_step *steps = unpack(message);
    int pidfd = -1, cgroup = message->cgroup < 0 ? -1 : descriptor_at(message->cgroup);
    pid_t pid = clinux_spawn(message->flags | CLONE_PARENT, cgroup, &pidfd, steps, message->count, descriptor_at(message->status));
    answer((struct mold_answer){pid, errno}, pidfd);
    if (pidfd >= 0) close(pidfd);
}

/// The working folder becomes the root of a mount namespace that holds nothing else: a child's namespace is a copy of this one, and so never has a mount
/// of the host's in it.
static int leave_host_mounts(void) {
    if (unshare(CLONE_NEWNS) != 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) return -1;
    int folder = (int)syscall(SYS_open_tree, AT_FDCWD, ".", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (folder < 0 || syscall(SYS_move_mount, folder, "", AT_FDCWD, ".", MOVE_MOUNT_F_EMPTY_PATH) != 0 || fchdir(folder) != 0) return -1;
    if (syscall(SYS_pivot_root, ".", ".") != 0 || umount2(".", MNT_DETACH) != 0) return -1;
    return close(folder) != 0 ? -1 : chdir("/");
}

/// Each instance keeps a copy of this process as its process 1, so this one has as few page tables as can be: all that it needs lies in one piece, its
/// stack too, and what the kernel has laid elsewhere goes. Behind that the environment is gone, and what `ps` shows of the arguments.
static void work(void) {
    const char *last = (const char *)getauxval(AT_EXECFN); // The last thing on the old stack.
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), from = ((uintptr_t)sbrk(0) + page - 1) & -page;
    uintptr_t to = ((uintptr_t)last + strlen(last) + page) & -page;
    environ = NULL;
    if (munmap((void *)from, to - from) != 0) _exit(1);
    for (;;) {
        serve(receive(speaker));
        close_range(speaker + 1, ~0U, 0);
    }
}

static _Noreturn void work_on_own_stack(void) {
    static _Alignas(16) char stack[64 << 10];
    static ucontext_t there;
    if (getcontext(&there) != 0) _exit(1);
    there.uc_stack = (stack_t){.ss_sp = stack, .ss_size = sizeof stack};
    makecontext(&there, work, 0);
    setcontext(&there);
    _exit(1);
}

int main(int count, char **words) {
    if (count != 2 || strcmp(words[0], "swiftlet-mold") != 0) return 1; // An image's entry point of /proc/self/exe, or somebody who is curious.
    // Executing a file has made it open to inspection again.
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    prctl(PR_SET_NAME, "swiftlet-mold", 0, 0, 0);
    if (clinux_bound_capabilities(strtoull(words[1], NULL, 10)) != 0) return 1;
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); // Gaining capabilities has cleared it. A launcher that has ended meanwhile is the end of the socket.
    // The low numbers are for what a child makes itself.
    if (dup3(3, speaker, O_CLOEXEC) < 0) return 1;
    close(3);
    for (int number = 0; number >= 0 && number < speaker - 1;) number = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (leave_host_mounts() != 0) return 1;
    clinux_borrowed(room, sizeof room);
    clinux_read_plans(next_plan);
    work_on_own_stack();
}
