// SPDX-License-Identifier: Apache-2.0
import Foundation
import TarFixtures
import Testing

/// The built program, run as a person would.
enum CommandLineProgram {
    struct Result {
        var status: Int32
        var out: String
        var err: String
    }

    /// It lies beside the tests.
    static var path: String { Bundle.main.bundleURL.deletingLastPathComponent().appendingPathComponent("swiftlet").path }

    static func run(_ arguments: [String], input: String = "", environment: [String: String] = [:]) throws -> Result {
        let process = Process()
        let candidates = [path, FileManager.default.currentDirectoryPath + "/.build/release/swiftlet"]
        let program = try #require(candidates.first { FileManager.default.isExecutableFile(atPath: $0) }, "swiftlet is not built")
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.filter { $0.key != "SWIFTLET_HOST" }.merging(environment) { $1 }
        let (stdin, stdout, stderr) = try spawning {
            let pipes = (Pipe(), Pipe(), Pipe())
            (process.standardInput, process.standardOutput, process.standardError) = pipes
            try process.run()
            return pipes
        }
        stdin.fileHandleForWriting.write(Data(input.utf8))
        try stdin.fileHandleForWriting.close()
        // What these tests print fits into the pipes.
        let out = stdout.fileHandleForReading.readDataToEndOfFile()
        let err = stderr.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Result(
            status: process.terminationStatus, out: String(decoding: out, as: UTF8.self), err: String(decoding: err, as: UTF8.self))
    }
}
