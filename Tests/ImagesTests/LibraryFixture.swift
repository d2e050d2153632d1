// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import Images
import Logging
import NIOCore
import Store
import TarFixtures

/// A library over a state directory of the test's own.
final class LibraryFixture: Sendable {
    let scratch: Scratch
    let unpacker: DirectUnpacker
    let library: ImageLibrary

    init(
        limits: ImageLimits = ImageLimits(), patience: SenderPatience = SenderPatience(),
        unpacker make: @Sendable (_ folder: String) throws -> DirectUnpacker = { try DirectUnpacker(folder: $0) }
    ) async throws {
        let scratch = try Scratch()
        self.scratch = scratch
        unpacker = try make(scratch.path + "/layers")
        library = try await LibraryFixture.open(scratch.path, unpacker, limits: limits, patience: patience)
    }

    static func open(
        _ state: String, _ unpacker: DirectUnpacker, limits: ImageLimits = ImageLimits(), patience: SenderPatience = SenderPatience()
    ) async throws -> ImageLibrary {
        try FileManager.default.createDirectory(atPath: state + "/data", withIntermediateDirectories: true)
        let library = try ImageLibrary(
            dataDirectory: state + "/data", store: try Store(path: state + "/data/swiftlet.db"), unpacker: unpacker,
            limits: limits, patience: patience, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, now: { 1_700_000_000_000 })
        try await library.recover()
        return library
    }

    @discardableResult
    func load(
        _ archive: [UInt8], name: String? = nil, progress: @escaping @Sendable (LoadEvent) async -> Void = { _ in }
    ) async throws -> [Image] {
        try await library.load(chunks: chunks(archive), name: name, progress: progress)
    }

    /// - Parameter inOrder: whether the archive is sent as it lies there, and not as `swiftlet image load` sends it.
    func load(file: String, name: String? = nil, inOrder: Bool = false) async throws -> [Image] {
        let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: file)))
        return try await load(inOrder ? bytes : try asSent(bytes), name: name)
    }

    /// The sentence with which an archive is refused; nil where it is not.
    func refusal(_ archive: [UInt8], name: String? = nil) async throws -> String? {
        do {
            try await load(archive, name: name)
            return nil
        } catch let error as ServiceError { return "\(error.status) \(error.message)" }
    }

    /// What lies in the folder of the layers, leftovers included.
    func layerFolders() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: unpacker.folder) }
    func blobs() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: scratch.path + "/data/blobs/sha256") }
    func temporaryFiles() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: scratch.path + "/data/tmp") }
}

/// An archive as `swiftlet image load` sends it.
func asSent(_ archive: [UInt8]) throws -> [UInt8] {
    let scratch = try Scratch()
    let handle = try FileHandle(forReadingFrom: URL(fileURLWithPath: try scratch.write(archive, to: "archive")))
    defer { handle.closeFile() }
    return ArchiveOrder.places(descriptor: handle.fileDescriptor, length: UInt64(archive.count)).flatMap {
        archive[Int($0.lowerBound)..<Int($0.upperBound)]
    }
}

func chunks(_ bytes: [UInt8]) -> AsyncStream<ByteBuffer> {
    AsyncStream { continuation in
        for start in stride(from: 0, to: bytes.count, by: 300_000) {
            continuation.yield(ByteBuffer(bytes: bytes[start..<min(bytes.count, start + 300_000)]))
        }
        continuation.finish()
    }
}

struct NeverCame: Error {}

/// Waits for what must come, five minutes at most: a test whose unpacker has failed must say so, and not wait for good.
func until(_ isSo: () async throws -> Bool) async throws {
    for _ in 0..<60_000 {
        if try await isSo() { return }
        try await Task.sleep(for: .milliseconds(5))
    }
    throw NeverCame()
}
