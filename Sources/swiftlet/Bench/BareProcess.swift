// SPDX-License-Identifier: Apache-2.0
import FoundationEssentials
import Glibc

/// The other side of `bench cold`: this program again, as `bench-bare`, in namespaces of its own. Its calls block.
final class BareProcess: Sendable {
    private let process: pid_t
    /// To it: the plan, then a line for each start.
    private let input: CInt
    /// From it: a ``BareResult`` a line.
    private let output: CInt

    /// Starts it, and waits until the image's root is mounted there.
    init(_ plan: BarePlan) throws {
        var (toChild, fromChild): ([CInt], [CInt]) = ([-1, -1], [-1, -1])
        guard pipe(&toChild) == 0, pipe(&fromChild) == 0 else {
            throw CommandFailure("cannot make a pipe: \(String(cString: strerror(errno)))")
        }
        for descriptor in toChild + fromChild { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, toChild[0], 0)
        posix_spawn_file_actions_adddup2(&actions, fromChild[1], 1)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let program = try LauncherStart.ownProgram()
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup(program), strdup(BenchBareCommand.name), nil]
        defer { for argument in arguments { free(argument) } }
        var child: pid_t = 0
        let error = posix_spawn(&child, program, &actions, nil, &arguments, environ)
        close(toChild[0])
        close(fromChild[1])
        (process, input, output) = (child, toChild[1], fromChild[0])
        guard error == 0 else { throw CommandFailure("cannot start \(program): \(String(cString: strerror(error)))") }
        try Self.write(try JSONEncoder().encode(plan), to: input)
        if case .failed(let reason) = try receive() { throw CommandFailure(reason) }
    }

    deinit {
        close(input)
        close(output)
        var status: CInt = 0
        // It ends with its input.
        waitpid(process, &status, 0)
    }

    /// One start, in milliseconds to the first byte of the answer.
    func measure() throws -> Double {
        try Self.write(Data("start".utf8), to: input)
        switch try receive() {
        case .measured(let milliseconds): return milliseconds
        case .failed(let reason): throw CommandFailure("the bare program: \(reason)")
        case .ready: throw CommandFailure("the bare program answered out of turn")
        }
    }

    private func receive() throws -> BareResult {
        guard let line = try Self.readLine(output) else { throw CommandFailure("the bare side ended early") }
        return try JSONDecoder().decode(BareResult.self, from: line)
    }

    static func write(_ data: Data, to descriptor: CInt) throws {
        var rest = Array(data + [10])[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { throw CommandFailure("cannot write to the other side: \(String(cString: strerror(errno)))") }
            rest = rest.dropFirst(count)
        }
    }

    /// - Returns: nil at the end. Reads byte by byte: lines are few and short, and nothing may be read ahead.
    static func readLine(_ descriptor: CInt) throws -> Data? {
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while true {
            let count = read(descriptor, &byte, 1)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw CommandFailure("cannot read from the other side: \(String(cString: strerror(errno)))") }
            if count == 0 { return line.isEmpty ? nil : Data(line) }
            if byte == 10 { return Data(line) }
            line.append(byte)
        }
    }
}
