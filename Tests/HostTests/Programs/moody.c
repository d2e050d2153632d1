// SPDX-License-Identifier: Apache-2.0
// A function that does what its event asks for: "fail" is an error, "once" one at the first attempt only, "die" ends the program, "sleep" takes a
// minute, "nap" half a second, "later" is answered 503 with Retry-After, "your head" is an error that has the whole request in it, "your layer" is answered by its file
// "word"; anything else is echoed. A process a connection, so that it may serve several calls at once.
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

static void answer(int client, const char *status, const char *fields, const char *body) {
    dprintf(client, "HTTP/1.1 %s\r\nContent-Length: %zu\r\nConnection: close\r\n%s\r\n%s", status, strlen(body), fields, body);
}

static const char *word_of_layer(void) {
    static char word[256];
    FILE *file = fopen("/opt/word", "r");
    if (file) word[fread(word, 1, sizeof word - 1, file)] = 0, fclose(file);
    return word;
}

static void serve(int client) {
    static char request[262144];
    size_t length = 0, wanted = 0;
    char *body = NULL;
    while (!body || length < wanted) {
        ssize_t more = read(client, request + length, sizeof request - 1 - length);
        if (more <= 0) return;
        request[length += (size_t)more] = 0;
        if (!body && (body = strstr(request, "\r\n\r\n"))) {
            char *field = strcasestr(request, "\r\ncontent-length:");
            body += 4;
            wanted = (size_t)(body - request) + (field && field < body ? strtoul(field + 17, NULL, 10) : 0);
        }
    }
    int first = strcasestr(request, "\r\nx-fc-retry-count: 0\r\n") != NULL;
    if (strstr(body, "die")) kill(getppid(), SIGKILL), _exit(7);
    if (strstr(body, "sleep")) sleep(60);
    if (strstr(body, "nap")) usleep(500000);
    if (strstr(body, "later") && first) return answer(client, "503 Busy", "Retry-After: 1\r\n", "not now");
    if (strstr(body, "fail") || (strstr(body, "once") && first)) return answer(client, "500 No", "x-fc-status: 404\r\n", "it went wrong");
    if (strstr(body, "your head")) return answer(client, "500 No", "x-fc-status: 404\r\n", request);
    answer(client, "200 OK", "", strstr(body, "your layer") ? word_of_layer() : body);
}

int main(void) {
    signal(SIGCHLD, SIG_IGN);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(9000)};
    int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 64)) return 1;
    for (;;) {
        int client = accept(listener, NULL, NULL);
        if (client < 0) continue;
        if (fork() == 0) {
            serve(client);
            _exit(0);
        }
        close(client);
    }
}
