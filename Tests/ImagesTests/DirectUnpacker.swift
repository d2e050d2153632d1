// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import Glibc
import LauncherClient
import LinuxSystem
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
    /// Called when nobody needs a layer any more that is being unpacked.
    private let onCancel: @Sendable () -> Void
    /// Called before a layer is removed.
    private let onRemove: @Sendable (Digest) throws -> Void
    private let failed = Mutex(0)

    init(
        folder: String, onStart: @escaping @Sendable (pid_t) -> Void = { _ in },
        onPlaced: @escaping @Sendable (Digest) throws -> Void = { _ in }, onCancel: @escaping @Sendable () -> Void = {},
        onRemove: @escaping @Sendable (Digest) throws -> Void = { _ in }
    ) throws {
        self.folder = folder
        self.onStart = onStart
        self.onPlaced = onPlaced
        self.onCancel = onCancel
        self.onRemove = onRemove
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    /// How often each layer was unpacked.
    var counts: [Digest: Int] { started.withLock { $0 } }

    /// How many unpackings have failed.
    var failures: Int { failed.withLock { $0 } }

    func unpack(
        _ diffID: Digest, from blob: CInt, offset: UInt64, length: UInt64, compression: LayerCompression, place: RoomPlace?
    ) async throws -> UnpackedLayer {
        started.withLock { $0[diffID, default: 0] += 1 }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                Thread.detachNewThread { [self] in
                    let result = Result { try run(diffID, blob, offset, length, compression, place) }
                    if case .failure = result { failed.withLock { $0 += 1 } }
                    continuation.resume(with: result)
                }
            }
        } onCancel: {
            onCancel()
        }
    }

    func layers() async throws -> Set<Digest> {
        Set(try FileManager.default.contentsOfDirectory(atPath: folder).compactMap { Digest(hex: $0) })
    }

    func remove(_ diffID: Digest) async throws {
        try onRemove(diffID)
        if FileManager.default.fileExists(atPath: "\(folder)/\(diffID.hex)") {
            try FileManager.default.removeItem(atPath: "\(folder)/\(diffID.hex)")
        }
    }

    private func run(
        _ diffID: Digest, _ blob: CInt, _ offset: UInt64, _ length: UInt64, _ compression: LayerCompression, _ place: RoomPlace?
    ) throws -> UnpackedLayer {
        let target = "\(folder)/.tmp-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: false)
        var tar = compression.isStream ? try LinuxSystem.Pipe() : nil
        let form = compression == .zip ? "zip" : tar == nil ? "plain" : "inflated"
        let inflater = try tar.map {
            try spawn(
                ["swiftlet-inflate", "\(offset)", "\(length)", "\(compression)"],
                [0: .open(blob), 1: .open($0.write.number), 2: .new(target + ".inflate")])
        }
        let unpacker = try spawn(
            ["swiftlet-unpack", target, tar == nil ? "\(offset)" : "0", "\(length)", form, diffID.hex]
                + (place.map { ["\(UnpackLimits())", "\($0.number)"] } ?? []),
            [0: .open(tar?.read.number ?? blob), 2: .new(target + ".err"), 3: .new(target + ".out")]
                .merging(place.map { [7: .open($0.page.descriptor.number)] } ?? [:]) { $1 })
        // The two have the pipe now; ours would keep it open.
        tar = nil
        onStart(unpacker)
        var (status, ignored): (CInt, CInt) = (0, 0)
        waitpid(unpacker, &status, 0)
        if let inflater { waitpid(inflater, &ignored, 0) }
        let output = try String(contentsOfFile: target + ".out", encoding: .utf8).split(whereSeparator: { $0 == " " || $0 == "\n" })
        let words = try String(contentsOfFile: target + ".err", encoding: .utf8).trimmingCharacters(in: .newlines)
        let first =
            inflater == nil ? "" : try String(contentsOfFile: target + ".inflate", encoding: .utf8).trimmingCharacters(in: .newlines)
        for suffix in [".out", ".err"] + (inflater == nil ? [] : [".inflate"]) {
            try FileManager.default.removeItem(atPath: target + suffix)
        }
        guard status == 0, output.count == 4, output[0] == "ok", let entries = UInt64(output[1]), let bytes = UInt64(output[2]) else {
            try FileManager.default.removeItem(atPath: target)
            let reason = first.isEmpty ? words : first
            throw UnpackFailure(
                reason: status & 0x7f != 0 ? "the unpacker was ended by signal \(status & 0x7f)" : reason, lacksRoom: status >> 8 == 4)
        }
        try FileManager.default.moveItem(atPath: target, toPath: "\(folder)/\(diffID.hex)")
        try onPlaced(diffID)
        return UnpackedLayer(entries: entries, bytes: bytes)
    }

    /// Above the numbers that the programs find their files at.
    private static let firstLent: CInt = 10

    private enum Input {
        case open(CInt)
        case new(String)
    }

    private func spawn(_ words: [String], _ descriptors: [CInt: Input]) throws -> pid_t {
        let own = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().path
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // One of them may have a number at which another is wanted: those are lent from above all that are wanted.
        var lent: [CInt] = []
        defer { for number in lent { close(number) } }
        for (number, input) in descriptors {
            switch input {
            case .open(let other):
                lent.append(try systemCall("fcntl F_DUPFD_CLOEXEC") { fcntl(other, F_DUPFD_CLOEXEC, Self.firstLent) })
                posix_spawn_file_actions_adddup2(&actions, lent[lent.count - 1], number)
            case .new(let path): posix_spawn_file_actions_addopen(&actions, number, path, O_WRONLY | O_CREAT, 0o600)
            }
        }
        let arguments = words.map { (text: String) -> UnsafeMutablePointer<CChar>? in strdup(text) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var pid: pid_t = 0
        guard posix_spawn(&pid, own + "/" + words[0], &actions, nil, arguments, [nil]) == 0 else {
            throw UnpackFailure(reason: "\(words[0]) cannot be started")
        }
        return pid
    }
}
