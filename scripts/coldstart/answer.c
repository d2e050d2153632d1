// SPDX-License-Identifier: Apache-2.0
// The program whose start is measured: a static HTTP server that answers every request with "ok", and one for a path that ends in /hold with a
// first chunk, after which it keeps the connection until its peer goes away.
#define _GNU_SOURCE
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { most = 64, room = 4096 };

static struct pollfd watched[most];
static struct peer { char text[room]; size_t have; } peers[most];
static int count = 1;

static void end(int number) {
    (void)number;
    _exit(0);
}

static void forget(int at) {
    close(watched[at].fd);
    count--;
    watched[at] = watched[count];
    peers[at] = peers[count];
}

static const char plain[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nok\n";
static const char held[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nup\n\r\n";

/// Answers the whole requests that `peer` has sent; -1 where it cannot be read any more.
static int answer(int socket, struct peer *peer) {
    for (;;) {
        peer->text[peer->have] = 0;
        char *head = strstr(peer->text, "\r\n\r\n");
        if (!head) return peer->have + 1 < room ? 0 : -1;
        size_t length = head - peer->text + 4;
        const char *body = strcasestr(peer->text, "\r\ncontent-length:");
        if (body && body < head) length += strtoul(body + 17, NULL, 10);
        if (length >= room) return -1;
        if (peer->have < length) return 0;
        const char *hold = strstr(peer->text, "/hold HTTP/");
        const char *words = hold && hold < head ? held : plain;
        if (send(socket, words, strlen(words), MSG_NOSIGNAL) < 0) return -1;
        memmove(peer->text, peer->text + length, peer->have - length);
        peer->have -= length;
    }
}

int main(void) {
    const char *port = getenv("PORT");
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(port ? atoi(port) : 9000)};
    int yes = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    signal(SIGTERM, end);  // as process 1 of a namespace it would not end otherwise
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (listener < 0 || bind(listener, (struct sockaddr *)&any, sizeof any) || listen(listener, 128)) {
        perror("answer: cannot listen");
        return 1;
    }
    watched[0] = (struct pollfd){listener, POLLIN, 0};
    while (poll(watched, count, -1) >= 0) {
        for (int i = count - 1; i > 0; i--) {
            if (!watched[i].revents) continue;
            ssize_t got = recv(watched[i].fd, peers[i].text + peers[i].have, room - 1 - peers[i].have, 0);
            if (got <= 0 || (peers[i].have += got, answer(watched[i].fd, &peers[i]))) forget(i);
        }
        if (watched[0].revents && count < most) {
            int peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
            if (peer < 0) continue;
            setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
            watched[count] = (struct pollfd){peer, POLLIN, 0};
            peers[count++].have = 0;
        }
    }
    return 1;
}
