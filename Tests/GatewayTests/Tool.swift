// SPDX-License-Identifier: Apache-2.0
import Foundation
import TarFixtures

/// A program of somebody else, run by a test.
struct Tool {
    static let top = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .path
    static let python = "\(top)/.build-venv/bin/python"
    static let peer = "\(top)/Tests/GatewayTests/Fixtures/peer.py"

    /// Runs a program to its end.
    ///
    /// - Returns: its status, and what it printed to both streams.
    static func run(_ words: [String]) async throws -> (status: Int32, output: String) {
        try await blocking {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: words[0])
            process.arguments = Array(words.dropFirst())
            let output = try spawning {
                let output = Pipe()
                (process.standardOutput, process.standardError) = (output, output)
                try process.run()
                return output
            }
            let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            return (process.terminationStatus, text)
        }
    }

    /// Starts a server that prints its port, gives `body` that port, and ends the server by the end of its input.
    static func withServer(_ words: [String], _ body: (Int) async throws -> Void) async throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: words[0])
        process.arguments = Array(words.dropFirst())
        let (input, output) = try spawning {
            let pipes = (Pipe(), Pipe())
            (process.standardInput, process.standardOutput) = pipes
            try process.run()
            return pipes
        }
        defer {
            input.fileHandleForWriting.closeFile()
            process.terminate()
        }
        let reader = output.fileHandleForReading.fileDescriptor
        let line = try await blocking {
            var text = ""
            var byte: UInt8 = 0
            while read(reader, &byte, 1) == 1, byte != 10 { text.unicodeScalars.append(Unicode.Scalar(byte)) }
            return text
        }
        try await body(Int(line) ?? 0)
    }
}
