// SPDX-License-Identifier: Apache-2.0
#pragma once
// One way to start the program. A start is timed from its request to the first byte of the answer; an end, until everything of it is reaped.
#include <stdint.h>
#include <sys/types.h>

struct way {
    /// `swiftlet`, or where a command's program is found: `host` (this network), `info` (bubblewrap's --info-fd 9), `pidfile`.
    const char *kind;
    /// A command's words; {PORT}, {ID} and {PIDFILE} are put in.
    char **words;
    const char *folder;
    /// Swiftlet's gateway, and the functions FUNCTION0, FUNCTION1, … one a worker.
    int gateway;
    const char *function;
    int hold;
};

struct started {
    pid_t child;    // what was spawned
    pid_t inside;   // the program's process 1, where that is another
    int socket;     // the connection over which the first byte came
    int64_t first;  // nanoseconds from request to first byte
};

/// What a worker keeps from start to start: its number and, with Swiftlet, its connection to the gateway.
struct worker {
    int number;
    int gateway;
};

int64_t now(void);
/// 0, or -1 with `why` set to words.
int way_start(const struct way *way, struct worker *worker, struct started *started, const char **why);
int way_end(const struct way *way, struct worker *worker, struct started *started, const char **why);

int command_start(const struct way *way, struct worker *worker, struct started *started, const char **why);
int command_end(const struct way *way, struct started *started);
int swiftlet_start(const struct way *way, struct worker *worker, struct started *started, const char **why);
int swiftlet_end(const struct way *way, struct worker *worker, struct started *started, const char **why);

/// Connects to 127.0.0.1 at `port` with `socket_`, trying again until it is accepted or ten seconds are over.
int connect_patiently(int (*make)(void *), void *argument, int port);
/// Sends the request and reads the answer's first byte (its time goes to `first`), and the rest unless it is to be held. Status, or -1.
int exchange(int socket_, const char *request, int hold, int64_t *first);
