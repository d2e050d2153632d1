// SPDX-License-Identifier: Apache-2.0
// Starts a command that runs the program, and reaches the program in the network that it ended up in.
#define _GNU_SOURCE
#include "way.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static atomic_int next_number;

/// `word` with {PORT}, {ID} and {PIDFILE} put in.
static char *filled(const char *word, int port, int id, const char *pidfile) {
    char *text = malloc(strlen(word) + 512), *to = text;
    while (*word) {
        if (!strncmp(word, "{PORT}", 6)) to += sprintf(to, "%d", port), word += 6;
        else if (!strncmp(word, "{ID}", 4)) to += sprintf(to, "cold-%d-%d", getpid(), id), word += 4;
        else if (!strncmp(word, "{PIDFILE}", 9)) to += sprintf(to, "%s", pidfile), word += 9;
        else *to++ = *word++;
    }
    *to = 0;
    return text;
}

static int here(void *unused) {
    (void)unused;
    return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

/// A socket made in the network of process `*argument`: it belongs there for good, while this thread comes back.
static int there(void *argument) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/ns/net", *(pid_t *)argument);
    int own = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC), other = open(path, O_RDONLY | O_CLOEXEC), made = -1;
    if (own >= 0 && other >= 0 && setns(other, CLONE_NEWNET) == 0) {
        made = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (setns(own, CLONE_NEWNET)) abort();
    }
    if (own >= 0) close(own);
    if (other >= 0) close(other);
    return made;
}

static pid_t pid_from_info(int from) {
    char text[512];
    size_t have = 0;
    const char *found = NULL;
    ssize_t got;
    while (have < sizeof text - 1 && (got = read(from, text + have, sizeof text - 1 - have)) > 0) {
        text[have += got] = 0;
        if (strchr(text, '}')) break;
    }
    text[have] = 0;
    found = strstr(text, "\"child-pid\":");
    return found ? atoi(found + 12) : -1;
}

static pid_t pid_from_file(const char *path) {
    int64_t end = now() + 10000000000LL;
    while (now() < end) {
        char text[32];
        int file = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t got = file < 0 ? 0 : read(file, text, sizeof text - 1);
        if (file >= 0) close(file);
        if (got > 0) {
            text[got] = 0;
            return atoi(text);
        }
        struct timespec wait = {0, 100000};
        nanosleep(&wait, NULL);
    }
    return -1;
}

int command_start(const struct way *way, struct worker *worker, struct started *started, const char **why) {
    (void)worker;
    char *words[256], pidfile[300];
    int id = atomic_fetch_add(&next_number, 1), of_host = !strcmp(way->kind, "host"), info = !strcmp(way->kind, "info");
    int port = of_host ? 20000 + (getpid() * 37 + id) % 12000 : 9000, count = 0, ends[2] = {-1, -1};
    snprintf(pidfile, sizeof pidfile, "%s/%d-%d.pid", way->folder, getpid(), id);
    for (; way->words[count] && count < 255; count++) words[count] = filled(way->words[count], port, id, pidfile);
    words[count] = NULL;
    char assignment[32];
    snprintf(assignment, sizeof assignment, "PORT=%d", port);
    char *environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", assignment, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    // A worker's own signals and ends stay with it: everything else is closed on exec.
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    if (info && (pipe2(ends, O_CLOEXEC) || posix_spawn_file_actions_adddup2(&actions, ends[1], 9))) return *why = "no pipe", -1;

    int64_t begin = now();
    int error = posix_spawnp(&started->child, words[0], &actions, &attributes, words, environment);
    if (ends[1] >= 0) close(ends[1]);
    started->inside = 0;
    started->socket = -1;
    if (error) *why = "cannot start it";
    else {
        if (!of_host) started->inside = info ? pid_from_info(ends[0]) : pid_from_file(pidfile);
        if (started->inside >= 0) started->socket = connect_patiently(of_host ? here : there, &started->inside, port);
        int64_t first = 0;
        if (started->socket < 0) *why = "it did not listen within 10 s";
        else if (exchange(started->socket, "POST /invoke HTTP/1.1\r\nHost: f\r\nContent-Length: 0\r\n\r\n", 0, &first) != 200) *why = "its answer was not 200";
        else started->first = first - begin;
    }
    if (ends[0] >= 0) close(ends[0]);
    for (int i = 0; i < count; i++) free(words[i]);
    unlink(pidfile);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (!*why) return 0;
    if (!error) command_end(way, started);
    return -1;
}

int command_end(const struct way *way, struct started *started) {
    (void)way;
    if (started->socket >= 0) close(started->socket);
    kill(started->inside > 0 ? started->inside : started->child, SIGKILL);
    while (waitpid(started->child, NULL, 0) < 0 && errno == EINTR) {}
    return 0;
}
