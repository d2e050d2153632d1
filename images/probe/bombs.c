// SPDX-License-Identifier: Apache-2.0
// Bombs with a fuse: each stops at `most`, so that even a host without limits lives through it.
#include "report.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void processes(struct json *j, long most) {
    pid_t *all = calloc(most, sizeof *all);
    long made = 0;
    int error = 0;
    for (; all && made < most; made++) {
        pid_t child = fork();
        if (child == 0) {
            for (;;) pause();
        }
        if (child < 0) { error = errno; break; }
        all[made] = child;
    }
    for (long i = 0; i < made; i++) kill(all[i], SIGKILL);
    for (long i = 0; i < made; i++) waitpid(all[i], NULL, 0);
    free(all);
    json_number(j, "reached", made);
    json_string(j, "stoppedBy", error ? strerrorname_np(error) : "nothing");
}

/// A child touches page after page; what it reached is told through memory that both share.
static void memory(struct json *j, long most) {
    volatile long *touched = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (touched == MAP_FAILED) return json_string(j, "stoppedBy", strerrorname_np(errno));
    pid_t child = fork();
    if (child < 0) return json_string(j, "stoppedBy", strerrorname_np(errno));
    if (child == 0) {
        // The kernel is to choose this one, not the server beside it.
        int score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
        if (score >= 0 && write(score, "1000", 4) < 0) {}
        for (; *touched < most; (*touched)++) {
            char *piece = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            if (piece == MAP_FAILED) _exit(1);
            memset(piece, 1, 1 << 20);
        }
        _exit(0);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
    json_number(j, "reached", *touched);
    json_string(j, "stoppedBy", WIFSIGNALED(status) ? "killed" : WEXITSTATUS(status) ? "ENOMEM" : "nothing");
    munmap((void *)touched, 4096);
}

/// The server's own memory, where it answers without a process a connection: its end is the instance's end.
static void own_memory(struct json *j, long most) {
    long touched = 0;
    for (; touched < most; touched++) {
        char *piece = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (piece == MAP_FAILED) break;
        memset(piece, 1, 1 << 20);
    }
    json_number(j, "reached", touched);
    json_string(j, "stoppedBy", touched < most ? "ENOMEM" : "nothing");
}

static void disk(struct json *j, const char *folder, long most) {
    static char piece[1 << 20];
    char path[128];
    long written = 0;
    int error = 0;
    snprintf(path, sizeof path, "%s/swiftlet-probe-bomb", folder);
    int file = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0600);
    if (file < 0) error = errno;
    for (; !error && written < most; written++) {
        ssize_t count = write(file, piece, sizeof piece);
        if (count < 0) error = errno;
        else if (count < (ssize_t)sizeof piece) error = ENOSPC;
        if (error) break;
    }
    if (file >= 0) close(file), unlink(path);
    json_number(j, "reached", written);
    json_string(j, "stoppedBy", error ? strerrorname_np(error) : "nothing");
}

static void descriptors(struct json *j, long most) {
    long made = 0;
    int error = 0;
    pid_t child = -1;
    int ends[2];
    if (pipe(ends) || (child = fork()) < 0) error = errno;
    if (child == 0) {
        long result[2] = {0, 0};
        for (; result[0] < most; result[0]++)
            if (open("/", O_PATH) < 0) { result[1] = errno; break; }
        ssize_t count = write(ends[1], result, sizeof result);
        _exit(count != sizeof result);
    }
    long result[2] = {0, 0};
    if (child > 0) {
        close(ends[1]);
        if (read(ends[0], result, sizeof result) == sizeof result) made = result[0], error = (int)result[1];
        close(ends[0]);
        waitpid(child, NULL, 0);
    }
    json_number(j, "reached", made);
    json_string(j, "stoppedBy", error ? strerrorname_np(error) : "nothing");
}

/// Four processes calculate for a second; told is the processor time, in milliseconds, that they got of it.
static void processor(struct json *j) {
    pid_t all[4];
    int made = 0;
    for (; made < 4; made++) {
        pid_t child = fork();
        if (child < 0) break;
        if (child == 0) {
            alarm(1);
            for (volatile unsigned long spin = 0;; spin++) {}
        }
        all[made] = child;
    }
    long long microseconds = 0;
    for (int i = 0; i < made; i++) {
        struct rusage used;
        if (wait4(all[i], NULL, 0, &used) < 0) continue;
        microseconds += used.ru_utime.tv_sec * 1000000LL + used.ru_utime.tv_usec + used.ru_stime.tv_sec * 1000000LL + used.ru_stime.tv_usec;
    }
    json_number(j, "reached", microseconds / 1000);
    json_string(j, "stoppedBy", "time");
}

void bomb(struct json *j, const char *kind, long most) {
    json_open(j, NULL, '{');
    json_string(j, "try", kind);
    json_number(j, "most", most);
    if (!strcmp(kind, "forkbomb")) processes(j, most);
    else if (!strcmp(kind, "membomb")) memory(j, most);
    else if (!strcmp(kind, "ownmembomb")) own_memory(j, most);
    else if (!strcmp(kind, "diskbomb")) disk(j, "/tmp", most);
    else if (!strcmp(kind, "devbomb")) disk(j, "/dev", most);
    else if (!strcmp(kind, "shmbomb")) disk(j, "/dev/shm", most);
    else if (!strcmp(kind, "filebomb")) descriptors(j, most);
    else if (!strcmp(kind, "cpubomb")) processor(j);
    else json_string(j, "error", "unknown: one of forkbomb, membomb, ownmembomb, diskbomb, devbomb, shmbomb, filebomb, cpubomb");
    json_close(j, '}');
}
