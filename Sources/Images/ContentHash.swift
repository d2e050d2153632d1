// SPDX-License-Identifier: Apache-2.0
import Crypto
import FunctionModel

/// SHA-256 with the digests of this project. It is apart since Crypto has a `Digest` too.
struct ContentHash {
    private var hash = SHA256()

    mutating func update(_ bytes: UnsafeRawBufferPointer) { hash.update(bufferPointer: bytes) }

    func finish() -> FunctionModel.Digest { FunctionModel.Digest(bytes: Array(hash.finalize())) }

    static func of(_ bytes: [UInt8]) -> FunctionModel.Digest {
        var hash = ContentHash()
        bytes.withUnsafeBytes { hash.update($0) }
        return hash.finish()
    }
}
