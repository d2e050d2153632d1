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
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void *borrowed;
static size_t borrowed_size;

void clinux_borrowed(void *memory, size_t size) {
    borrowed = memory;
    borrowed_size = size;
}

static _Noreturn void tell_end(int status, int report) {
    struct clinux_program_end end = {.signaled = WIFSIGNALED(status), .value = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status)};
    _exit(write(report, &end, sizeof end) == sizeof end ? 0 : 1);
}

static void reap(pid_t program, int report) {
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        if (pid == program && !WIFSTOPPED(status)) tell_end(status, report);
}

enum { hold_options = PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL };

int clinux_can_hold(void) {
    pid_t pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (pid < 0) return 0;
    if (pid == 0)
        for (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);;) pause();
    int result = (int)ptrace(PTRACE_SEIZE, pid, 0, hold_options);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, __WALL);
    return result == 0;
}

/// The program is executed, and stands before its first instruction until a byte comes. Whatever else comes ends it, and so does the end of this process.
static void hold(pid_t program, int trigger, int report, const sigset_t *all) {
    int status;
    for (;;) {
        if (waitpid(program, &status, __WALL) != program) _exit(1);
        if (!WIFSTOPPED(status)) tell_end(status, report); // It could not be executed, and has said so.
        if (status >> 8 == (SIGTRAP | PTRACE_EVENT_EXEC << 8)) break;
        ptrace(PTRACE_CONT, program, 0, WSTOPSIG(status));
    }
    int signals = signalfd(-1, all, SFD_CLOEXEC);
    struct pollfd waits[] = {{.fd = trigger, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
    for (;;) {
        if (poll(waits, 2, -1) < 0) _exit(1);
        if (waits[0].revents) break;
        struct signalfd_siginfo info;
        if (read(signals, &info, sizeof info) != sizeof info || info.ssi_signo != SIGCHLD) _exit(0);
        reap(program, report);
    }
    char byte;
    if (read(trigger, &byte, 1) != 1) _exit(0);
    clinux_tell_now();
    close(trigger - 1); // The end of the status socket says that the program runs, before it does.
    ptrace(PTRACE_DETACH, program, 0, 0);
    clinux_ordinary_priority();
    close(trigger);
    close(signals);
}

int clinux_enter_users(int user_namespace) {
    if (setns(user_namespace, CLONE_NEWUSER) != 0) return -1;
    if (syscall(SYS_setgroups, 0, NULL) != 0 || syscall(SYS_setresgid, 0, 0, 0) != 0) return -1;
    return (int)syscall(SYS_setresuid, 0, 0, 0);
}

int clinux_start_program(int report, int user_namespace, int trigger) {
    // Blocked before the fork, so that no signal falls between; waiting for a blocked signal takes it even where its action is to ignore.
    sigset_t all;
    sigfillset(&all);
    if (sigprocmask(SIG_SETMASK, &all, NULL) != 0) return -1;
    pid_t program = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
    if (program <= 0) return program;

    // It waits for the old root to go before it is executed, and so is held by then.
    if (trigger && ptrace(PTRACE_SEIZE, program, 0, hold_options) != 0) _exit(1);
    // First, with every copy of the status socket: its end of file tells the launcher that the program was executed.
    int last = user_namespace ? user_namespace : report; // The number behind the report's.
    close_range(0, trigger ? (unsigned)trigger - 2 : (unsigned)report - 1, 0);
    close_range((unsigned)last + 1, ~0U, 0);
    // Detaching takes effect at once, but returns only after an RCU grace period: the program need not wait for that.
    if (umount2("/", MNT_DETACH) != 0) _exit(1);
    // Who waits for the byte does nothing else, and on a busy machine a request would wait for its turn.
    if (!trigger) clinux_ordinary_priority();
    else if (getpriority(PRIO_PROCESS, 0) == 0) setpriority(PRIO_PROCESS, 0, -10);
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
    if (trigger) hold(program, trigger, report, &all);
    for (;;) {
        siginfo_t info;
        int signal = sigwaitinfo(&all, &info);
        if (signal == SIGCHLD) reap(program, report);
        else if (signal > 0) kill(program, signal);
    }
}
