// SPDX-License-Identifier: Apache-2.0
import Crypto

/// What the operator asks of the signatures of a registry's images.
public struct SignaturePolicy: Sendable {
    public enum Mode: String, Hashable, Sendable {
        /// An image without a good signature is refused.
        case require
        /// It is taken, and the log says so.
        case warn
        case off
    }

    public var mode = Mode.off
    /// Any one of them may have signed.
    var keys: [PublicKey] = []
}

/// A key that checks signatures: ECDSA on P-256 with SHA-256, as `cosign generate-key-pair` makes it.
struct PublicKey: Sendable {
    /// The file that it came from, for errors.
    let name: String
    private let key: P256.Signing.PublicKey

    /// - Parameter pem: begins with `-----BEGIN PUBLIC KEY-----`.
    init(pem: String, name: String) throws {
        self.name = name
        do { key = try P256.Signing.PublicKey(pemRepresentation: pem) } catch {
            throw RegistrySettings.refusal(name, "it is no public key for ECDSA on P-256 in PEM, as cosign.pub is")
        }
    }

    /// - Parameter signature: an ECDSA signature in DER.
    func verifies(_ signature: [UInt8], of payload: [UInt8]) -> Bool {
        do { return key.isValidSignature(try P256.Signing.ECDSASignature(derRepresentation: signature), for: payload) } catch {
            return false
        }
    }
}
