// SPDX-License-Identifier: Apache-2.0

/// Why a verb failed, as it is printed on stderr: it names the thing and the way out. The exit status is 1.
struct CommandFailure: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}
