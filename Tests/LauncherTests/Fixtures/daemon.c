// SPDX-License-Identifier: Apache-2.0
// Stands in for a daemon: says which version it speaks with its launcher, and writes a line to the file of its argument when it runs.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int count, char **arguments) {
    if (count > 1 && strcmp(arguments[1], "launcher-protocol") == 0) {
        printf("%d\n", VERSION);
        return 0;
    }
    if (FAILS) return 1;
    const char *told = getenv("SWIFTLET_LAUNCHER_PROTOCOL");
    dprintf(open(arguments[1], O_WRONLY | O_CREAT | O_APPEND, 0600), "%d %s\n", (int)getpid(), told ? told : "none");
    for (;;) pause();
}
