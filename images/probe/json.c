// SPDX-License-Identifier: Apache-2.0
#include "json.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void put(struct json *j, const char *bytes, size_t count) {
    if (j->length + count + 1 > j->room) {
        size_t room = (j->length + count + 1) * 2;
        char *text = realloc(j->text, room);
        if (!text) abort();
        j->text = text;
        j->room = room;
    }
    memcpy(j->text + j->length, bytes, count);
    j->length += count;
    j->text[j->length] = 0;
}

static void quoted(struct json *j, const char *bytes, size_t count) {
    put(j, "\"", 1);
    for (size_t i = 0; i < count; i++) {
        unsigned char c = bytes[i];
        char escaped[8];
        if (c == '"' || c == '\\') {
            escaped[0] = '\\', escaped[1] = c;
            put(j, escaped, 2);
        } else if (c < 0x20 || c > 0x7e) {
            put(j, escaped, snprintf(escaped, sizeof escaped, "\\u%04x", c));
        } else {
            put(j, (const char *)&c, 1);
        }
    }
    put(j, "\"", 1);
}

static void before(struct json *j, const char *key) {
    if (j->comma) put(j, ",", 1);
    j->comma = 1;
    if (!key) return;
    quoted(j, key, strlen(key));
    put(j, ":", 1);
}

void json_open(struct json *j, const char *key, char bracket) {
    before(j, key);
    put(j, &bracket, 1);
    j->comma = 0;
}

void json_close(struct json *j, char bracket) {
    put(j, &bracket, 1);
    j->comma = 1;
}

void json_bytes(struct json *j, const char *key, const char *value, size_t length) {
    before(j, key);
    quoted(j, value, length);
}

void json_string(struct json *j, const char *key, const char *value) { json_bytes(j, key, value, strlen(value)); }

void json_number(struct json *j, const char *key, long long value) {
    char digits[32];
    before(j, key);
    put(j, digits, snprintf(digits, sizeof digits, "%lld", value));
}

void json_free(struct json *j) {
    free(j->text);
    *j = (struct json){0};
}
