// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import Glibc
import LauncherClient
import Sandbox
import Synchronization

/// Stands in for the launcher: runs the real `swiftlet-unpack` into a folder and renames it into place, without the confinement.
final class DirectUnpacker: LayerUnpacker {
    let folder: String
    private let started = Mutex<[Digest: Int]>([:])
    /// Called with the unpacker's process once it runs, before it is waited for.
    private let onStart: @Sendable (pid_t) -> Void
    /// Called when a layer has just been put in place and nobody knows it yet.
    private let onPlaced: @Sendable (Digest) throws -> Void

    init(
        folder: String, onStart: @escaping @Sendable (pid_t) -> Void = { _ in },
        onPlaced: @escaping @Sendable (Digest) throws -> Void = { _ in }
    ) throws {
        self.folder = folder
        self.onStart = onStart
        self.onPlaced = onPlaced
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    /// How often each layer was unpacked.
    var counts: [Digest: Int] { started.withLock { $0 } }

    func unpack(
        _ diffID: Digest, from blob: CInt, offset: UInt64, length: UInt64, compression: LayerCompression
    ) async throws -> UnpackedLayer {
        started.withLock { $0[diffID, default: 0] += 1 }
        return try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { [self] in
                continuation.resume(with: Result { try run(diffID, blob, offset, length, compression) })
            }
        }
    }

    func layers() async throws -> Set<Digest> {
        Set(try FileManager.default.contentsOfDirectory(atPath: folder).compactMap { Digest(hex: $0) })
    }

    func remove(_ diffID: Digest) async throws {
        if FileManager.default.fileExists(atPath: "\(folder)/\(diffID.hex)") {
            try FileManager.default.removeItem(atPath: "\(folder)/\(diffID.hex)")
        }
    }

    private func run(
        _ diffID: Digest, _ blob: CInt, _ offset: UInt64, _ length: UInt64, _ compression: LayerCompression
    ) throws -> UnpackedLayer {
        let target = "\(folder)/.tmp-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: false)
        let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().path + "/swiftlet-unpack"
        let encoding = ["none", "gzip", "zstd"][Int(compression.rawValue)]
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, blob, 0)
        posix_spawn_file_actions_addopen(&actions, 2, target + ".err", O_WRONLY | O_CREAT, 0o600)
        posix_spawn_file_actions_addopen(&actions, 3, target + ".out", O_WRONLY | O_CREAT, 0o600)
        var pid: pid_t = 0
        let arguments =
            [program, target, "\(offset)", "\(length)", encoding, diffID.hex].map { (text: String) -> UnsafeMutablePointer<CChar>? in
                strdup(text)
            } + [nil]
        defer { for argument in arguments { free(argument) } }
        guard posix_spawn(&pid, program, &actions, nil, arguments, [nil]) == 0 else {
            throw UnpackFailure(reason: "\(program) cannot be started")
        }
        onStart(pid)
        var status: CInt = 0
        waitpid(pid, &status, 0)
        let output = try String(contentsOfFile: target + ".out", encoding: .utf8).split(whereSeparator: { $0 == " " || $0 == "\n" })
        let reason = try String(contentsOfFile: target + ".err", encoding: .utf8).trimmingCharacters(in: .newlines)
        for suffix in [".out", ".err"] { try FileManager.default.removeItem(atPath: target + suffix) }
        guard status == 0, output.count == 3, output[0] == "ok", let entries = UInt64(output[1]), let bytes = UInt64(output[2]) else {
            try FileManager.default.removeItem(atPath: target)
            throw UnpackFailure(reason: status & 0x7f != 0 ? "the unpacker was ended by signal \(status & 0x7f)" : reason)
        }
        try FileManager.default.moveItem(atPath: target, toPath: "\(folder)/\(diffID.hex)")
        try onPlaced(diffID)
        return UnpackedLayer(entries: entries, bytes: bytes)
    }
}
