// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Glibc

/// The bytes to call a function with.
enum EventData: ExpressibleByArgument, Sendable {
    case none
    case text(String)
    case file(String)
    case standardInput

    init?(argument: String) {
        if argument == "@-" {
            self = .standardInput
        } else if argument.hasPrefix("@") {
            self = .file(String(argument.dropFirst()))
        } else {
            self = .text(argument)
        }
    }

    var defaultValueDescription: String { "empty" }

    func read() async throws -> [UInt8] {
        switch self {
        case .none: return []
        case .text(let text): return Array(text.utf8)
        case .file(let path):
            return try await onOwnThread {
                let descriptor = open(path, O_RDONLY | O_CLOEXEC)
                guard descriptor >= 0 else { throw ArchiveSource.failure(path) }
                defer { close(descriptor) }
                return try Self.readAll(descriptor, path)
            }
        case .standardInput: return try await onOwnThread { try Self.readAll(STDIN_FILENO, "standard input") }
        }
    }

    private static func readAll(_ descriptor: CInt, _ name: String) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = Glibc.read(descriptor, &block, block.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw ArchiveSource.failure(name) }
            if count == 0 { return bytes }
            bytes += block[..<count]
        }
    }
}
