// SPDX-License-Identifier: Apache-2.0
public import Foundation
public import Images
import NIOCore

/// Small images for a library whose unpacker is a ``NoUnpacker``.
public struct SampleImages: Sendable {
    private let library: ImageLibrary
    private let folder: String

    /// - Parameter folder: exists; the images are made in it.
    public init(_ library: ImageLibrary, folder: String) {
        self.library = library
        self.folder = folder
    }

    /// Loads an image whose program is `/server --port 9000`.
    ///
    /// - Parameter number: another number makes another image.
    public func add(_ reference: String, number: Int) async throws {
        let archive = ByteBuffer(bytes: try archive(reference, number: number))
        let chunks = AsyncStream { continuation in
            continuation.yield(archive)
            continuation.finish()
        }
        _ = try await library.load(chunks: chunks, name: nil) { _ in }
    }

    public func forget(_ reference: String) async throws { try await library.remove(reference) { _ in [] } }

    /// The bytes of an OCI archive.
    public func archive(_ reference: String, number: Int) throws -> Data {
        let root = folder + "/sample-root"
        try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
        try Data("\(number)\n".utf8).write(to: URL(fileURLWithPath: root + "/number"))
        var options = PackOptions()
        options.command = ["/server"]
        options.arguments = ["--port", "9000"]
        options.environment = ["PATH=/bin", "A=image"]
        options.name = reference
        options.newestTime = 0
        let output = folder + "/sample.tar"
        try ImagePacker.pack(directory: root, options: options, to: output)
        return try Data(contentsOf: URL(fileURLWithPath: output))
    }
}
