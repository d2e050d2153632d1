// SPDX-License-Identifier: Apache-2.0
#pragma once
// Writes one JSON text into a buffer that grows. Commas are put by the writer; a key is NULL inside a list.
#include <stddef.h>

struct json {
    char *text;
    size_t length, room;
    int comma;
};

void json_open(struct json *j, const char *key, char bracket);
void json_close(struct json *j, char bracket);
void json_string(struct json *j, const char *key, const char *value);
void json_bytes(struct json *j, const char *key, const char *value, size_t length);
void json_number(struct json *j, const char *key, long long value);
void json_free(struct json *j);
