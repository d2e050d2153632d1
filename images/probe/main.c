// SPDX-License-Identifier: Apache-2.0
// Reports from inside a sandbox what it sees and can do.
//   probe                serves HTTP on $PORT (default 9000): GET /healthz, GET /report, POST /invoke {"try":"report"|"forkbomb"|…,"most":N}
//   probe report         prints the report
//   probe KIND N         lets a bomb go off, at most N
// It does no harm where everything is allowed: calls are made with arguments that fail after the permission check.
#include "http.h"
#include "report.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/// The value of `"name": "value"` or `"name": 12` in a flat JSON object, cut at `room`.
static int field(const char *content, const char *name, char *into, int room) {
    char wanted[48];
    snprintf(wanted, sizeof wanted, "\"%s\"", name);
    const char *at = strstr(content, wanted);
    if (!at || !(at = strchr(at + strlen(wanted), ':'))) return 0;
    at += 1 + strspn(at + 1, " \t\"");
    snprintf(into, room, "%.*s", (int)strcspn(at, "\",}"), at);
    return 1;
}

/// What the host tells of itself comes with the call where it cannot come with the environment.
static void remember(const char *content) {
    static const char *const names[][2] = {{"loopbackPort", "PROBE_LOOPBACK_PORT"}, {"abstract", "PROBE_ABSTRACT"},
        {"hostNetwork", "PROBE_HOST_NETWORK"}, {"otherPort", "PROBE_OTHER_PORT"}, {"networkIsOurs", "PROBE_NETWORK_IS_OURS"}};
    char value[128];
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
        if (field(content, names[i][0], value, sizeof value)) setenv(names[i][1], value, 1);
}

static long usual(const char *kind) { return !strcmp(kind, "forkbomb") ? 2000 : !strcmp(kind, "filebomb") ? 200000 : 512; }

static int handle(struct json *body, const char *method, const char *target, const char *content) {
    char kind[48] = "report", most[24] = "0";
    if (!strncmp(target, "/healthz", 8)) {
        json_string(body, NULL, "ok");
        return 200;
    }
    if (!strncmp(target, "/report", 7)) {
        report_everything(body);
        return 200;
    }
    if (strncmp(target, "/invoke", 7) || strcmp(method, "POST")) {
        json_string(body, NULL, "GET /healthz, GET /report or POST /invoke");
        return 404;
    }
    remember(content);
    field(content, "try", kind, sizeof kind);
    field(content, "most", most, sizeof most);
    if (!strcmp(kind, "report")) report_everything(body);
    else bomb(body, kind, atol(most) > 0 ? atol(most) : usual(kind));
    return 200;
}

static int print(struct json *body) {
    fwrite(body->text, 1, body->length, stdout);
    puts("");
    return fflush(stdout) ? 1 : 0;
}

int main(int count, char **arguments) {
    descriptors_remember();
    struct json body = {0};
    if (count >= 2 && !strcmp(arguments[1], "report")) {
        report_everything(&body);
        return print(&body);
    }
    if (count >= 2) {
        bomb(&body, arguments[1], count > 2 ? atol(arguments[2]) : usual(arguments[1]));
        return print(&body);
    }
    return http_serve((int)environment_number("PORT", environment_number("FC_CUSTOM_LISTEN_PORT", 9000)), handle);
}
