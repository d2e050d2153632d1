// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Glibc
import LinuxSystem
import Sandbox

/// The launcher's side of one `swiftlet-ahead`. Nothing here waits for it: what it does not take is not read ahead.
final class ReadAheadHelper {
    let process: Descriptor
    let socket: Descriptor
    let since = monotonicNanoseconds()
    private let status: Descriptor.Box
    private let steps: [String]
    private var programs = ReadAheadPrograms()
    private var orders = ReadAheadOrders()
    /// What was wrong with its socket, other than that it has ended.
    private var fault: SystemCallError?
    private var buffer = [UInt8](repeating: 0, count: ReadAheadBounds.message)
    /// Whether the poller tells when the socket takes more.
    var isWaitingToWrite = false

    /// - Precondition: the working folder is `run`.
    init(_ tools: ReadAheadTools, null: borrowing Descriptor) throws(SystemCallError) {
        let (sockets, status, trees) = (try MessageSocketPair(), try MessageSocketPair(), try tools.trees())
        let memory = Descriptor.Box(try openAt(currentDirectory, "/proc/meminfo", flags: O_RDONLY))
        defer { withExtendedLifetime((sockets, status, trees, memory)) {} }  // The plan holds numbers only.
        // Nothing may fail once there is a child.
        socket = try sockets.one.descriptor.duplicate()
        let plan = ReadAheadPlan.steps(
            program: tools.program.number, socket: sockets.other.number, status: status.other.number, layers: trees.layers.number,
            lists: trees.lists.number, null: null.number, memory: memory.number, user: tools.user)
        process = try StepProgram(plan, filter: tools.filter).spawn(
            namespaces: ReadAheadPlan.namespaces, cgroup: -1, status: status.other.number)
        self.status = status.one
        steps = plan.map(\.description)
    }

    /// - Parameter isParked: its program is executed later, and it tells by itself then.
    /// - Returns: nil where nothing can be done for it now.
    func use(for spec: InstanceSpec, isParked: Bool) -> ReadAheadUse? {
        guard let number = number(of: spec) else { return nil }
        let use = programs.use(number, isParked: isParked)
        if use.reads, !isParked { send(.read(number: number)) }
        return use
    }

    private func number(of spec: InstanceSpec) -> UInt32? {
        let (key, memory) = (ProgramKey.of(spec), spec.limits.memory)
        if let known = programs.number(of: key, memory: memory) { return known }
        for number in programs.makeRoom() { send(.finish(number: number, keeps: false)) }
        let number = programs.next
        // A number that it was not told would stay one of which it knows nothing.
        guard send(.know(number: number, key: key, layers: spec.layers, memory: memory)) else { return nil }
        programs.know(key, memory: memory, layers: spec.layers)
        return number
    }

    /// From now on it is told what is opened through the root of this process.
    ///
    /// - Parameter process: a pidfd of a child that has entered its root.
    /// - Returns: false where another instance is being recorded, or the process takes no more now.
    func record(_ use: ReadAheadUse, process: CInt) throws(SystemCallError) -> Bool {
        guard programs.canBegin(use.number) else { return false }
        let root = try openAt(currentDirectory, "/proc/\(try processID(process))/root", flags: OpenFlags.path | O_DIRECTORY)
        let opened = try OpenedFiles.watch(root.number)
        guard try orders.sendNow(.record(number: use.number), [opened.number], to: socket.number) else { return false }
        programs.beginTry(use.number)
        return true
    }

    /// Its program listens.
    ///
    /// - Parameter mapped: what comes with ``ReadAheadOrder/look(number:)``.
    func look(_ use: ReadAheadUse, _ mapped: [Descriptor.Box]) { send(.look(number: use.number), mapped) }

    /// - Parameters:
    ///   - keeps: its program came to listen.
    ///   - mapped: what comes with ``ReadAheadOrder/finish(number:keeps:)``.
    func finish(_ use: ReadAheadUse, keeps: Bool, _ mapped: [Descriptor.Box]) {
        if !keeps { programs.endTry(use.number) }
        send(.finish(number: use.number, keeps: keeps), mapped)
    }

    /// The layer goes.
    func forget(_ layer: Digest) {
        send(.forget(layer))
        programs.forget(layer)
    }

    @discardableResult private func send(_ order: ReadAheadOrder, _ descriptors: [Descriptor.Box] = []) -> Bool {
        orders.send(order, descriptors, to: socket.number)
    }

    var hasOrders: Bool { !orders.isEmpty }
    var takesNone: Bool { orders.isOverflowing }

    /// Sends what waits, and takes what it tells.
    ///
    /// - Returns: false when it has ended, or is no use any more.
    func talk() -> Bool {
        do {
            try orders.flush(to: socket.number)
            for _ in 0..<64 where !orders.isOverflowing {
                switch try receiveMessage(socket.number, into: &buffer, descriptors: 0) {
                case .nothing: return true
                case .end, .tooBig: return false
                case .message(let bytes, _):
                    guard let news = try? ReadAheadNews(decoding: bytes) else { return false }
                    programs.take(news)
                }
            }
            return !orders.isOverflowing
        } catch {
            // Whatever it is, a host goes on without reading ahead.
            if error.errno != EPIPE, error.errno != ECONNRESET { fault = error }
            return false
        }
    }

    /// Why it ended, in words.
    func failure() -> String {
        if let message = try? receiveMessage(status.number, into: &buffer, descriptors: 0), case .message(let bytes, _) = message,
            bytes.count == 8
        {
            return SetupFailure(Array(bytes)).words(steps)
        }
        return fault.map { "it cannot be talked to: \($0)" } ?? (orders.isOverflowing ? "it takes no orders" : "it has ended")
    }

    /// Kills it and waits for that: nobody is told of its end.
    func endNow() throws(SystemCallError) {
        try process.signal(SIGKILL)
        while try process.reap() == nil { usleep(100) }
    }
}
