// SPDX-License-Identifier: Apache-2.0
import FunctionModel
public import NIOCore
public import ObjectStore
import Synchronization

/// The zip of a new layer version on its way in: a file without a name, hashed while it is written. It is in memory only block by block.
public final class LayerZip: Sendable {
    private struct State: Sendable {
        var hash = ContentHash()
        var checksum = CRC64()
        var length = 0
    }

    let file: SpoolFile
    private let state = Mutex(State())

    init(file: SpoolFile) { self.file = file }

    /// Adds bytes at the end.
    ///
    /// - Throws: ``ServiceError`` 400 `EntityTooLarge` past ``LayerLimits/zipBytes``, 507 `InsufficientStorage`.
    public func append(_ block: ByteBuffer) async throws {
        do {
            try await blocking { [self] in
                try block.withUnsafeReadableBytes { bytes in
                    try state.withLock { state in
                        state.length += bytes.count
                        guard state.length <= LayerLimits.zipBytes else {
                            throw ServiceError(
                                status: 400, code: "EntityTooLarge",
                                message: "the zip of a layer exceeds maximum allowed size (\(LayerLimits.zipBytes) bytes)")
                        }
                        state.hash.update(bytes)
                        state.checksum.update(bytes)
                        try file.append(bytes)
                    }
                }
            }
        } catch { throw ServiceError.image(error, while: "receiving the zip") }
    }

    /// - Throws: ``ServiceError`` where the file ends before.
    public func read(at offset: Int, count: Int) async throws -> ByteBuffer {
        ByteBuffer(bytes: try await blocking { [file] in try file.read(at: UInt64(offset), count: count) })
    }

    /// Writes all of it as an object.
    ///
    /// - Throws: as ``ObjectStore/write(_:from:length:digest:)``.
    public func write(to objects: any ObjectStore, as object: ObjectName) async throws {
        try await objects.write(object, from: file.descriptor, length: length, digest: digest)
        withExtendedLifetime(file) {}
    }

    var length: Int { state.withLock { $0.length } }
    var digest: Digest { state.withLock { $0.hash.finish() } }
    var checksum: UInt64 { state.withLock { $0.checksum.value } }

    /// A zip begins with its first entry, or with its end where it has none. That is all that is read of it here: the rest is for the unpacker.
    func check() async throws {
        let head = length < 4 ? [] : try await blocking { [file] in try file.read(at: 0, count: 4) }
        guard head == [0x50, 0x4b, 3, 4] || head == [0x50, 0x4b, 5, 6] else {
            throw ServiceError.invalidArgument("code: the \(length) bytes are no zip; a layer is a zip of the files that go below /opt")
        }
    }
}
