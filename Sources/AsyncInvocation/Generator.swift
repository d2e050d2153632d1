// SPDX-License-Identifier: Apache-2.0

/// Makes a generator of a closure.
struct Generator: RandomNumberGenerator {
    let nextValue: @Sendable () -> UInt64

    init(next: @escaping @Sendable () -> UInt64) { nextValue = next }

    mutating func next() -> UInt64 { nextValue() }
}
