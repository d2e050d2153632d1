// SPDX-License-Identifier: Apache-2.0
import CNettle
import Glibc

/// SHA-256 by nettle, which uses the processor's own instructions and links statically.
struct SHA256Hash {
    private var context = sha256_ctx()

    init() { nettle_sha256_init(&context) }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        nettle_sha256_update(&context, bytes.count, bytes.bindMemory(to: UInt8.self).baseAddress)
    }

    mutating func update(_ text: String) {
        var text = text
        text.withUTF8 { update(UnsafeRawBufferPointer($0)) }
    }

    /// The digest in lower-case hexadecimal.
    mutating func finish() -> String {
        var bytes = [UInt8](repeating: 0, count: 32)
        nettle_sha256_digest(&context, bytes.count, &bytes)
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}

/// The reason of the last failed call in words.
func failureText(_ number: CInt = errno) -> String { String(cString: strerror(number)) }
