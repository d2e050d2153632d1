// SPDX-License-Identifier: Apache-2.0
// A function that is told of its beginning and its end. Its first argument says what is wrong with it:
//   refuses   its initializer fails
// An event "sick N" makes its next N health checks fail. All it is told it prints.
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void answer(int client, const char *status, const char *text) {
    dprintf(client, "HTTP/1.1 %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s", status, strlen(text), text);
}

int main(int count, char **arguments) {
    const char *mode = count > 1 ? arguments[1] : "";
    int initialized = 0, sick = 0, one = 1;
    signal(SIGPIPE, SIG_IGN);
    signal(SIGTERM, _exit);
    setvbuf(stdout, NULL, _IOLBF, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(9000)};
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 64)) return 1;
    for (;;) {
        char request[65536], words[64];
        size_t length = 0;
        int client = accept(listener, NULL, NULL);
        char *body = NULL;
        for (;;) {
            ssize_t more = read(client, request + length, sizeof request - 1 - length);
            if (more <= 0) break;
            request[length += (size_t)more] = 0;
            if (!body && (body = strstr(request, "\r\n\r\n"))) body += 4;
            const char *field = strcasestr(request, "content-length:");
            if (body && (!field || strlen(body) >= strtoul(field + 15, NULL, 10))) break;
        }
        if (!strncmp(request, "POST /initialize ", 17)) {
            printf("told to begin, %s\n", strcasestr(request, "x-fc-control-path: /initialize") ? "by the host" : "by a stranger");
            initialized++;
            answer(client, strcmp(mode, "refuses") ? "200 OK" : "500 No", "");
        } else if (!strncmp(request, "GET /pre-stop ", 14)) {
            printf("told to end\n");
            answer(client, "200 OK", "");
        } else if (!strncmp(request, "GET /healthz ", 13)) {
            answer(client, sick > 0 ? "503 Sick" : "200 OK", "");
            if (sick > 0) printf("sick %d\n", sick--);
        } else if (length) {
            if (body && !strncmp(body, "sick ", 5)) sick = atoi(body + 5);
            snprintf(words, sizeof words, "initialized %d times", initialized);
            answer(client, "200 OK", words);
        }
        close(client);
    }
}
