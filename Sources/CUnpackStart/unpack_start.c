// SPDX-License-Identifier: Apache-2.0
#include "unpack_start.h"
#include <langinfo.h>
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

// libarchive drops a name of a zip that it cannot put into the character set of the locale, and asks for that set here. There is no locale file where
// this program runs, and names are bytes to Linux: those of a zip are UTF-8. A tar's names must stay the bytes that they are, and in a UTF-8 locale
// libarchive composes them ("a" and an accent become one character).
static int is_utf8;
void unpack_take_names_as_utf8(void) { is_utf8 = 1; }
char *nl_langinfo(nl_item item) { return item != CODESET ? "" : is_utf8 ? "UTF-8" : "ANSI_X3.4-1968"; }

const char *unpack_argument(int number) { return number >= 0 && number < count ? arguments[number] : NULL; }
