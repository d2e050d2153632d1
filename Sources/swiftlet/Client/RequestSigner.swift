// SPDX-License-Identifier: Apache-2.0
import Access
import Crypto
import FoundationEssentials
import Glibc

/// Signs what the command line sends, with the key in the environment; without one nothing is signed.
struct RequestSigner: Sendable {
    private let key: String
    private let secret: String
    /// Of temporary credentials, as a function has them.
    private let token: String?

    init(key: String, secret: String, token: String? = nil) {
        self.key = key
        self.secret = secret
        self.token = token
    }

    /// - Returns: nil where the environment has no key.
    static func fromEnvironment() throws -> RequestSigner? {
        func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 } }
        switch (variable("SWIFTLET_ACCESS_KEY_ID"), variable("SWIFTLET_ACCESS_KEY_SECRET")) {
        case (nil, nil): return nil
        case (let key?, let secret?): return RequestSigner(key: key, secret: secret, token: variable("SWIFTLET_SECURITY_TOKEN"))
        default: throw CommandFailure("SWIFTLET_ACCESS_KEY_ID and SWIFTLET_ACCESS_KEY_SECRET go together: set both, or neither")
        }
    }

    /// The headers to add.
    ///
    /// - Parameters:
    ///   - target: path and query.
    ///   - content: the body; nil where it is not known before it is sent.
    func headers(_ method: String, _ target: String, host: String, content: Data?) throws -> [String: String] {
        let payload =
            content.map { SHA256.hash(data: $0).map { byte in Self.hexadecimal(byte) }.joined() } ?? AccessAuthority.unsignedPayload
        return try headers(method, target, host: host, payload: payload, more: ["x-acs-content-sha256": payload])
    }

    /// The headers to add to an HTTP call of a function, whose body is no part of the signature.
    func triggerHeaders(_ method: String, _ target: String, host: String) throws -> [String: String] {
        try headers(method, target, host: host, payload: "", more: [:])
    }

    private func headers(
        _ method: String, _ target: String, host: String, payload: String, more: [String: String]
    ) throws -> [String: String] {
        var time = time_t(0)
        Glibc.time(&time)
        var parts = tm()
        gmtime_r(&time, &parts)
        var text = [CChar](repeating: 0, count: 32)
        let length = strftime(&text, text.count, "%Y-%m-%dT%H:%M:%SZ", &parts)
        var headers = [
            "host": host, "x-acs-date": String(decoding: text[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self),
            "x-acs-signature-nonce": AccessWords.random(32),
        ].merging(more) { $1 }
        if let token {
            headers["x-acs-security-token"] = token
            headers["x-acs-accesskey-id"] = key
        }
        let head = SignedHead(method: method, target: target, headers: headers.map { ($0.key, $0.value) })
        guard
            let authorization = RequestSignature.authorization(
                head, key: key, secret: secret, signedHeaders: Array(headers.keys), payload: payload)
        else { throw CommandFailure("the request of '\(target)' cannot be signed: it is not percent-encoded UTF-8") }
        headers["authorization"] = authorization
        headers["host"] = nil
        return headers
    }

    private static func hexadecimal(_ byte: UInt8) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16) }
}
