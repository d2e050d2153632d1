// SPDX-License-Identifier: Apache-2.0
import FunctionModel

/// What a signature of cosign says, and whether it says it of an image. Source: containers/image, "atomic container signature", simple signing, and
/// cosign's signature specification.
struct SignedPayload {
    static let mediaType = "application/vnd.dev.cosign.simplesigning.v1+json"
    static let annotation = "dev.cosignproject.cosign/signature"
    static let artifactType = "application/vnd.dev.cosign.artifact.sig.v1+json"
    /// Bytes of a payload; they are a few hundred.
    static let limit: UInt64 = 64 << 10

    /// Whether the payload is a signature of the manifest with this digest, and of nothing else.
    static func names(_ digest: Digest, _ payload: [UInt8]) -> Bool {
        let value: JSONValue?
        do { value = try JSONValue(parsing: payload) } catch { value = nil }
        guard let critical = value?.object?["critical"]?.object else { return false }
        return critical["type"]?.string == "cosign container image signature"
            && critical["image"]?.object?["docker-manifest-digest"]?.string == "\(digest)"
    }
}
