// SPDX-License-Identifier: Apache-2.0
import CNettle
import Glibc
import LinuxSystem
import Sandbox

/// What every `swiftlet-ahead` of a launcher is made from: that may have to be more than one, and the filter takes milliseconds.
final class ReadAheadTools {
    let filter: SeccompFilter
    let program: Descriptor
    private let state: StateDirectory
    let user: UInt32

    /// The folder of the lists becomes its user's.
    init(_ state: StateDirectory) throws(SystemCallError) {
        filter = try ReadAheadCalls.filter()
        program = try openAt(currentDirectory, "/proc/self/exe", flags: O_RDONLY)
        self.state = state
        user = ReadAheadPlan.user(seed: state.cgroupName)
        let (lists, owner) = (state.reads.number, user)
        try systemCall("fchown reads") { fchown(lists, owner, owner) }
    }

    /// Detached trees of what it sees.
    func trees() throws(SystemCallError) -> (layers: Descriptor.Box, lists: Descriptor.Box) {
        let layers = try cloneTree(state.layers.number, "")
        let lists = try cloneTree(state.reads.number, "")
        try layers.restrict([.readOnly, .noSetuid, .noDevices, .noExecution])
        try lists.restrict([.noSetuid, .noDevices, .noExecution])
        return (Descriptor.Box(layers), Descriptor.Box(lists))
    }
}

/// What the list of a program is kept under.
enum ProgramKey {
    static func of(_ spec: InstanceSpec) -> String {
        let bytes = spec.programIdentity
        var context = sha256_ctx()
        var digest = [UInt8](repeating: 0, count: ReadAheadBounds.key / 2)
        nettle_sha256_init(&context)
        nettle_sha256_update(&context, bytes.count, bytes)
        nettle_sha256_digest(&context, digest.count, &digest)
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
