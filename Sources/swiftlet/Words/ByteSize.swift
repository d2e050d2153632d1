// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

/// A number of bytes as it is typed: `20GiB`, `500MiB`, or digits alone.
package struct ByteSize: ExpressibleByArgument, Hashable, Sendable {
    package var bytes: UInt64

    package init?(argument: String) {
        var digits = argument[...]
        var shift: UInt64 = 0
        for (unit, bits) in [("KiB", 10), ("MiB", 20), ("GiB", 30), ("TiB", 40)] as [(String, UInt64)] where argument.hasSuffix(unit) {
            (digits, shift) = (argument.dropLast(3), bits)
        }
        guard let number = UInt64(digits), number > 0, number <= UInt64(Int64.max) >> shift else { return nil }
        bytes = number << shift
    }
}
