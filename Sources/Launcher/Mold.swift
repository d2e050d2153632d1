// SPDX-License-Identifier: Apache-2.0
import CLinux
import CMold
import LinuxSystem

/// The process that instances are cloned from, in place of the launcher: what a clone costs, and what an instance's process 1 keeps, grows with the memory
/// of whoever is cloned. Its end is the launcher's.
final class Mold {
    let process: Descriptor
    private let socket: Descriptor

    /// It has the working folder, the namespaces and the limits that this process has now.
    ///
    /// - Parameters:
    ///   - program: its file.
    ///   - capabilities: the most that an instance can ever have.
    init(_ program: borrowing Descriptor, capabilities: UInt64) throws(SystemCallError) {
        var pidfd: CInt = -1
        let number = program.number
        socket = Descriptor(owning: try systemCall("start the mold") { mold_start(number, capabilities, &pidfd) })
        process = Descriptor(owning: pidfd)
    }

    /// Steps may load this filter from now on.
    func keep(_ filter: borrowing SeccompFilter) throws(SystemCallError) {
        let (instructions, count) = (filter.instructions, UInt32(filter.count))
        try systemCall("give the mold a filter") { mold_keep_filter(socket.number, instructions, count) }
    }

    /// - Returns: the pidfd of a child of this process that walks the steps.
    func spawn(_ steps: [clinux_step], flags: UInt64, cgroup: CInt, status: CInt) throws(SystemCallError) -> Descriptor {
        var pidfd: CInt = -1
        try systemCall("clone3") { mold_spawn(socket.number, flags, cgroup, &pidfd, steps, Int32(steps.count), status) }
        return Descriptor(owning: pidfd)
    }

    /// Makes the other end of a status socket one over which ``goOn(_:_:)`` can send.
    func widen(_ status: CInt) throws(SystemCallError) { try systemCall("widen a socket") { mold_widen(status) } }

    static let sendPlan = "send a plan"

    /// - Parameter child: the launcher's end of the status socket of a child that waits for these steps.
    func goOn(_ child: CInt, _ steps: [clinux_step]) throws(SystemCallError) {
        try systemCall(Self.sendPlan) { mold_go_on(child, steps, Int32(steps.count)) }
    }
}
