// SPDX-License-Identifier: Apache-2.0
import Glibc
import LinuxSystem
import Sandbox

/// One of the processes that unpack a layer, with the sockets by which it tells what is wrong.
final class UnpackProcess {
    let process: Descriptor
    let complaints: Descriptor.Box
    /// How it ended; nil while it runs.
    private(set) var end: ProcessEnd?
    /// Whether the end of its complaints was read.
    var isSilent = false
    private let status: Descriptor.Box
    private let steps: [String]
    /// The last that it wrote to standard error.
    private var complaint: [UInt8] = []

    /// - Parameters:
    ///   - plan: makes the steps, given what the process writes complaints and failed steps to.
    ///   - spawn: makes the process, given the plan and the number for failed steps.
    init(
        plan: (_ complaints: CInt, _ status: CInt) -> [SetupStep], spawn: ([SetupStep], CInt) throws(SystemCallError) -> Descriptor
    ) throws(SystemCallError) {
        let (complaints, socket) = (try Pipe(), try MessageSocketPair())
        defer { withExtendedLifetime((complaints, socket)) {} }  // The plan holds numbers only.
        let plan = plan(complaints.write.number, socket.other.number)
        steps = plan.map(\.description)
        process = try spawn(plan, socket.other.number)
        status = socket.one
        self.complaints = complaints.read
        let number = complaints.read.number
        try systemCall("fcntl O_NONBLOCK") { fcntl(number, F_SETFL, O_NONBLOCK) }
    }

    /// Keeps the pipe empty, so that a wordy process never waits.
    ///
    /// - Returns: false at the end.
    func drainComplaints() -> Bool {
        var buffer = [UInt8](repeating: 0, count: 4096)
        for _ in 0..<16 {
            let count = read(complaints.number, &buffer, buffer.count)
            if count == 0 { return false }
            if count < 0 { return errno == EAGAIN || errno == EINTR }
            complaint = Array((complaint + buffer[..<count]).suffix(WireBounds.sentence))
        }
        return true
    }

    /// - Returns: whether it has ended with this call.
    func reap() throws(SystemCallError) -> Bool {
        guard end == nil, let end = try process.reap() else { return false }
        self.end = end
        _ = drainComplaints()
        return true
    }

    /// Kills it and waits for that, which takes less than a millisecond: for a process that is not needed after all.
    func endNow() throws(SystemCallError) {
        try process.signal(SIGKILL)
        while try !reap() { usleep(100) }
    }

    /// Why it failed, after its end; nil where it did its work.
    ///
    /// - Parameter name: what it is, for a process that says nothing itself.
    func failure(of name: String) throws(SystemCallError) -> String? {
        var buffer = [UInt8](repeating: 0, count: 64)
        if case .message(let bytes, _) = try receiveMessage(status.number, into: &buffer, descriptors: 0), bytes.count == 8 {
            return SetupFailure(Array(bytes)).words(steps)
        }
        let words = String(decoding: complaint, as: UTF8.self).split(separator: "\n").joined(separator: " ")
        return switch end {
        case nil, .exited(0): nil
        case .exited(let status): words.isEmpty ? "\(name) ended with status \(status)" : words
        case .signaled(let signal): "\(name) was ended by signal \(signal)\(words.isEmpty ? "" : ": \(words)")"
        }
    }
}
