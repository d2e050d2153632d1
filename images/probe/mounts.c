// SPDX-License-Identifier: Apache-2.0
// Every mount with its flags, as /proc/self/mountinfo tells it.
#include "report.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void report_mounts(struct json *j) {
    static const char *const keys[] = {NULL, NULL, NULL, "root", "point", "flags"};
    FILE *file = fopen("/proc/self/mountinfo", "re");
    json_open(j, "mounts", '[');
    char *line = NULL;
    size_t room = 0;
    while (file && getline(&line, &room, file) > 0) {
        line[strcspn(line, "\n")] = 0;
        char *tail = strstr(line, " - ");
        if (!tail) continue;
        *tail = 0;
        json_open(j, NULL, '{');
        char *rest = line, *word;
        for (int field = 0; (word = strsep(&rest, " ")); field++) {
            if (field < 6 && keys[field]) json_string(j, keys[field], word);
            // Optional fields: shared:N or master:N say that mounts travel in or out.
            if (field >= 6 && *word) json_string(j, "propagation", word);
        }
        rest = tail + 3;
        static const char *const after[] = {"type", "source", "options"};
        for (int field = 0; field < 3 && (word = strsep(&rest, " ")); field++) json_string(j, after[field], word);
        json_close(j, '}');
    }
    json_close(j, ']');
    free(line);
    if (file) fclose(file);
}
