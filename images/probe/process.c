// SPDX-License-Identifier: Apache-2.0
// What the program was given: descriptors, environment, limits, working directory, arguments.
#include "report.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static struct { int number; char target[160]; } held[64];
static int held_count;
extern char **environ;

void descriptors_remember(void) {
    for (int number = 0; number < 4096 && held_count < 64; number++) {
        char path[40];
        if (fcntl(number, F_GETFD) < 0) continue;
        held[held_count].number = number;
        snprintf(path, sizeof path, "/proc/self/fd/%d", number);
        ssize_t length = readlink(path, held[held_count].target, sizeof held[0].target - 1);
        if (length < 0) strcpy(held[held_count].target, "unreadable");
        held_count++;
    }
}

long read_file(const char *path, char *into, long room) {
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file < 0) return -errno;
    long total = 0, got = 0;
    while (total < room && (got = read(file, into + total, room - total)) > 0) total += got;
    int error = errno;
    close(file);
    return got < 0 && total == 0 ? -error : total;
}

long environment_number(const char *name, long otherwise) {
    const char *text = getenv(name);
    return text && *text ? strtol(text, NULL, 10) : otherwise;
}

static void limits(struct json *j) {
    static const struct { const char *name; int number; } all[] = {
        {"as", RLIMIT_AS}, {"core", RLIMIT_CORE}, {"cpu", RLIMIT_CPU}, {"data", RLIMIT_DATA}, {"fsize", RLIMIT_FSIZE},
        {"memlock", RLIMIT_MEMLOCK}, {"msgqueue", RLIMIT_MSGQUEUE}, {"nice", RLIMIT_NICE}, {"nofile", RLIMIT_NOFILE},
        {"nproc", RLIMIT_NPROC}, {"rtprio", RLIMIT_RTPRIO}, {"sigpending", RLIMIT_SIGPENDING}, {"stack", RLIMIT_STACK},
    };
    json_open(j, "limits", '{');
    for (unsigned i = 0; i < sizeof all / sizeof *all; i++) {
        struct rlimit limit;
        if (getrlimit(all[i].number, &limit)) continue;
        json_open(j, all[i].name, '[');
        json_number(j, NULL, (long long)limit.rlim_cur);
        json_number(j, NULL, (long long)limit.rlim_max);
        json_close(j, ']');
    }
    json_close(j, '}');
}

void report_process(struct json *j) {
    char text[4096];
    json_open(j, "descriptors", '[');
    for (int i = 0; i < held_count; i++) {
        json_open(j, NULL, '{');
        json_number(j, "number", held[i].number);
        json_string(j, "target", held[i].target);
        json_close(j, '}');
    }
    json_close(j, ']');
    // Names only: values may be secrets, and a report is kept.
    json_open(j, "environment", '[');
    for (char **at = environ; *at; at++) json_bytes(j, NULL, *at, strcspn(*at, "="));
    json_close(j, ']');
    limits(j);
    json_string(j, "workingDirectory", getcwd(text, sizeof text) ? text : strerrorname_np(errno));
    long length = read_file("/proc/self/oom_score_adj", text, sizeof text);
    if (length > 0) json_bytes(j, "oomScoreAdjustment", text, length - 1);
}
