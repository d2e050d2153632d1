// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "way.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

int64_t now(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec * 1000000000LL + at.tv_nsec;
}

/// A first packet sent while the interface is just coming up is lost, and would be sent again only after a second: better to ask anew at once.
static int connect_briefly(int socket_, const struct sockaddr_in *address) {
    int error = 0;
    socklen_t size = sizeof error;
    struct pollfd writable = {socket_, POLLOUT, 0};
    fcntl(socket_, F_SETFL, O_NONBLOCK);
    if (connect(socket_, (const struct sockaddr *)address, sizeof *address)) {
        if (errno != EINPROGRESS || poll(&writable, 1, 3) != 1) return -1;
        if (getsockopt(socket_, SOL_SOCKET, SO_ERROR, &error, &size) || error) return -1;
    }
    fcntl(socket_, F_SETFL, 0);
    return 0;
}

int connect_patiently(int (*make)(void *), void *argument, int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int64_t end = now() + 10000000000LL;
    long pause = 20000;
    int yes = 1;
    while (now() < end) {
        int socket_ = make(argument);
        if (socket_ >= 0) {
            if (connect_briefly(socket_, &address) == 0) {
                setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
                struct timeval patience = {10, 0};
                setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
                return socket_;
            }
            close(socket_);
        }
        struct timespec wait = {0, pause};
        nanosleep(&wait, NULL);
        if (pause < 200000) pause += pause / 4;
    }
    return -1;
}

/// Whether the answer is complete: Content-Length bytes after the head, or the last chunk.
static int complete(const char *text, size_t have) {
    const char *head = strstr(text, "\r\n\r\n");
    if (!head) return 0;
    size_t start = head - text + 4;
    const char *length = strcasestr(text, "\r\ncontent-length:");
    if (length && length < head) return have >= start + strtoul(length + 17, NULL, 10);
    if (strcasestr(text, "\r\ntransfer-encoding: chunked")) return have >= start + 5 && !memcmp(text + have - 5, "0\r\n\r\n", 5);
    return 1;
}

int exchange(int socket_, const char *request, int hold, int64_t *first) {
    char text[65536];
    size_t have = 0, length = strlen(request);
    if (send(socket_, request, length, MSG_NOSIGNAL) != (ssize_t)length) return -1;
    do {
        ssize_t got = recv(socket_, text + have, sizeof text - 1 - have, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return -1;
        if (have == 0 && first) *first = now();
        have += got;
        text[have] = 0;
    } while (hold ? !strstr(text, "\r\n\r\n") : !complete(text, have));
    return have > 12 ? atoi(text + 9) : -1;
}
