// SPDX-License-Identifier: Apache-2.0
import Foundation

/// A folder of a test's own, gone with it.
public final class Scratch: Sendable {
    public let path: String

    public init() throws {
        path = "/tmp/swiftlet-test-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    deinit {
        // A database that is just being closed removes files of its own here: then once more.
        while FileManager.default.fileExists(atPath: path) {
            do { try FileManager.default.removeItem(atPath: path) } catch CocoaError.fileNoSuchFile { continue } catch {
                print("left behind: \(path): \(error)")
                break
            }
        }
    }

    public func write(_ bytes: [UInt8], to name: String) throws -> String {
        try Data(bytes).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
        return "\(path)/\(name)"
    }
}

/// Runs a program and gives what it wrote to standard output.
@discardableResult
public func run(_ program: String, _ arguments: String...) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [program] + arguments
    let output = try spawning {
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        return output
    }
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
        throw NSError(domain: "\(program) \(arguments.joined(separator: " "))", code: Int(process.terminationStatus))
    }
    return String(decoding: data, as: UTF8.self)
}
