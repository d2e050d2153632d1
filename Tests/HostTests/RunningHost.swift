// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import Synchronization
import TarFixtures
import Testing

/// A host of its own: free port, fresh state directory, stopped by its pid, and looked after when it is gone.
struct RunningHost: Sendable {
    let url: String
    let state: String
    /// The launcher, which `swiftlet serve` becomes.
    let process: pid_t
    private let handle: ProcessHandle

    /// Starts a host, runs `body`, stops the host whatever happens, and checks that nothing of it is left.
    /// - Parameter used: a state directory that is there already; it goes with the host.
    static func with(_ options: [String] = [], on used: String? = nil, _ body: (RunningHost) async throws -> Void) async throws {
        let state = used ?? "/tmp/swiftlet-host-\(UInt32.random(in: 0...UInt32.max))"
        do {
            let host = try await start(state, options)
            do { try await body(host) } catch {
                Issue.record(error)
                Issue.record("the host printed: \(host.handle.printed)")
            }
            await host.stop()
        } catch {
            Issue.record(error)
        }
        await Leftovers.expectNone(of: state)
        try FileManager.default.removeItem(atPath: state)
    }

    /// Starts a host on a state directory, which may have been used before.
    static func start(_ state: String, _ options: [String] = [], program: String = Checkout.swiftlet) async throws -> RunningHost {
        let handle = try ProcessHandle(program, ["serve", "--listen", "127.0.0.1:0", "--state-dir", state] + options)
        for _ in 0..<2400 {
            let ready = handle.printed.split(separator: "\n").first { $0.hasPrefix("swiftlet ready: ") }
            if let ready, let url = ready.split(separator: " ").dropFirst(2).first {
                return RunningHost(url: String(url), state: state, process: handle.process, handle: handle)
            }
            if let status = handle.status {
                throw HostFailure("the host ended with status \(status) before it was ready: \(handle.printed)")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        kill(handle.process, SIGKILL)
        throw HostFailure("the host was not ready within two minutes: \(handle.printed)")
    }

    /// SIGTERM, and waits until it has ended.
    func stop() async { await end(SIGTERM) }

    func end(_ signal: CInt) async {
        if handle.status == nil { kill(process, signal) }
        for _ in 0..<1800 where handle.status == nil {
            do { try await Task.sleep(for: .milliseconds(50)) } catch { break }
        }
        if handle.status == nil {
            Issue.record("the host did not end within 90 s of signal \(signal)")
            kill(process, SIGKILL)
        }
    }

    var status: Int32? { handle.status }
    var printed: String { handle.printed }

    /// The unprivileged process behind the launcher.
    var daemon: pid_t? { Leftovers.processes(of: state).first { $0 != process && Leftovers.commandLine($0).contains("serve") } }

    /// Runs a verb of the command line against this host.
    func swiftlet(_ arguments: String..., input: String = "") async throws -> ProgramResult {
        try await swiftlet(arguments, input: input)
    }

    func swiftlet(_ arguments: [String], input: String = "", environment: [String: String] = [:]) async throws -> ProgramResult {
        try await run(
            Checkout.swiftlet, arguments, environment: environment.merging(["SWIFTLET_HOST": url]) { $1 }, input: Data(input.utf8))
    }

    /// The same, which must succeed.
    @discardableResult func must(_ arguments: String..., input: String = "") async throws -> String {
        let result = try await run(Checkout.swiftlet, arguments, environment: ["SWIFTLET_HOST": url], input: Data(input.utf8))
        guard result.status == 0 else { throw HostFailure("\(arguments.joined(separator: " ")): exit \(result.status): \(result.err)") }
        return result.out
    }

    /// Runs curl, past any proxy.
    func curl(_ arguments: String...) async throws -> ProgramResult {
        try await run("/usr/bin/curl", ["-sS", "--noproxy", "*", "--max-time", "120"] + arguments)
    }
}

struct HostFailure: Error, CustomStringConvertible {
    var description: String
    init(_ description: String) { self.description = description }
}

/// A process that runs beside the test, and what it has printed so far.
final class ProcessHandle: Sendable {
    private struct State {
        var printed = ""
        var status: Int32?
    }

    private final class Shared: Sendable {
        let state = Mutex(State())
    }

    let process: pid_t
    private let shared: Shared
    private let input: Pipe?

    init(_ program: String, _ arguments: [String], takesInput: Bool = false) throws {
        let shared = Shared()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.terminationHandler = { ended in shared.state.withLock { $0.status = ended.terminationStatus } }
        let output: Pipe
        (input, output) = try spawning {
            let pipes = (takesInput ? Pipe() : nil, Pipe())
            process.standardInput = pipes.0 ?? FileHandle.nullDevice
            (process.standardOutput, process.standardError) = (pipes.1, pipes.1)
            try process.run()
            return pipes
        }
        readOutput(output.fileHandleForReading) { data in
            shared.state.withLock { $0.printed += String(decoding: data, as: UTF8.self) }
        }
        self.process = process.processIdentifier
        self.shared = shared
    }

    func write(_ text: String) throws { try input?.fileHandleForWriting.write(contentsOf: Data(text.utf8)) }

    func closeInput() throws { try input?.fileHandleForWriting.close() }

    var printed: String { shared.state.withLock { $0.printed } }
    var status: Int32? { shared.state.withLock { $0.status } }
}
