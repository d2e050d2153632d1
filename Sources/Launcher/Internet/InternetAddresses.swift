// SPDX-License-Identifier: Apache-2.0
import LinuxSystem

/// The addresses of one host's instances: a block of 4,096 in 198.18.0.0/15, which is kept for tests of network devices and so is nobody's on the
/// internet (RFC 2544). Each cable has two: even here, odd at its other end. The first is the one to the host's own network.
struct InternetAddresses: Hashable, Sendable {
    static let prefix: UInt8 = 20
    /// Cables to instances at once.
    static let cables: UInt32 = 2047

    let first: IPv4Address

    /// - Parameter seed: the same for the same host, so that two hosts on one machine seldom meet.
    init(seed: String) {
        let block = seed.utf8.reduce(UInt32(0)) { ($0 &* 31 &+ UInt32($1)) % 32 }
        first = IPv4Address(bits: 198 << 24 | 18 << 16 | block << 12)
    }

    var host: IPv4Address { first }
    var out: IPv4Address { first + 1 }
    /// - Parameter cable: 0 to ``cables`` - 1.
    func gateway(_ cable: UInt32) -> IPv4Address { first + 2 * (cable + 1) }
    func instance(_ cable: UInt32) -> IPv4Address { first + (2 * (cable + 1) + 1) }
}
