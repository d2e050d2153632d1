// SPDX-License-Identifier: Apache-2.0
import Dispatch
import Foundation
import TarFixtures
import Testing

/// A program that was run to its end.
struct ProgramResult {
    var status: Int32
    var out: String
    var err: String
}

/// Runs a program without holding up a task: the waiting is done on threads that may wait.
@discardableResult func run(
    _ program: String, _ arguments: [String], environment: [String: String] = [:], input: Data = Data()
) async throws -> ProgramResult {
    try await withCheckedThrowingContinuation { continuation in
        DispatchQueue.global().async {
            do {
                let process = Process()
                process.executableURL = URL(fileURLWithPath: program)
                process.arguments = arguments
                process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
                let (stdin, stdout, stderr) = try spawning {
                    let pipes = (Pipe(), Pipe(), Pipe())
                    (process.standardInput, process.standardOutput, process.standardError) = pipes
                    try process.run()
                    return pipes
                }
                let group = DispatchGroup()
                let box = Outputs()
                DispatchQueue.global().async(group: group) { box.err = stderr.fileHandleForReading.readDataToEndOfFile() }
                DispatchQueue.global().async(group: group) {
                    stdin.fileHandleForWriting.write(input)
                    stdin.fileHandleForWriting.closeFile()
                }
                let out = stdout.fileHandleForReading.readDataToEndOfFile()
                group.wait()
                process.waitUntilExit()
                continuation.resume(
                    returning: ProgramResult(
                        status: process.terminationStatus, out: String(decoding: out, as: UTF8.self),
                        err: String(decoding: box.err, as: UTF8.self)))
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }
}

/// Written by one queue, and read after the group has waited for it.
private final class Outputs: @unchecked Sendable {
    var err = Data()
}

/// The checkout that is tested.
enum Checkout {
    static let top = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .path
    static let swiftlet = "\(top)/.build/release/swiftlet"
}
