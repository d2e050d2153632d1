// SPDX-License-Identifier: Apache-2.0
import Crypto
public import FunctionModel

/// Hashes a body while it comes, and says at its end whether it is the one that was signed.
public struct PayloadCheck: Sendable {
    private let promised: String
    private var hash = SHA256()

    /// - Parameter promised: `x-acs-content-sha256`, the SHA-256 in hexadecimal.
    public init(promised: String) { self.promised = promised.lowercased() }

    public mutating func update(_ bytes: UnsafeRawBufferPointer) { hash.update(bufferPointer: bytes) }

    /// - Throws: ``ServiceError`` 403 `SignatureNotMatch`.
    public func finish() throws(ServiceError) {
        let found = hexadecimal(hash.finalize())
        guard found == promised else {
            throw ServiceError(
                status: 403, code: "SignatureNotMatch",
                message: "the body has the SHA-256 \(found), and x-acs-content-sha256 says \(promised.prefix(64))")
        }
    }
}
