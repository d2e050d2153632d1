// SPDX-License-Identifier: Apache-2.0
import Crypto
import FoundationEssentials

/// The credentials of an S3-compatible server, and where it believes itself to be.
public struct S3Credentials: Hashable, Sendable {
    public var keyID: String
    public var secret: String
    public var region: String

    public init(keyID: String, secret: String, region: String) {
        self.keyID = keyID
        self.secret = secret
        self.region = region
    }
}

/// Signature version 4 of a request to S3, in its header.
///
/// Source: Amazon S3 API reference, "Authenticating Requests: Using the Authorization Header".
public struct SignatureV4: Sendable {
    public var credentials: S3Credentials

    public init(_ credentials: S3Credentials) { self.credentials = credentials }

    /// The value of `Authorization`.
    ///
    /// - Parameters:
    ///   - path: as it is sent, every part percent-encoded.
    ///   - headers: all that are signed, lower-case names; `host`, `x-amz-date` and `x-amz-content-sha256` must be among them.
    ///   - time: as in `x-amz-date`, for example `20130524T000000Z`.
    public func authorization(method: String, path: String, headers: [String: String], payload: String, time: String) -> String {
        let sorted = headers.sorted { $0.key < $1.key }
        let names = sorted.map(\.key).joined(separator: ";")
        let canonical =
            "\(method)\n\(path)\n\n" + sorted.map { "\($0.key):\(trimmed($0.value))\n" }.joined() + "\n\(names)\n\(payload)"
        let day = String(time.prefix(8))
        let scope = "\(day)/\(credentials.region)/s3/aws4_request"
        let text = "AWS4-HMAC-SHA256\n\(time)\n\(scope)\n\(hexadecimal(SHA256.hash(data: Data(canonical.utf8))))"
        var key = SymmetricKey(data: Data("AWS4\(credentials.secret)".utf8))
        for part in [day, credentials.region, "s3", "aws4_request"] {
            key = SymmetricKey(data: HMAC<SHA256>.authenticationCode(for: Data(part.utf8), using: key))
        }
        let signature = hexadecimal(HMAC<SHA256>.authenticationCode(for: Data(text.utf8), using: key))
        return "AWS4-HMAC-SHA256 Credential=\(credentials.keyID)/\(scope),SignedHeaders=\(names),Signature=\(signature)"
    }

    /// Every byte of a path but letters, digits, `-`, `_`, `.`, `~` and `/`.
    public static func encode(_ path: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        let bytes = path.utf8.flatMap { byte -> [UInt8] in
            switch byte {
            case 48...57, 65...90, 97...122, 45, 46, 47, 95, 126: [byte]
            default: [37, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func trimmed(_ value: String) -> String {
        var rest = Substring(value)
        while rest.first == " " { rest.removeFirst() }
        while rest.last == " " { rest.removeLast() }
        return String(rest)
    }

    private func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
