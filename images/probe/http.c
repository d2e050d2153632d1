// SPDX-License-Identifier: Apache-2.0
// A small HTTP/1.1 server: a process a connection, kept alive; bodies up to 64 KiB with a Content-Length.
#include "http.h"
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { room = 80 * 1024 };

static int write_all(int to, const char *bytes, size_t count) {
    while (count) {
        ssize_t wrote = send(to, bytes, count, MSG_NOSIGNAL);
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote <= 0) return -1;
        bytes += wrote, count -= wrote;
    }
    return 0;
}

/// One request from `text`; answers its length, 0 while more is needed, -1 on what it cannot read.
static long whole_request(const char *text, size_t have) {
    const char *end = strstr(text, "\r\n\r\n");
    if (!end) return have >= room - 1 ? -1 : 0;
    long head = end - text + 4, body = 0;
    const char *length = strcasestr(text, "\r\ncontent-length:");
    if (length && length < end) body = strtol(length + 17, NULL, 10);
    if (body < 0 || head + body >= room) return -1;
    return head + body <= (long)have ? head + body : 0;
}

static void serve(int peer, http_handler handler) {
    static char text[room];
    size_t have = 0;
    for (;;) {
        text[have] = 0;
        long length = whole_request(text, have);
        if (length < 0) return;
        if (length == 0) {
            ssize_t got = recv(peer, text + have, room - 1 - have, 0);
            if (got < 0 && errno == EINTR) continue;
            if (got <= 0) return;
            have += got;
            continue;
        }
        char kept = text[length], method[16] = "", target[512] = "", head[160];
        text[length] = 0;
        sscanf(text, "%15s %511s", method, target);
        struct json body = {0};
        int status = handler(&body, method, target, strstr(text, "\r\n\r\n") + 4);
        int size = snprintf(head, sizeof head, "HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n", status,
                            status == 200 ? "OK" : "Not Found", body.length);
        int failed = write_all(peer, head, size) || write_all(peer, body.text, body.length);
        json_free(&body);
        if (failed) return;
        text[length] = kept;
        memmove(text, text + length, have - length);
        have -= length;
    }
}

int http_serve(int port, http_handler handler) {
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (listener < 0 || bind(listener, (struct sockaddr *)&any, sizeof any) || listen(listener, 128)) {
        perror("probe: cannot listen");
        return 1;
    }
    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        int peer = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (peer < 0) continue;
        // PROBE_INLINE: no process a connection, so that what happens to this one happens to the server.
        pid_t child = getenv("PROBE_INLINE") ? -1 : fork();
        if (child <= 0) {
            signal(SIGCHLD, SIG_DFL);
            serve(peer, handler);
            if (child == 0) _exit(0);
            signal(SIGCHLD, SIG_IGN);
        }
        close(peer);
    }
}
