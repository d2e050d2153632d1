// SPDX-License-Identifier: Apache-2.0
// Process 1 of an instance: reaps what is orphaned, hands signals on to the program, and reports how the program ended. Its end is the end of
// every process of the instance, since the kernel then kills the whole pid namespace.
#define _GNU_SOURCE
#include "clinux_internal.h"
#include "clinux_steps.h"

#include <errno.h>
#include <linux/capability.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void *borrowed;
static size_t borrowed_size;

void clinux_borrowed(void *memory, size_t size) {
    borrowed = memory;
    borrowed_size = size;
}

static void reap(pid_t program, int report) {
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid != program) continue;
        struct clinux_program_end end = {.signaled = WIFSIGNALED(status), .value = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status)};
        _exit(write(report, &end, sizeof end) == sizeof end ? 0 : 1);
    }
}

int clinux_enter_users(int user_namespace) {
    if (setns(user_namespace, CLONE_NEWUSER) != 0) return -1;
    if (syscall(SYS_setgroups, 0, NULL) != 0 || syscall(SYS_setresgid, 0, 0, 0) != 0) return -1;
    return (int)syscall(SYS_setresuid, 0, 0, 0);
}

int clinux_start_program(int report, int user_namespace) {
    // Blocked before the fork, so that no signal falls between; waiting for a blocked signal takes it even where its action is to ignore.
    sigset_t all;
    sigfillset(&all);
    if (sigprocmask(SIG_SETMASK, &all, NULL) != 0) return -1;
    pid_t program = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (program <= 0) return program;

    // First, with every copy of the status socket: its end of file tells the launcher that the program was executed.
    int last = user_namespace ? user_namespace : report; // The number behind the report's.
    close_range(0, (unsigned)report - 1, 0);
    close_range((unsigned)last + 1, ~0U, 0);
    // Detaching takes effect at once, but returns only after an RCU grace period: the program need not wait for that.
    if (umount2("/", MNT_DETACH) != 0) _exit(1);
    clinux_ordinary_priority();
    if (user_namespace) {
        if (clinux_enter_users(user_namespace) != 0) _exit(1);
        close(user_namespace);
    }
    clinux_set_capabilities(1ULL << CAP_KILL, 0); // The program may run as another user.
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_SET_NAME, "init", 0, 0, 0);
    if (borrowed) munmap(borrowed, borrowed_size);
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); // Last: a change of capabilities clears it.
    struct pollfd reader = {.fd = report};
    if (poll(&reader, 1, 0) > 0) _exit(1); // The launcher has died just before: nobody reads the report any more.
    for (;;) {
        siginfo_t info;
        int signal = sigwaitinfo(&all, &info);
        if (signal == SIGCHLD) reap(program, report);
        else if (signal > 0) kill(program, signal);
    }
}
