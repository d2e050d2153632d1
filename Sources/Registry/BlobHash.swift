// SPDX-License-Identifier: Apache-2.0
import Crypto
import FunctionModel
import NIOCore

/// SHA-256 with the digests of this project. It is apart since Crypto has a `Digest` too.
struct BlobHash {
    private var hash = SHA256()

    mutating func update(_ buffer: ByteBuffer) { buffer.withUnsafeReadableBytes { hash.update(bufferPointer: $0) } }

    func finish() -> FunctionModel.Digest { FunctionModel.Digest(bytes: Array(hash.finalize())) }

    static func of(_ bytes: [UInt8]) -> FunctionModel.Digest { FunctionModel.Digest(bytes: Array(SHA256.hash(data: bytes))) }
}
