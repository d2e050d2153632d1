// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include "clinux.h"

#include <sys/syscall.h>
#include <unistd.h>

// The newest form of the structure, whatever the headers of the machine that builds: an older kernel takes it where what it does not know is 0.
struct ruleset {
    uint64_t files, network, scopes;
};
struct beneath {
    uint64_t files;
    int32_t descriptor;
} __attribute__((packed));

enum { version = 1, path_beneath = 1 };

int clinux_landlock_version(void) { return (int)syscall(SYS_landlock_create_ruleset, NULL, 0, version); }

int clinux_landlock_rules(uint64_t files, uint64_t network, uint64_t scopes) {
    struct ruleset rules = {files, network, scopes};
    return (int)syscall(SYS_landlock_create_ruleset, &rules, sizeof rules, 0);
}

int clinux_landlock_allow(int rules, int descriptor, uint64_t files) {
    struct beneath rule = {files, descriptor};
    return (int)syscall(SYS_landlock_add_rule, rules, path_beneath, &rule, 0);
}
