// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import LauncherClient
import LinuxSystem
import Sandbox
import Synchronization
import Testing

/// A real launcher over a state directory of its own, with the test as its daemon (`--client-fd`).
///
/// It needs root. The launcher's program is looked for beside the test's own, or in `SWIFTLET_BIN`.
final class LauncherFixture: Sendable {
    let folder: String
    let process: pid_t
    let client: LauncherClient
    let layer = Digest(hex: String(repeating: "a1", count: 32))!
    private let number = Mutex(0)

    static let canRun = geteuid() == 0

    static var programs: String {
        if let folder = ProcessInfo.processInfo.environment["SWIFTLET_BIN"] { return folder }
        var own = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        if !FileManager.default.fileExists(atPath: own.path + "/swiftlet-launcher") {
            own = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../.build/release").standardized
        }
        return own.path
    }

    /// Compiled once: a static program that does what its arguments say.
    static let probe: String = {
        let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/Fixtures/probe.c"
        let program = "/tmp/swiftlet-probe-\(getpid())"
        atexit { unlink("/tmp/swiftlet-probe-\(getpid())") }
        precondition(run("/usr/bin/gcc", ["-O1", "-static", "-w", "-o", program, source]) == 0, "gcc could not compile \(source)")
        return program
    }()

    /// What instances are made of: as it comes, nothing that was made ahead of need, or always a sandbox that was, for which each start waits.
    /// `SWIFTLET_TEST_BLANKS=never` and `=always` say so for all tests that do not say it themselves.
    enum Blanks: String {
        case any, never, always

        static let standard = ProcessInfo.processInfo.environment["SWIFTLET_TEST_BLANKS"].flatMap(Blanks.init) ?? .any
    }

    let blanks: Blanks

    convenience init(blanks: Blanks = .standard, changeLayer: (String) throws -> Void = { _ in }) throws {
        let folder = "/tmp/swiftlet-test-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
        try self.init(folder: folder, blanks: blanks, changeLayer: changeLayer)
    }

    /// - Parameters:
    ///   - folder: may be one that another fixture's launcher has left.
    ///   - sendBuffer: bytes that the launcher's end of the socket holds, where it is not the usual.
    init(
        folder: String, launcher: String? = nil, layerLimits: UnpackLimits = UnpackLimits(), blanks: Blanks = .standard,
        sendBuffer: CInt? = nil, changeLayer: (String) throws -> Void = { _ in }
    ) throws {
        self.folder = folder
        self.blanks = blanks
        let layerFolder = "\(folder)/layers/\(layer.hex)"
        if !FileManager.default.fileExists(atPath: layerFolder) {
            try FileManager.default.createDirectory(atPath: layerFolder + "/bin", withIntermediateDirectories: true)
            try FileManager.default.copyItem(atPath: Self.probe, toPath: layerFolder + "/bin/probe")
            chmod(layerFolder + "/bin/probe", 0o755)
            try changeLayer(layerFolder)
        }
        let sockets = try MessageSocketPair()
        if var sendBuffer { setsockopt(sockets.other.number, SOL_SOCKET, SO_SNDBUF, &sendBuffer, 4) }
        let end = fcntl(sockets.one.number, F_DUPFD_CLOEXEC, 3)
        process = try Self.spawn(
            [launcher ?? Self.programs + "/swiftlet-launcher", "--state-dir", folder, "--client-fd", "20"]
                + (blanks == .never ? ["--blanks", "0"] : []),
            descriptor: sockets.other.number, as: 20)
        client = try LauncherClient(descriptor: end, layerLimits: layerLimits)
    }

    deinit {
        kill(process, SIGTERM)
        waitpid(process, nil, 0)
        try? FileManager.default.removeItem(atPath: folder)
    }

