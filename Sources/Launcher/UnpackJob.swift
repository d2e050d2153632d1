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
    var limits: UnpackLimits
    var blob: Descriptor.Box
    /// The page of what all layers may take, and this one's place in it.
    var room: (page: Descriptor.Box, place: UInt16)?

    var comesByPipe: Bool {
        var status = stat()
        return fstat(blob.number, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO
    }
}

/// A running unpacker: a process of its own, with no network, that sees one empty folder and nothing else; and, where the layer is compressed,
/// in front of it another that takes the compression off and sees nothing at all.
final class UnpackJob {
    let order: UnpackOrder
    let temporary: String
    /// Set when the time that the layer may take is over.
    var isOverdue = false
    /// Set when the daemon that wants the layer is gone: the next one counts its jobs anew.
    var isOrphan = false
    private let unpacker: UnpackProcess
    private let inflater: UnpackProcess?
    private let result: Descriptor.Box

    var processes: [UnpackProcess] { [unpacker] + (inflater.map { [$0] } ?? []) }

    init(
        order: UnpackOrder, temporary: String, tools: UnpackTools, null: borrowing Descriptor, layers: CInt
    ) throws {
        self.order = order
        self.temporary = temporary
        var status = stat()
        try systemCall("fstat") { fstat(order.blob.number, &status) }
        guard [S_IFREG, S_IFIFO].contains(status.st_mode & S_IFMT) else {
            throw UnpackFailure(reason: "the blob is neither a regular file nor a pipe")
        }
        if order.compression.isStream, tools.inflater == nil {
            throw UnpackFailure(reason: "swiftlet-inflate does not lie beside swiftlet-launcher: build or install it")
        }
        try makeDirectory(layers, temporary, mode: 0o755)
        let target = Descriptor.Box(try cloneTree(layers, temporary))
        try target.descriptor.restrict([.noSetuid, .noDevices, .noExecution])
        let rules = try tools.rules(target: target.number)
        let result = try Pipe()
        let tar = order.compression.isStream ? try Self.makePipe() : nil
        let form = order.compression == .zip ? "zip" : tar == nil ? "plain" : "inflated"
        defer { withExtendedLifetime((target, rules, result, tar)) {} }  // The plans hold numbers only.
        inflater = try tar.map { try Self.startInflater(order, tools, output: $0.write.number) }
        let (emptyNumber, rulesNumber) = (null.number, rules?.descriptor.number)
        do {
            unpacker = try UnpackProcess { complaints, status in
                UnpackPlan.steps(
                    target: target.number, result: result.write.number, null: emptyNumber,
                    UnpackDescriptors(
                        program: tools.unpacker.number, input: tar?.read.number ?? order.blob.number, output: emptyNumber,
                        complaints: complaints, status: status, rules: rulesNumber),
                    room: order.room?.page.number, seconds: order.limits[.seconds],
                    arguments: [
                        "swiftlet-unpack", "/layer", "\(tar == nil ? order.offset : 0)", "\(order.length)", form,
                        order.diffID.hex, "\(order.limits)",
                    ] + (order.room.map { ["\($0.place)"] } ?? []))
            } spawn: { plan, status throws(SystemCallError) in
                try StepProgram(plan, filter: tools.filter).spawn(namespaces: UnpackPlan.namespaces, cgroup: -1, status: status)
            }
        } catch {
            try inflater?.endNow()
            throw error
        }
        self.result = result.read
    }

    private static func startInflater(
        _ order: UnpackOrder, _ tools: UnpackTools, output: CInt
    ) throws(SystemCallError) -> UnpackProcess {
        try UnpackProcess { complaints, status in
            InflatePlan.steps(
                UnpackDescriptors(
                    program: tools.inflater?.number ?? -1, input: order.blob.number, output: output, complaints: complaints, status: status,
                    rules: tools.inflaterRules?.descriptor.number),
                seconds: order.limits[.seconds],
                arguments: ["swiftlet-inflate", "\(order.offset)", "\(order.length)", "\(order.compression)", "\(order.limits)"])
        } spawn: { plan, status throws(SystemCallError) in
            try StepProgram(plan, filter: tools.inflaterFilter).spawn(namespaces: InflatePlan.namespaces, cgroup: -1, status: status)
        }
    }

    /// As large as a pipe may be for everyone: fewer turns between the two processes.
    private static func makePipe() throws(SystemCallError) -> Pipe {
        let pipe = try Pipe()
        let setSize: CInt = 1031  // F_SETPIPE_SZ of linux/fcntl.h.
        // Root without CAP_SYS_RESOURCE may have used up what a user may have; then it stays as it is.
        do { try systemCall("fcntl F_SETPIPE_SZ") { fcntl(pipe.write.number, setSize, 1 << 20) } } catch  where error.errno == EPERM {}
        return pipe
    }

    /// Takes the status of each process that has ended.
    ///
    /// - Returns: those that have ended with this call.
    func reap() throws(SystemCallError) -> [UnpackProcess] {
        var ended: [UnpackProcess] = []
        for process in processes where try process.reap() { ended.append(process) }
        // An inflater whose reader has failed may wait for its own input for ever.
        if let end = unpacker.end, end != .exited(0), let inflater, inflater.end == nil { try inflater.process.signal(SIGKILL) }
        return ended
    }

    func kill() throws(SystemCallError) { for process in processes where process.end == nil { try process.process.signal(SIGKILL) } }

    /// After every process has ended: what was made, or why not.
    func finish() throws -> UnpackedLayer {
        if isOverdue {
            throw UnpackFailure(
                reason:
                    "it was not unpacked within \(order.limits[.seconds]) seconds, which is the limit (swiftlet serve --image-limit seconds=…)"
            )
        }
        let failure = try unpacker.failure(of: "the unpacker")
        // What the inflater has to say comes first: then the unpacker saw a tar that ends too early. But an inflater that was ended because the
        // unpacker had failed has nothing to say.
        if let words = try inflater?.failure(of: "the inflater"), failure == nil || inflater?.end == .exited(1) || isCrash(inflater?.end) {
            throw UnpackFailure(reason: words)
        }
        if let failure { throw UnpackFailure(reason: failure, lacksRoom: unpacker.end == .exited(UnpackPlan.lacksRoom)) }
        let line = String(decoding: try result.descriptor.readAll(limit: 256) ?? [], as: UTF8.self)
        let fields = line.split { $0 == " " || $0 == "\n" }
        guard fields.count == 4, fields[0] == "ok", let entries = UInt64(fields[1]), let bytes = UInt64(fields[2]) else {
            throw UnpackFailure(reason: "the unpacker gave no result")
        }
        return UnpackedLayer(entries: entries, bytes: bytes)
    }

    private func isCrash(_ end: ProcessEnd?) -> Bool {
        if case .signaled(let signal) = end { signal != SIGKILL } else { false }
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
