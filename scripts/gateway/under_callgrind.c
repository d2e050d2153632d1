// SPDX-License-Identifier: Apache-2.0
// Loaded before the C library (LD_PRELOAD): has the host's daemon, and no process of root's, go on under callgrind, which writes to the file that
// CALLGRIND_OUT names. What Debian's valgrind cannot do and the daemon needs is done in another way here; the work is the same.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { MOST_WORDS = 100 };

__attribute__((constructor)) static void begin(int count, char **arguments) {
    const char *out = getenv("CALLGRIND_OUT");
    if (!out || geteuid() == 0) return;
    char own[4096], option[4200];
    ssize_t length = readlink("/proc/self/exe", own, sizeof own - 1);
    if (length < 0) return;
    own[length] = 0;
    snprintf(option, sizeof option, "--callgrind-out-file=%s", out);
    char *words[MOST_WORDS + 6] = {"valgrind", "--tool=callgrind", "--quiet", option, own};
    for (int index = 1; index < count && index < MOST_WORDS; index++) words[4 + index] = arguments[index];
    // This library stays, for what follows.
    unsetenv("CALLGRIND_OUT");
    execvp(words[0], words);
    perror("valgrind");
    _exit(127);
}

// valgrind writes into the mask, which lies among constants.
int sigsuspend(const sigset_t *mask) {
    sigset_t own = *mask;
    return (int)syscall(SYS_rt_sigsuspend, &own, _NSIG / 8);
}

// valgrind knows neither openat2 nor epoll_pwait2.
long syscall(long number, ...) {
    long words[6];
    va_list list;
    va_start(list, number);
    for (int index = 0; index < 6; index++) words[index] = va_arg(list, long);
    va_end(list);
    if (number == SYS_openat2) {
        const uint64_t *how = (const uint64_t *)words[2];
        return openat((int)words[0], (const char *)words[1], (int)how[0], (mode_t)how[1]);
    }
    if (number == SYS_epoll_pwait2) {
        const struct timespec *time = (const struct timespec *)words[3];
        int limit = time ? (int)(time->tv_sec * 1000 + (time->tv_nsec + 999999) / 1000000) : -1;
        return epoll_wait((int)words[0], (struct epoll_event *)words[1], (int)words[2], limit);
    }
    long result;
    register long fourth __asm__("r10") = words[3];
    register long fifth __asm__("r8") = words[4];
    register long sixth __asm__("r9") = words[5];
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(words[0]), "S"(words[1]), "d"(words[2]), "r"(fourth), "r"(fifth), "r"(sixth)
                     : "rcx", "r11", "memory");
    if (result >= 0 || result < -4095) return result;
    errno = (int)-result;
    return -1;
}