    static func spawn(_ arguments: [String], descriptor: CInt? = nil, as number: CInt = 0, output: CInt? = nil) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // In this order: the output may have the number that is wanted, and no descriptor of ours is 1.
        if let output { posix_spawn_file_actions_adddup2(&actions, output, 1) }
        if let descriptor { posix_spawn_file_actions_adddup2(&actions, descriptor, number) }
        var list: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { for text in list { free(text) } }
        var pid: pid_t = 0
        let result = posix_spawn(&pid, arguments[0], &actions, nil, &list, environ)
        guard result == 0 else { throw SystemCallError(call: "posix_spawn \(arguments[0])", errno: result) }
        return pid
    }

    static func run(_ program: String, _ arguments: [String]) -> CInt {
        guard let pid = try? spawn([program] + arguments) else { return -1 }
        var status: CInt = 0
        waitpid(pid, &status, 0)
        return status
    }

    func spec(_ arguments: [String], _ change: (inout InstanceSpec) -> Void = { _ in }) -> InstanceSpec {
        let number = number.withLock {
            $0 += 1
            return $0
        }
        var spec = InstanceSpec(
            id: InstanceID("c-\(number)")!, layers: [layer], arguments: ["probe"] + arguments, environment: ["PATH=/bin", "A=b"],
            workingDirectory: "", user: "", hostname: "instance-\(number)",
            limits: InstanceLimits(memory: 64 << 20, milliCPU: 1000, temporary: 1 << 20), port: 9000)
        change(&spec)
        return spec
    }

    func start(_ arguments: [String], _ change: (inout InstanceSpec) -> Void = { _ in }) -> RunningInstance {
        let instance = RunningInstance(spec: spec(arguments, change))
        if blanks == .always { _ = awaitBlank() }
        client.start(instance.spec) { instance.add($0) }
        return instance
    }

    /// The process of a sandbox that is nobody's yet, when there is one; nil after a minute, or where the launcher is gone.
    func awaitBlank() -> pid_t? {
        let deadline = Date().addingTimeInterval(60)
        while Date() < deadline, client.pending != nil {
            if let blank = processes(in: "blank-").first { return blank }
            usleep(1000)
        }
        return nil
    }

    /// Those in cgroups of a name; of instances where that is `c-`.
    func processes(in prefix: String) -> Set<pid_t> {
        var ids: Set<pid_t> = []
        for path in Self.cgroupFolders(of: folder) {
            for name in (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? [] where name.hasPrefix(prefix) {
                let text = (try? String(contentsOfFile: "\(path)/\(name)/cgroup.procs", encoding: .utf8)) ?? ""
                ids.formUnion(text.split(separator: "\n").compactMap { pid_t($0) })
            }
        }
        return ids
    }

    /// Runs to the end, and gives what was written to standard output.
    func output(_ arguments: [String], _ change: (inout InstanceSpec) -> Void = { _ in }) async throws -> String {
        let instance = start(arguments, change)
        let end = try await instance.end()
        guard case .exited = end else { return "\(end)" }
        return instance.readOutput()
    }

    /// What is there of this host: processes and folders of its cgroups, and mounts that the host sees.
    func remains() throws -> [String] {
        var found: [String] = []
        for path in Self.cgroupFolders(of: folder) {
            for name in try FileManager.default.contentsOfDirectory(atPath: path) where name.hasPrefix("c-") {
                let processes = (try? String(contentsOfFile: "\(path)/\(name)/cgroup.procs", encoding: .utf8)) ?? ""
                found.append("\(path)/\(name) \(processes.split(separator: "\n"))")
            }
        }
        let mounts = try String(contentsOfFile: "/proc/self/mounts", encoding: .utf8).split(separator: "\n")
        return found + mounts.filter { $0.contains(folder) }.map(String.init)
    }

    /// The cgroups of one instance that lives, one in each hierarchy. Those of a sandbox that was made ahead of need keep their name on cgroup v2.
    func cgroups(of spec: InstanceSpec) -> [String] {
        Self.cgroupFolders(of: folder).compactMap { path in
            if FileManager.default.fileExists(atPath: "\(path)/\(spec.id)") { return "\(path)/\(spec.id)" }
            return (try? FileManager.default.contentsOfDirectory(atPath: path))?.filter { $0.hasPrefix("blank-") }.map { "\(path)/\($0)" }
                .first {
                    let process = (try? String(contentsOfFile: "\($0)/cgroup.procs", encoding: .utf8))?.split(separator: "\n").last
                    return (try? String(contentsOfFile: "/proc/\(process ?? "")/root/etc/hostname", encoding: .utf8)) == spec.hostname
                        + "\n"
                }
        }
    }

    static func cgroupFolders(of folder: String) -> [String] {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in folder.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let name = "swiftlet-" + String(hash, radix: 16)
        let hierarchies = (try? FileManager.default.contentsOfDirectory(atPath: "/sys/fs/cgroup")) ?? []
        return (hierarchies.map { "/sys/fs/cgroup/\($0)/\(name)" } + ["/sys/fs/cgroup/\(name)"]).filter {
            FileManager.default.fileExists(atPath: $0)
        }
    }
}

