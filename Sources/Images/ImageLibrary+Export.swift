import Foundation
// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Glibc
import LinuxSystem
public import NIOCore
import OCI
import Store

/// An image as an OCI archive: a tar of an OCI image layout, made while it is read.
public struct ImageArchive: AsyncSequence, Sendable {
    public typealias Element = ByteBuffer

    /// Bytes of the whole archive.
    public let size: UInt64
    fileprivate let parts: [Part]
    fileprivate let blobs: BlobFolder

    fileprivate enum Part: Sendable {
        case bytes([UInt8])
        case blob(FunctionModel.Digest, size: UInt64)
    }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(parts: parts[...], blobs: blobs) }

    public struct AsyncIterator: AsyncIteratorProtocol {
        private static let block = 256 << 10

        fileprivate var parts: ArraySlice<Part>
        fileprivate let blobs: BlobFolder
        private var file: LinuxSystem.Descriptor.Box?
        private var position: UInt64 = 0

        fileprivate init(parts: ArraySlice<Part>, blobs: BlobFolder) {
            self.parts = parts
            self.blobs = blobs
        }

        /// - Throws: ``ServiceError`` where a blob was changed on disk meanwhile.
        public mutating func next() async throws -> ByteBuffer? {
            while let part = parts.first {
                switch part {
                case .bytes(let bytes):
                    parts.removeFirst()
                    if !bytes.isEmpty { return ByteBuffer(bytes: bytes) }
                case .blob(let digest, let size):
                    if position == size {
                        (file, position) = (nil, 0)
                        parts.removeFirst()
                        continue
                    }
                    return try await read(digest, size)
                }
            }
            return nil
        }

        private mutating func read(_ digest: FunctionModel.Digest, _ size: UInt64) async throws -> ByteBuffer {
            let open: LinuxSystem.Descriptor.Box
            if let file { open = file } else { open = try await blocking { [blobs] in LinuxSystem.Descriptor.Box(try blobs.open(digest)) } }
            file = open
            let (place, wanted) = (position, Int(Swift.min(UInt64(Self.block), size - position)))
            let buffer = try await blocking {
                var buffer = ByteBuffer()
                try buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: wanted) { bytes in
                    try systemCall("pread") { pread(open.number, bytes.baseAddress, wanted, off_t(place)) }
                }
                return buffer
            }
            guard buffer.readableBytes > 0 else {
                throw ServiceError(
                    status: 500, code: "InternalServerError",
                    message: "blob \(digest) of the state directory is damaged; pull its image again")
            }
            position += UInt64(buffer.readableBytes)
            return buffer
        }
    }
}

extension ImageLibrary {
    /// The archive of an image whose blobs were kept, byte for byte what was pulled or loaded: the same manifest, the same digests.
    ///
    /// Without its blobs an image cannot be written as it was: the layers lie here unpacked, and a tar made of their files would have other digests,
    /// and so be another image, whose signatures hold no more.
    ///
    /// - Throws: ``ServiceError`` 404 `ImageNotFound`, 409 `ImageNotKept`.
    public func archive(_ reference: String) async throws -> ImageArchive {
        do {
            guard let (name, record) = try await find(reference) else { throw ServiceError.imageNotFound(reference) }
            let manifest = try await blocking { [blobs, limits] in
                try blobs.read(record.manifestDigest, limit: limits.documents.manifestBytes)
            }
            let config = try await configuration(record)
            let document = try JSONDecoder().decode(Manifest.self, from: Data(manifest))
            let kept = Set(record.blobs.map(\.digest))
            guard document.layers.allSatisfy({ kept.contains($0.digest) }) else {
                throw ServiceError(
                    status: 409, code: "ImageNotKept",
                    message:
                        "image '\(reference)' cannot be exported: its layers' blobs were not kept; pull or load it again with --keep-blobs")
            }
            var parts: [ImageArchive.Part] = []
            var written: Set<FunctionModel.Digest> = []
            func add(_ path: String, _ bytes: [UInt8]) {
                let member = TarMember(path: Array(path.utf8), kind: .file(size: UInt64(bytes.count)))
                parts.append(.bytes(TarWriter.header(member) + bytes + TarWriter.padding(UInt64(bytes.count))))
            }
            var descriptor = OCI.Descriptor(
                mediaType: document.mediaType ?? MediaType.manifest, digest: record.manifestDigest, size: Int64(manifest.count))
            descriptor.annotations = record.references.contains(name) ? ["org.opencontainers.image.ref.name": name] : nil
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            add("oci-layout", Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8))
            add("index.json", Array(try encoder.encode(ImageIndex(manifests: [descriptor]))))
            add("blobs/sha256/\(record.manifestDigest.hex)", manifest)
            add("blobs/sha256/\(record.configDigest.hex)", config)
            for layer in document.layers where written.insert(layer.digest).inserted {
                let size = UInt64(Swift.max(0, layer.size))
                let member = TarMember(path: Array("blobs/sha256/\(layer.digest.hex)".utf8), kind: .file(size: size))
                parts += [.bytes(TarWriter.header(member)), .blob(layer.digest, size: size), .bytes(TarWriter.padding(size))]
            }
            parts.append(.bytes(TarWriter.end))
            let size = parts.reduce(UInt64(0)) { sum, part in
                switch part {
                case .bytes(let bytes): sum + UInt64(bytes.count)
                case .blob(_, let size): sum + size
                }
            }
            return ImageArchive(size: size, parts: parts, blobs: blobs)
        } catch { throw ServiceError.image(error, while: "exporting image '\(reference)'") }
    }
}
