// SPDX-License-Identifier: Apache-2.0
// The program behind every proxy that is measured: one thread, epoll, answers prepared before. A path that ends in /4k is answered with 4 KiB, any
// other with 20 bytes, after the whole body of the request has come, which is thrown away. A path that ends in /die ends it. Listens on PORT of all
// addresses.
#define _GNU_SOURCE
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { most = 4096, room = 256 * 1024 };

static struct peer { size_t have, body; int large; char head[8192]; } *peers[most];
static char scratch[room], small[256], large[8192];
static size_t small_length, large_length;

static size_t prepare(char *into, size_t length) {
    size_t head = (size_t)sprintf(into, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n\r\n", length);
    memset(into + head, 'x', length);
    return head + length;
}

static void forget(int socket) {
    close(socket);
    free(peers[socket]);
    peers[socket] = NULL;
}

static int answer(int socket, const struct peer *peer) {
    const char *text = peer->large ? large : small;
    size_t length = peer->large ? large_length : small_length;
    return send(socket, text, length, MSG_NOSIGNAL) == (ssize_t)length ? 0 : -1;
}

/// Reads a head out of what lies in `peer`, and takes it and as much of its body as is there away. 0: incomplete. -1: not to be read.
static int take(struct peer *peer) {
    peer->head[peer->have] = 0;
    char *end = memmem(peer->head, peer->have, "\r\n\r\n", 4);
    if (!end) return peer->have == sizeof peer->head - 1 ? -1 : 0;
    char *line = memchr(peer->head, '\r', peer->have);
    peer->large = line - peer->head > 12 && memcmp(line - 12, "/4k", 3) == 0;
    if (line - peer->head > 13 && memcmp(line - 13, "/die", 4) == 0) _exit(1);
    const char *length = strcasestr(peer->head, "\r\ncontent-length:");
    peer->body = length && length < end ? strtoul(length + 17, NULL, 10) : 0;
    size_t used = (size_t)(end + 4 - peer->head), rest = peer->have - used, body = rest < peer->body ? rest : peer->body;
    peer->body -= body;
    peer->have = rest - body;
    memmove(peer->head, peer->head + used + body, peer->have);
    return 1;
}

static void serve(int socket) {
    struct peer *peer = peers[socket];
    if (peer->body > 0) {
        ssize_t got = recv(socket, scratch, peer->body < room ? peer->body : room, 0);
        if (got <= 0) return forget(socket);
        peer->body -= (size_t)got;
        if (peer->body == 0 && answer(socket, peer)) forget(socket);
        return;
    }
    ssize_t got = recv(socket, peer->head + peer->have, sizeof peer->head - 1 - peer->have, 0);
    if (got <= 0) return forget(socket);
    peer->have += (size_t)got;
    for (int found; peer->have > 0 && peer->body == 0; ) {
        found = take(peer);
        if (found == 0) return;
        if (found < 0 || (peer->body == 0 && answer(socket, peer))) return forget(socket);
    }
}

static void end(int number) {
    (void)number;
    _exit(0);
}

int main(void) {
    const char *port = getenv("PORT");
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(port ? port : "9000"))};
    int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0), poll = epoll_create1(0);
    signal(SIGTERM, end);
    small_length = prepare(small, 20);
    large_length = prepare(large, 4096);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 1024)) {
        perror("backend: cannot listen");
        return 1;
    }
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[256];
    epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int count = epoll_wait(poll, events, 256, -1);
        for (int at = 0; at < count; at++) {
            if (events[at].data.fd != listener) {
                serve(events[at].data.fd);
                continue;
            }
            int client = accept(listener, NULL, NULL);
            if (client < 0) continue;
            if (client >= most || !(peers[client] = calloc(1, sizeof **peers))) {
                close(client);
                continue;
            }
            event.data.fd = client;
            epoll_ctl(poll, EPOLL_CTL_ADD, client, &event);
        }
    }
}
