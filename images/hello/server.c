// SPDX-License-Identifier: Apache-2.0
// The smallest sample: an HTTP/1.1 server in one static file. One thread serves all connections, each kept alive.
//   POST /invoke  answers "hello " and the event, or "hello world" where the event is empty
//   GET /healthz  answers "ok"
//   anything else answers with its method and path
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST_CONNECTIONS = 256, HEAD_BYTES = 16 * 1024, BODY_BYTES = 1 << 20 };

struct connection {
    char *bytes; // what has come and was not answered yet
    size_t length, room;
};

static struct pollfd polls[MOST_CONNECTIONS + 1];
static struct connection connections[MOST_CONNECTIONS + 1];
static int count = 1;

static int send_all(int socket, const char *bytes, size_t length) {
    while (length > 0) {
        ssize_t sent = send(socket, bytes, length, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) return -1;
        bytes += sent;
        length -= (size_t)sent;
    }
    return 0;
}

static int answer(int socket, const char *status, const char *first, const char *rest, size_t length, int close_after) {
    char head[256];
    size_t first_length = strlen(first);
    int head_length = snprintf(head, sizeof head, "HTTP/1.1 %s\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n%s\r\n", status,
                               first_length + length, close_after ? "Connection: close\r\n" : "");
    // One packet for what is small: the head would otherwise wait for its own acknowledgement.
    char small[4096];
    if ((size_t)head_length + first_length + length <= sizeof small) {
        memcpy(small, head, (size_t)head_length);
        memcpy(small + head_length, first, first_length);
        memcpy(small + head_length + first_length, rest, length);
        return send_all(socket, small, (size_t)head_length + first_length + length);
    }
    if (send_all(socket, head, (size_t)head_length) || send_all(socket, first, first_length)) return -1;
    return send_all(socket, rest, length);
}

// The value of a field of the head, or NULL.
static const char *field(const char *head, const char *end, const char *name) {
    size_t length = strlen(name);
    for (const char *line = strstr(head, "\r\n"); line && line < end; line = strstr(line + 2, "\r\n"))
        if (!strncasecmp(line + 2, name, length) && line[2 + length] == ':') return line + 3 + length + strspn(line + 3 + length, " \t");
    return NULL;
}

// Answers the requests that are complete. Returns -1 where the connection is to be closed.
static int serve(int socket, struct connection *c) {
    for (;;) {
        c->bytes[c->length] = 0;
        char *end = memmem(c->bytes, c->length, "\r\n\r\n", 4);
        if (!end) return c->length < HEAD_BYTES ? 0 : -1;
        size_t head_length = (size_t)(end - c->bytes) + 4;
        if (field(c->bytes, end, "transfer-encoding")) return answer(socket, "411 Length Required", "send a Content-Length\n", "", 0, 1), -1;
        const char *text = field(c->bytes, end, "content-length");
        size_t body_length = text ? strtoul(text, NULL, 10) : 0;
        if (body_length > BODY_BYTES) return answer(socket, "413 Content Too Large", "at most 1 MiB\n", "", 0, 1), -1;
        if (c->length < head_length + body_length) return 0;
        const char *connection = field(c->bytes, end, "connection");
        int close_after = connection && !strncasecmp(connection, "close", 5);
        const char *body = c->bytes + head_length;
        int failed;
        if (!strncmp(c->bytes, "POST /invoke ", 13)) {
            failed = body_length ? answer(socket, "200 OK", "hello ", body, body_length, close_after)
                                 : answer(socket, "200 OK", "hello world", "", 0, close_after);
        } else if (!strncmp(c->bytes, "GET /healthz ", 13)) {
            failed = answer(socket, "200 OK", "ok", "", 0, close_after);
        } else {
            size_t line = strcspn(c->bytes, "\r\n");
            if (line > 9 && !strncmp(c->bytes + line - 9, " HTTP/1.", 8)) line -= 9;
            failed = answer(socket, "200 OK", "hello from ", c->bytes, line, close_after);
        }
        if (failed || close_after) return -1;
        c->length -= head_length + body_length;
        memmove(c->bytes, body + body_length, c->length);
    }
}

static void forget(int index) {
    close(polls[index].fd);
    free(connections[index].bytes);
    count--;
    polls[index] = polls[count];
    connections[index] = connections[count];
}

static void receive(int index) {
    struct connection *c = &connections[index];
    if (c->length + 4096 > c->room) {
        size_t room = c->room ? c->room * 2 : 8192;
        char *bytes = room <= HEAD_BYTES + BODY_BYTES * 2 ? realloc(c->bytes, room + 1) : NULL;
        if (!bytes) return forget(index);
        c->bytes = bytes;
        c->room = room;
    }
    ssize_t length = recv(polls[index].fd, c->bytes + c->length, c->room - c->length, 0);
    if (length < 0 && errno == EINTR) return;
    if (length <= 0) return forget(index);
    c->length += (size_t)length;
    if (serve(polls[index].fd, c)) forget(index);
}

static void stop(int signal) {
    (void)signal;
    _exit(0);
}

int main(void) {
    const char *port = getenv("PORT");
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(port ? port : "9000"))};
    int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
    // Process 1 of a container has no default action for signals: without this, SIGTERM would be ignored.
    signal(SIGTERM, stop);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 128)) {
        perror("hello: cannot listen");
        return 1;
    }
    polls[0] = (struct pollfd){.fd = listener, .events = POLLIN};
    for (;;) {
        polls[0].events = count <= MOST_CONNECTIONS ? POLLIN : 0;
        if (poll(polls, (nfds_t)count, -1) < 0) continue;
        for (int index = count - 1; index > 0; index--)
            if (polls[index].revents) receive(index);
        if (!polls[0].revents) continue;
        int client = accept(listener, NULL, NULL);
        if (client < 0) continue;
        connections[count] = (struct connection){0};
        polls[count++] = (struct pollfd){.fd = client, .events = POLLIN};
    }
}
