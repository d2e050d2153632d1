// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Testing

@Suite struct DigestTests {
    @Test(arguments: ["", "sha256:", "sha512:" + String(repeating: "a", count: 64), "sha256:" + String(repeating: "A", count: 64)])
    func refuses(_ text: String) { #expect(Digest(text) == nil) }

    @Test func writesItsBytes() {
        let digest = Digest(bytes: (0..<32).map { UInt8($0) })
        #expect(digest.description == "sha256:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f")
        #expect(Digest(digest.description) == digest)
    }
}
