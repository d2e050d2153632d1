// SPDX-License-Identifier: Apache-2.0
#include "trial.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

long answer(long value) { return value == -1 ? -errno : value; }

static const char *class_of(const struct trial *trial, long value) {
    if (value >= 0) return "allowed";
    for (int i = 0; i < 4 && trial->past[i]; i++)
        if (value == -trial->past[i]) return "reached";
    switch (-value) {
    case EPERM: case EACCES: case EROFS: return "denied";
    case ENOSYS: case EAFNOSUPPORT: case EPROTONOSUPPORT: case ESOCKTNOSUPPORT: case EOPNOTSUPP: return "unsupported";
    case ENOENT: case ENXIO: case ENODEV: return "absent";
    default: return "error";
    }
}

static void write_result(struct json *j, const char *name, const char *result, const char *detail) {
    json_open(j, NULL, '{');
    json_string(j, "name", name);
    json_string(j, "result", result);
    json_string(j, "detail", detail);
    json_close(j, '}');
}

void trial_report(struct json *j, const struct trial *trial) {
    int ends[2];
    char detail[64];
    if (pipe(ends)) return write_result(j, trial->name, "error", "no pipe");
    pid_t child = fork();
    if (child < 0) {
        close(ends[0]), close(ends[1]);
        return write_result(j, trial->name, "error", "no process to try it in");
    }
    if (child == 0) {
        close(ends[0]);
        alarm(5);
        long value = trial->run(trial->argument);
        ssize_t ignored = write(ends[1], &value, sizeof value);
        _exit(ignored != sizeof value);
    }
    close(ends[1]);
    long value = 0;
    ssize_t got = read(ends[0], &value, sizeof value);
    close(ends[0]);
    // The child may have come to stand where SIGKILL alone reaches it.
    if (got != sizeof value) usleep(1000);
    else kill(child, SIGKILL);
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
    if (got != sizeof value) {
        snprintf(detail, sizeof detail, "signal %d", WIFSIGNALED(status) ? WTERMSIG(status) : 0);
        return write_result(j, trial->name, WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM ? "error" : "killed", detail);
    }
    if (value < 0) {
        const char *name = strerrorname_np((int)-value);
        snprintf(detail, sizeof detail, "%s", name ? name : "unknown error");
    } else snprintf(detail, sizeof detail, "%ld", value);
    write_result(j, trial->name, class_of(trial, value), detail);
}

void trials_report(struct json *j, const char *key, const struct trial *trials, int count) {
    json_open(j, key, '[');
    for (int i = 0; i < count; i++) trial_report(j, &trials[i]);
    json_close(j, ']');
}