/// Collects what happens to one instance.
final class RunningInstance: Sendable {
    struct TooLate: Error, CustomStringConvertible {
        var description: String
    }

    let spec: InstanceSpec
    private let events = Mutex<[InstanceEvent]>([])

    init(spec: InstanceSpec) { self.spec = spec }

    deinit {
        for case .started(let output, let error, let sockets, _) in all {
            for descriptor in [output, error] + sockets { close(descriptor) }
        }
    }

    var all: [InstanceEvent] { events.withLock { $0 } }
    func add(_ event: InstanceEvent) { events.withLock { $0.append(event) } }

    func wait<Value>(seconds: Double = 60, _ find: (InstanceEvent) -> Value?) async throws -> Value {
        let deadline = Date().addingTimeInterval(seconds)
        while Date() < deadline {
            if let value = all.lazy.compactMap(find).first { return value }
            try await Task.sleep(for: .milliseconds(1))
        }
        throw TooLate(description: "after \(seconds) s only \(all)")
    }

    func started() async throws -> [CInt] {
        try await wait { if case .started(let output, let error, let sockets, _) = $0 { [output, error] + sockets } else { nil } }
    }

    func listening() async throws { _ = try await wait { if case .listening = $0 { true } else { nil } } }

    /// The exit, or the failure.
    func end(seconds: Double = 60) async throws -> Ending {
        try await wait(seconds: seconds) {
            switch $0 {
            case .exited(let exit): .exited(exit)
            case .failed(let failure): .failed(failure.step)
            case .started, .listening: nil
            }
        }
    }

    enum Ending: Equatable {
        case exited(InstanceExit)
        case failed(String)
    }

    func readOutput() -> String {
        for case .started(let output, _, _, _) in all {
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 65536)
            while case let count = read(output, &buffer, buffer.count), count > 0 { bytes += buffer[..<count] }
            return String(decoding: bytes, as: UTF8.self)
        }
        return ""
    }
}

/// Connects a socket of an instance: its listen(2) is told of a moment before it is done, and on a busy machine that is long.
func connectSocket(_ socket: CInt, port: UInt16) throws {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let flags = fcntl(socket, F_GETFL)
    _ = fcntl(socket, F_SETFL, flags & ~O_NONBLOCK)
    for _ in 0..<100_000 {
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        if result == 0 { return }
        guard errno == ECONNREFUSED else { throw SystemCallError(call: "connect", errno: errno) }
        usleep(100)
    }
    throw SystemCallError(call: "connect", errno: ECONNREFUSED)
}

/// Connects a socket of an instance and asks for an answer.
func request(_ socket: CInt, port: UInt16) throws -> String {
    try connectSocket(socket, port: port)
    let head = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    _ = write(socket, head, head.utf8.count)
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = read(socket, &buffer, buffer.count)
    return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
}

/// A copy of a descriptor of another process. Source: pidfd_getfd(2).
func descriptor(_ number: CInt, of process: pid_t) throws -> Descriptor {
    // glibc has both since 2.36, and Swift's module of it has neither.
    let open = unsafeBitCast(try #require(dlsym(nil, "pidfd_open")), to: (@convention(c) (pid_t, CUnsignedInt) -> CInt).self)
    let get = unsafeBitCast(try #require(dlsym(nil, "pidfd_getfd")), to: (@convention(c) (CInt, CInt, CUnsignedInt) -> CInt).self)
    let process = Descriptor(owning: try systemCall("pidfd_open") { open(process, 0) })
    return Descriptor(owning: try systemCall("pidfd_getfd") { get(process.number, number, 0) })
}
