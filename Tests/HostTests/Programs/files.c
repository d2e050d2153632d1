// SPDX-License-Identifier: Apache-2.0
// A server on port 9000 that answers with the file whose path the request's body is, or "none".
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

static void answer(int client) {
    static char head[65536];
    size_t length = 0, body = 0;
    char *end = NULL;
    while (!end || length < (size_t)(end - head) + body) {
        ssize_t count = read(client, head + length, sizeof head - 1 - length);
        if (count <= 0) return;
        length += (size_t)count;
        head[length] = 0;
        if (!end && (end = strstr(head, "\r\n\r\n"))) {
            end += 4;
            char *field = strcasestr(head, "content-length:");
            body = field ? strtoul(field + 15, NULL, 10) : 0;
        }
    }
    end[body] = 0;
    static char file[32 << 20];
    size_t size = 0;
    int descriptor = open(end, O_RDONLY);
    if (descriptor < 0) size = (size_t)sprintf(file, "none\n");
    for (ssize_t count; descriptor >= 0 && (count = read(descriptor, file + size, sizeof file - size)) > 0;) size += (size_t)count;
    if (descriptor >= 0) close(descriptor);
    dprintf(client, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n", size);
    for (size_t done = 0; done < size;) {
        ssize_t count = write(client, file + done, size - done);
        if (count <= 0) return;
        done += (size_t)count;
    }
}

int main(void) {
    int listener = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(9000), .sin_addr.s_addr = htonl(INADDR_ANY)};
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 128) != 0) return 1;
    for (;;) {
        int client = accept(listener, NULL, NULL);
        if (client < 0) continue;
        answer(client);
        close(client);
    }
}
