// SPDX-License-Identifier: Apache-2.0

/// Why bytes are refused as HTTP/1.1, in words.
struct Malformed: Error {
    var reason: String

    init(_ reason: String) { self.reason = reason }
}
