// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Glibc
import LinuxSystem
import Sandbox

/// The launcher's side of `swiftlet-ahead`. Nothing here waits for it: what it does not take is not read ahead.
final class ReadAheadHelper {
    /// What is done for one instance.
    struct Use: Hashable {
        /// What its program is known by.
        var number: UInt32
        /// Whether it may be worth while: not for what is known to read little.
        var reads: Bool
        /// Whether it is found out with this instance which files that program reads.
        var records: Bool
    }

    /// Programs that are known by a number; one more, and all are forgotten and get new numbers.
    private static let mostPrograms = 1024
    /// How often a program is tried that ends, or has opened too much, before a list is made of it.
    private static let mostTries = 3

    private struct Program {
        var key: String
        var layers: [Digest]
        var tries = 0
        var isRecording = false
    }

    let process: Descriptor
    let socket: Descriptor
    private let status: Descriptor.Box
    private let steps: [String]
    private var numbers: [String: UInt32] = [:]
    private var programs: [UInt32: Program] = [:]
    /// Whether each list that there is, is worth reading.
    private var lists: [String: Bool] = [:]
    /// Until then a program without a list may have one.
    private var isLoaded = false
    private var nextNumber: UInt32 = 1
    private var buffer = [UInt8](repeating: 0, count: ReadAheadBounds.message)

    init(layers: borrowing Descriptor, lists: borrowing Descriptor, null: borrowing Descriptor) throws(SystemCallError) {
        let own = try openAt(currentDirectory, "/proc/self/exe", flags: O_RDONLY)
        let (sockets, status) = (try MessageSocketPair(), try MessageSocketPair())
        defer { withExtendedLifetime((sockets, status)) {} }  // The plan holds numbers only.
        let plan = ReadAheadPlan.steps(
            program: own.number, socket: sockets.other.number, status: status.other.number, layers: layers.number, lists: lists.number,
            null: null.number)
        let filter = try ReadAheadCalls.filter()
        process = try StepProgram(plan, filter: filter).spawn(
            namespaces: Namespaces.ipc | Namespaces.hostName, cgroup: -1, status: status.other.number)
        extendLifetime(filter)
        socket = try sockets.one.descriptor.duplicate()
        self.status = status.one
        steps = plan.map(\.description)
    }

    /// - Parameter isParked: its program is executed later, and it tells by itself then.
    func use(for spec: InstanceSpec, isParked: Bool) -> Use {
        let key = Self.key(of: spec)
        let number = numbers[key] ?? know(key, spec.layers)
        let use = Use(
            number: number, reads: lists[key] ?? true,
            records: isLoaded && lists[key] == nil && programs[number].map { !$0.isRecording && $0.tries < Self.mostTries } ?? false)
        if use.reads, !isParked { send(.read(number: number)) }
        return use
    }

    private func know(_ key: String, _ layers: [Digest]) -> UInt32 {
        if programs.count >= Self.mostPrograms {
            for number in programs.keys where programs[number]?.isRecording == true { send(.finish(number: number, keeps: false)) }
            (numbers, programs) = ([:], [:])
        }
        defer { nextNumber &+= 1 }
        numbers[key] = nextNumber
        programs[nextNumber] = Program(key: key, layers: layers)
        send(.know(number: nextNumber, key: key, layers: layers))
        return nextNumber
    }

    /// From now on it is told what is opened through the root of this process.
    ///
    /// - Parameter process: a pidfd of a child that has entered its root.
    /// - Returns: false where another instance is being recorded, or the process takes no more now.
    func record(_ use: Use, process: CInt) throws(SystemCallError) -> Bool {
        guard programs[use.number]?.isRecording == false else { return false }
        programs[use.number]?.tries += 1
        let root = try openAt(currentDirectory, "/proc/\(try processID(process))/root", flags: OpenFlags.path | O_DIRECTORY)
        let opened = try OpenedFiles.watch(root.number)
        guard try sendMessage(socket.number, ReadAheadOrder.record(number: use.number).encoded(), descriptors: [opened.number]) else {
            return false
        }
        programs[use.number]?.isRecording = true
        return true
    }

    /// Its program listens. What it has mapped by now is taken note of, since it may end before the recording does.
    func look(_ use: Use) { send(.record(number: use.number)) }

    /// - Parameter keeps: its program came to listen.
    func finish(_ use: Use, keeps: Bool) {
        if !keeps { programs[use.number]?.isRecording = false }
        send(.finish(number: use.number, keeps: keeps))
    }

    /// The layer goes.
    func forget(_ layer: Digest) {
        send(.forget(layer))
        for (number, program) in programs where program.layers.contains(layer) {
            lists[program.key] = nil
            numbers[program.key] = nil
            programs[number] = nil
        }
    }

    /// Takes what it tells.
    ///
    /// - Returns: false when it has ended.
    func receive() throws(SystemCallError) -> Bool {
        for _ in 0..<64 {
            switch try receiveMessage(socket.number, into: &buffer, descriptors: 0) {
            case .nothing: return true
            case .end, .tooBig: return false
            case .message(let bytes, _):
                guard let news = try? ReadAheadNews(decoding: bytes) else { return false }
                take(news)
            }
        }
        return true
    }

    private func take(_ news: ReadAheadNews) {
        switch news {
        case .loaded: isLoaded = true
        case .failed(let number): programs[number]?.isRecording = false
        case .list(let key, let isHeavy):
            lists[key] = isHeavy
            if let number = numbers[key] { programs[number]?.isRecording = false }
        }
    }

    /// A full socket, or a process that has gone, is no error: a start goes on without it.
    private func send(_ order: ReadAheadOrder) { _ = try? sendMessage(socket.number, order.encoded()) }

    /// Why it ended, in words.
    func failure() throws(SystemCallError) -> String {
        if case .message(let bytes, _) = try receiveMessage(status.number, into: &buffer, descriptors: 0), bytes.count == 8 {
            return SetupFailure(Array(bytes)).words(steps)
        }
        return "it has ended"
    }

    /// Two programs of the same layers and arguments read the same files. Who makes two with one key has no files read ahead: a list names its layers.
    private static func key(of spec: InstanceSpec) -> String {
        var (one, other): (UInt64, UInt64) = (0xcbf2_9ce4_8422_2325, 0x6c62_272e_07bb_0142)  // FNV-1a, 64 bits, from two beginnings.
        func add(_ text: String) {
            for byte in text.utf8 { (one, other) = ((one ^ UInt64(byte)) &* 0x100_0000_01b3, (other ^ UInt64(byte)) &* 0x100_0000_01b3) }
            (one, other) = (one &* 0x100_0000_01b3, (other ^ 0xff) &* 0x100_0000_01b3)
        }
        for layer in spec.layers { add(layer.hex) }
        for argument in spec.arguments { add(argument) }
        return [one, other].map { number in
            let digits = String(number, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}
