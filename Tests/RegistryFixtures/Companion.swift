// SPDX-License-Identifier: Apache-2.0
import Foundation
import Glibc
import Synchronization
import TarFixtures

/// A program beside a test, ended by its pid with it.
package final class Companion: Sendable {
    private struct State {
        var printed = ""
        var hasEnded = false
    }

    private final class Shared: Sendable {
        let state = Mutex(State())
    }

    let process: pid_t
    private let shared: Shared

    package init(_ program: String, _ arguments: [String]) throws {
        let shared = Shared()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program] + arguments
        process.terminationHandler = { _ in shared.state.withLock { $0.hasEnded = true } }
        let output = try spawning {
            let output = Pipe()
            (process.standardOutput, process.standardError, process.standardInput) = (output, output, FileHandle.nullDevice)
            try process.run()
            return output
        }
        readOutput(output.fileHandleForReading) { data in
            shared.state.withLock { $0.printed += String(decoding: data, as: UTF8.self) }
        }
        self.process = process.processIdentifier
        self.shared = shared
    }

    private var hasEnded: Bool { shared.state.withLock { $0.hasEnded } }

    /// Waits for what the program prints, 30 s at most.
    package func wait<Value>(_ find: (String) -> Value?) throws -> Value {
        for _ in 0..<3000 {
            if let value = find(shared.state.withLock { $0.printed }) { return value }
            if hasEnded { break }
            usleep(10_000)
        }
        throw Failure("it did not get ready; it printed: \(shared.state.withLock { $0.printed })")
    }

    /// At once: it keeps nothing that it would have to put in order, and Foundation starts it with whatever signals the thread had blocked, SIGTERM
    /// among them.
    package func end() {
        if !hasEnded { kill(process, SIGKILL) }
        for _ in 0..<1000 where !hasEnded { usleep(10_000) }
    }

    package struct Failure: Error, CustomStringConvertible {
        package var description: String

        package init(_ description: String) { self.description = description }
    }
}

/// Runs a program with its words in a list; standard error goes to the test's own.
@discardableResult
package func runAll(_ words: [String]) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = words
    let output = try spawning {
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        return output
    }
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
        throw Companion.Failure("\(words.joined(separator: " ")): status \(process.terminationStatus)")
    }
    return String(decoding: data, as: UTF8.self)
}

/// The lines of a file that may not be there yet.
func lines(of path: String) -> [String] {
    guard let data = FileManager.default.contents(atPath: path) else { return [] }
    return String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
}
