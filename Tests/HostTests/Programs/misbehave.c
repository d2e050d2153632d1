// SPDX-License-Identifier: Apache-2.0
// A function that goes wrong in the way that its first argument names; otherwise it is a server of one connection at a time.
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *mode = "";

static void answer(int client, const char *text) {
    dprintf(client, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s", strlen(text), text);
}

static void invoke(int client) {
    if (!strcmp(mode, "memory"))
        for (;;) memset(malloc(1 << 20), 1, 1 << 20);
    if (!strcmp(mode, "long-line")) {
        static char megabyte[1 << 20];
        memset(megabyte, 'x', sizeof megabyte);
        for (int count = 0; count < 10; count++) fwrite(megabyte, 1, sizeof megabyte, stdout);
        puts("\nafter the long line");
        fflush(stdout);
    }
    if (!strcmp(mode, "die")) _exit(7);
    if (!strcmp(mode, "sleep")) sleep(60);
    answer(client, "still here");
}

int main(int count, char **arguments) {
    if (count > 1) mode = arguments[1];
    signal(SIGPIPE, SIG_IGN);
    signal(SIGTERM, _exit);
    if (!strcmp(mode, "crash")) {
        fprintf(stderr, "reading the configuration\ncannot find /etc/app.conf\n");
        return 3;
    }
    if (!strcmp(mode, "deaf")) pause();
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(9000)};
    int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 64)) return 1;
    for (;;) {
        char request[65536];
        size_t length = 0;
        int client = accept(listener, NULL, NULL);
        do {
            ssize_t more = read(client, request + length, sizeof request - 1 - length);
            if (more <= 0) break;
            request[length += (size_t)more] = 0;
        } while (!strstr(request, "\r\n\r\n") && length < sizeof request - 1);
        if (length && !strncmp(request, "POST /invoke", 12)) invoke(client);
        else if (length) answer(client, "ok");
        close(client);
    }
}
