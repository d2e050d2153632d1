// SPDX-License-Identifier: Apache-2.0
// A call of a function that has no instance, over a connection to the gateway that is already there; and the end of that instance.
#define _GNU_SOURCE
#include "way.h"
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int here(void *unused) {
    (void)unused;
    return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static int gateway_of(const struct way *way, struct worker *worker) {
    if (worker->gateway < 0) worker->gateway = connect_patiently(here, NULL, way->gateway);
    return worker->gateway;
}

/// A failed exchange leaves a connection that is no longer of use.
static int call(const struct way *way, struct worker *worker, const char *request, int64_t *first) {
    int status = gateway_of(way, worker) < 0 ? -1 : exchange(worker->gateway, request, 0, first);
    if (status < 0 && worker->gateway >= 0) close(worker->gateway), worker->gateway = -1;
    return status;
}

int swiftlet_start(const struct way *way, struct worker *worker, struct started *started, const char **why) {
    char request[512];
    int64_t first = 0;
    *started = (struct started){.child = -1, .socket = -1};
    if (way->hold) {
        // One function for all; a connection each, kept as long as its instance is to stay busy.
        snprintf(request, sizeof request, "POST /http/%s0/hold HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n", way->function);
        int64_t begin = now();
        started->socket = connect_patiently(here, NULL, way->gateway);
        int status = started->socket < 0 ? -1 : exchange(started->socket, request, 1, &first);
        started->first = first - begin;
        if (status == 200) return 0;
        if (started->socket >= 0) close(started->socket);
        return *why = "a held call was not answered with 200", -1;
    }
    snprintf(request, sizeof request, "POST /2023-03-30/functions/%s%d/invocations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n", way->function, worker->number);
    if (gateway_of(way, worker) < 0) return *why = "the gateway does not listen", -1;
    int64_t begin = now();
    int status = call(way, worker, request, &first);
    started->first = first - begin;
    return status == 200 ? 0 : (*why = "the call was not answered with 200", -1);
}

int swiftlet_end(const struct way *way, struct worker *worker, struct started *started, const char **why) {
    char request[512];
    if (started->socket >= 0) return close(started->socket);
    snprintf(request, sizeof request, "DELETE /swiftlet/v1/functions/%s%d/instances HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n\r\n", way->function, worker->number);
    return call(way, worker, request, NULL) == 200 ? 0 : (*why = "the instances could not be ended", -1);
}
