// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Glibc
import LinuxSystem
import Sandbox

/// One layer to unpack, as the daemon asked for it.
struct UnpackOrder {
    var job: UInt64
    var diffID: Digest
    var offset: UInt64
    var length: UInt64
    var compression: LayerCompression
    var blob: Descriptor.Box
}

/// A running unpacker: a process of its own, with no network, that sees one empty folder and nothing else.
final class UnpackJob {
    let order: UnpackOrder
    let process: Descriptor
    let temporary: String
    let status: Descriptor.Box
    let complaints: Descriptor.Box
    let result: Descriptor.Box
    /// The last that it wrote to standard error.
    private(set) var complaint: [UInt8] = []
    private(set) var setupFailure: String?
    private let steps: [String]

    init(
        order: UnpackOrder, temporary: String, program: borrowing Descriptor, null: borrowing Descriptor, layers: CInt,
        starter: InstanceStarter
    ) throws {
        self.order = order
        self.temporary = temporary
        var status = stat()
        try systemCall("fstat") { fstat(order.blob.number, &status) }
        guard [S_IFREG, S_IFIFO].contains(status.st_mode & S_IFMT) else {
            throw UnpackFailure(reason: "the blob is neither a regular file nor a pipe")
        }
        try makeDirectory(layers, temporary, mode: 0o755)
        let target = Descriptor.Box(try cloneTree(layers, temporary))
        try target.descriptor.restrict([.noSetuid, .noDevices, .noExecution])
        let (complaints, result, socket) = (try Pipe(), try Pipe(), try MessageSocketPair())
        defer { withExtendedLifetime((target, complaints, result, socket)) {} }  // The plan holds numbers only.
        let plan = UnpackPlan.steps(
            target: target.number, program: program.number, blob: order.blob.number, null: null.number, complaints: complaints.write.number,
            result: result.write.number, status: socket.other.number,
            arguments: [
                "swiftlet-unpack", "/layer", "\(order.offset)", "\(order.length)", "\(order.compression)", order.diffID.hex,
            ])
        steps = plan.map(\.description)
        process = try starter.spawn(plan, namespaces: UnpackPlan.namespaces, status: socket.other.number)
        self.status = socket.one
        self.complaints = complaints.read
        self.result = result.read
        let number = complaints.read.number
        try systemCall("fcntl O_NONBLOCK") { fcntl(number, F_SETFL, O_NONBLOCK) }
    }

    /// Keeps the pipe empty, so that a wordy unpacker never waits.
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

    /// After the process has ended: what it made, or why not.
    func finish(_ end: ProcessEnd) -> Result<UnpackedLayer, UnpackFailure> {
        _ = drainComplaints()
        var buffer = [UInt8](repeating: 0, count: 64)
        if case .message(let bytes, _)? = try? receiveMessage(status.number, into: &buffer, descriptors: 0), bytes.count == 8 {
            return .failure(UnpackFailure(reason: SetupFailure(Array(bytes)).words(steps)))
        }
        let words = String(decoding: complaint, as: UTF8.self).split(separator: "\n").joined(separator: " ")
        switch end {
        case .exited(0):
            let line = (try? result.descriptor.readAll(limit: 256)).flatMap { $0 }.map { String(decoding: $0, as: UTF8.self) } ?? ""
            let fields = line.split { $0 == " " || $0 == "\n" }
            guard fields.count == 3, fields[0] == "ok", let entries = UInt64(fields[1]), let bytes = UInt64(fields[2]) else {
                return .failure(UnpackFailure(reason: "the unpacker gave no result"))
            }
            return .success(UnpackedLayer(entries: entries, bytes: bytes))
        case .exited(let status):
            return .failure(UnpackFailure(reason: words.isEmpty ? "the unpacker ended with status \(status)" : words))
        case .signaled(let signal):
            return .failure(UnpackFailure(reason: "the unpacker was ended by signal \(signal)\(words.isEmpty ? "" : ": \(words)")"))
        }
    }
}

/// What a child's step runner sent: the number of the step and errno.
struct SetupFailure {
    var step: Int32
    var errno: Int32

    init(_ bytes: [UInt8]) {
        func number(_ part: ArraySlice<UInt8>) -> Int32 { Int32(bitPattern: part.reversed().reduce(0) { $0 << 8 | UInt32($1) }) }
        step = number(bytes[0..<4])
        errno = number(bytes[4..<8])
    }

    /// `mount proc on /proc: EINVAL (step 8 of 40)`
    func words(_ steps: [String]) -> String {
        let name = steps.indices.contains(Int(step)) ? steps[Int(step)] : "an unknown step"
        return "\(name): \(SystemCallError.name(of: errno)) (step \(step + 1) of \(steps.count))"
    }
}
