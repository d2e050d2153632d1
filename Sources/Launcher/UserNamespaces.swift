// SPDX-License-Identifier: Apache-2.0
import LinuxSystem
import Sandbox

/// One range of ids and the user namespace that has it. It outlives its instance: what follows it there finds no process, file or key of it.
final class UserNamespace {
    let descriptor: Descriptor.Box
    let first: UInt32

    fileprivate init(descriptor: Descriptor.Box, first: UInt32) {
        self.descriptor = descriptor
        self.first = first
    }
}

/// Gives each living instance a range of ids of its own, so that root in an image, and whoever else, is nobody on the host and in every other
/// instance. A namespace costs some tenths of a millisecond, so it is used again when its instance has ended.
final class UserNamespaces {
    /// The part of all ids that systemd keeps for containers which are made as they come is 0x00080000 to 0x6fffffff; this lies in it.
    /// Source: systemd's docs/UIDS-GIDS.md.
    private static let lowest: UInt32 = 0x1000_0000
    private static let ranges: UInt32 = 0x5000
    private static let ready = 4

    private var free: [UserNamespace] = []
    private var made: UInt32 = 0
    /// Where this host's ranges begin: two hosts on one machine then seldom meet.
    private let start: UInt32
    /// Processes that a namespace was born with; they have been killed.
    private var births: [Descriptor.Box] = []

    /// - Parameter seed: the same for the same state directory.
    init(seed: String) { start = seed.utf8.reduce(0) { ($0 &* 31 &+ UInt32($1)) % Self.ranges } }

    var wantsMore: Bool { free.count < Self.ready }
    /// Processes of namespaces may still be to be reaped.
    var hasBirths: Bool { !births.isEmpty }

    /// One that no living instance has.
    func take() throws(SystemCallError) -> UserNamespace {
        if let one = free.popLast() { return one }
        return try make()
    }

    func giveBack(_ users: UserNamespace) { free.append(users) }

    func prepareOne() throws(SystemCallError) { free.append(try make()) }

    /// Reaps the processes of namespaces that have ended.
    func tidy() throws(SystemCallError) {
        var left: [Descriptor.Box] = []
        for birth in births where try birth.descriptor.reap() == nil { left.append(birth) }
        births = left
    }

    private func make() throws(SystemCallError) -> UserNamespace {
        let first = Self.lowest + (start + made) % Self.ranges * InstanceUsers.count
        let (users, birth) = try makeUserNamespace(first: first, count: InstanceUsers.count)
        made += 1
        births.append(birth)
        return UserNamespace(descriptor: users, first: first)
    }
}
