// SPDX-License-Identifier: Apache-2.0
#pragma once
// What lets a Swift program start in a root without /proc.

/// The argument with this number, the program's own name being 0; NULL where there is none. Swift's CommandLine reads /proc/self/cmdline.
const char *unpack_argument(int number);

/// From here on libarchive takes names as UTF-8, as a zip needs.
void unpack_take_names_as_utf8(void);
