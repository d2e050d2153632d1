// SPDX-License-Identifier: Apache-2.0
#include "unpack_start.h"
#include <stddef.h>
#include <stdlib.h>

static int count;
static char **arguments;

// Runs before the constructors of the Swift runtime, which looks for its crash reporter beside /proc/self/exe and aborts where it cannot;
// naming one, switched off, keeps it from looking. glibc hands argc and argv to constructors.
__attribute__((constructor(101))) static void start(int argc, char **argv) {
    count = argc;
    arguments = argv;
    setenv("SWIFT_BACKTRACE", "enable=no,swift-backtrace=/none", 1);
}

const char *unpack_argument(int number) { return number >= 0 && number < count ? arguments[number] : NULL; }
