// SPDX-License-Identifier: Apache-2.0
// A function without a server: it answers the event in its environment by what it prints, and ends. "fail N" ends with N, "sleep" does not end.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(void) {
    const char *event = getenv("FC_CUSTOM_CONTAINER_EVENT");
    if (!event) return 99;
    printf("got %s\n", event);
    fflush(stdout);
    if (!strcmp(event, "sleep")) pause();
    return strncmp(event, "fail ", 5) ? 0 : atoi(event + 5);
}
