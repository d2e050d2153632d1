// SPDX-License-Identifier: Apache-2.0
import Glibc

/// Writes a line to standard error, in one call. A standard error that takes nothing is not an error worth more words.
public func writeToStandardError(_ line: String) {
    let text = line + "\n"
    text.withCString { _ = write(2, $0, strlen($0)) }
}
