// SPDX-License-Identifier: Apache-2.0
import Access
import FunctionModel
import Logging

/// Private keys of domains: sealed in the store, open in memory, and in no answer.
extension Catalog {
    func sealed(_ domain: CustomDomain) throws -> CustomDomain {
        guard let box, var certificate = domain.certificate, case .plain(let key) = certificate.key else { return domain }
        certificate.key = .sealed(hexadecimal(try box.seal(key, for: Self.label(domain))))
        var sealed = domain
        sealed.certificate = certificate
        return sealed
    }

    /// The domain with a key that can be used; with a sealed one where this host cannot open it, and clients then see the host's certificate.
    func open(_ domain: CustomDomain) -> CustomDomain {
        guard var certificate = domain.certificate, case .sealed(let text) = certificate.key else { return domain }
        guard let key = bytes(hexadecimal: text).flatMap({ box?.open($0, for: Self.label(domain)) }) else {
            logger.error(
                "the private key of a domain cannot be opened: it was sealed by another secrets.key; put its certConfig again",
                metadata: ["domain": "\(domain.name)"])
            return domain
        }
        certificate.key = .plain(key)
        var opened = domain
        opened.certificate = certificate
        return opened
    }

    /// What only the store may say is no field of a request.
    func checked(_ input: [String: JSONValue]) throws(ServiceError) -> [String: JSONValue] {
        guard input["certConfig"]?.object?["sealedPrivateKey"] == nil else {
            throw .invalidArgument("certConfig.sealedPrivateKey is no field here; give privateKey")
        }
        return input
    }

    private static func label(_ domain: CustomDomain) -> String { "domain \(domain.name)" }
}

private func hexadecimal(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}

private func bytes(hexadecimal text: String) -> [UInt8]? {
    let digits = text.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
    guard digits.count == text.utf8.count, digits.count % 2 == 0 else { return nil }
    return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
}
