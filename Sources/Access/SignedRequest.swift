// SPDX-License-Identifier: Apache-2.0
import Crypto
import Foundation
import FunctionModel

/// The head of a request, as it was received or is about to be sent.
public struct SignedHead: Sendable {
    public var method: String
    /// Raw, with its percent signs, and without the query.
    public var path: String
    /// Raw, without the question mark.
    public var query: String
    public var headers: [(name: String, value: String)]

    public init(method: String, path: String, query: String, headers: [(name: String, value: String)]) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
    }

    /// - Parameter target: path and query, as they stand in the request line.
    public init(method: String, target: String, headers: [(name: String, value: String)]) {
        let mark = target.firstIndex(of: "?")
        self.init(
            method: method, path: String(target[..<(mark ?? target.endIndex)]),
            query: mark.map { String(target[target.index(after: $0)...]) } ?? "", headers: headers)
    }

    /// - Parameter name: in lower case.
    public func header(_ name: String) -> String? { headers.first { $0.name.lowercased() == name }?.value }
}

/// The `Authorization` of ACS3-HMAC-SHA256.
///
/// Source: Function Compute contract §2.2 and §2.3. Path and query are brought into one form before they are signed: some clients encode them anew
/// after signing.
public struct RequestSignature: Hashable, Sendable {
    public static let scheme = "ACS3-HMAC-SHA256"

    public var key: String
    /// Lower-case names.
    public var signedHeaders: [String]
    public var signature: [UInt8]

    /// - Returns: nil where it is malformed, or of another scheme.
    public init?(_ text: String) {
        guard text.hasPrefix(Self.scheme + " ") else { return nil }
        var parts: [String: String] = [:]
        for part in text.dropFirst(Self.scheme.count + 1).split(separator: ",") {
            let pair = part.split(separator: "=", maxSplits: 1)
            guard pair.count == 2 else { return nil }
            let name = pair[0].trimmingCharacters(in: .whitespaces)
            guard parts.updateValue(String(pair[1]), forKey: name) == nil else { return nil }
        }
        guard let key = parts["Credential"], !key.isEmpty, let names = parts["SignedHeaders"], let hexadecimal = parts["Signature"],
            let signature = bytes(hexadecimal: hexadecimal), signature.count == 32
        else { return nil }
        self.key = key
        self.signature = signature
        signedHeaders = names.split(separator: ";").map { $0.lowercased() }
    }

    /// - Parameter payload: what stands for the body: its SHA-256 in hexadecimal, or nothing.
    /// - Returns: nil where the path or query is not percent-encoded UTF-8, or a signed header is missing.
    static func textToSign(_ head: SignedHead, signedHeaders: [String], payload: String) -> String? {
        guard let path = canonicalPath(head.path), let query = canonicalQuery(head.query) else { return nil }
        var lines = ""
        for name in signedHeaders.sorted() {
            guard let value = head.header(name) else { return nil }
            lines += "\(name):\(value.trimmingCharacters(in: .whitespaces))\n"
        }
        let canonical = "\(head.method)\n\(path)\n\(query)\n\(lines)\n\(signedHeaders.joined(separator: ";"))\n\(payload)"
        return "\(scheme)\n\(hexadecimal(SHA256.hash(data: Data(canonical.utf8))))"
    }

    /// Compares in constant time.
    func isValid(_ head: SignedHead, payload: String, secret: String) -> Bool {
        guard let text = Self.textToSign(head, signedHeaders: signedHeaders, payload: payload) else { return false }
        return HMAC<SHA256>.isValidAuthenticationCode(
            signature, authenticating: Data(text.utf8), using: SymmetricKey(data: Data(secret.utf8)))
    }

    /// The value of `Authorization` for a request that is sent.
    ///
    /// - Parameter signedHeaders: lower-case names, all of which `head` has.
    public static func authorization(_ head: SignedHead, key: String, secret: String, signedHeaders: [String], payload: String) -> String? {
        let names = signedHeaders.sorted()
        guard let text = textToSign(head, signedHeaders: names, payload: payload) else { return nil }
        let code = HMAC<SHA256>.authenticationCode(for: Data(text.utf8), using: SymmetricKey(data: Data(secret.utf8)))
        return "\(scheme) Credential=\(key),SignedHeaders=\(names.joined(separator: ";")),Signature=\(hexadecimal(code))"
    }

    private static func canonicalPath(_ path: String) -> String? {
        var parts: [String] = []
        for part in path.split(separator: "/", omittingEmptySubsequences: false) {
            guard let text = decoded(part.utf8, plusIsSpace: false) else { return nil }
            parts.append(encoded(text))
        }
        return parts.joined(separator: "/")
    }

    private static func canonicalQuery(_ query: String) -> String? {
        var pairs: [(name: String, value: String)] = []
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = decoded(parts[0].utf8, plusIsSpace: true),
                let value = decoded(parts.count > 1 ? parts[1].utf8 : Substring().utf8, plusIsSpace: true)
            else { return nil }
            pairs.append((name, value))
        }
        return pairs.sorted { $0.name == $1.name ? $0.value < $1.value : $0.name < $1.name }
            .map { "\($0.name)=\(encoded($0.value))" }.joined(separator: "&")
    }

    private static func decoded(_ text: Substring.UTF8View, plusIsSpace: Bool) -> String? {
        var result: [UInt8] = []
        var rest = text.makeIterator()
        while let byte = rest.next() {
            if byte == UInt8(ascii: "%") {
                guard let high = rest.next().flatMap(digit), let low = rest.next().flatMap(digit) else { return nil }
                result.append(high << 4 | low)
            } else {
                result.append(plusIsSpace && byte == UInt8(ascii: "+") ? 32 : byte)
            }
        }
        return String(validating: result, as: UTF8.self)
    }

    /// RFC 3986: everything but the unreserved characters.
    private static func encoded(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        let bytes = text.utf8.flatMap { byte -> [UInt8] in
            switch byte {
            case 48...57, 65...90, 97...122, 45, 46, 95, 126: [byte]
            default: [37, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

private func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 48...57: byte - 48
    case 65...70: byte - 55
    case 97...102: byte - 87
    default: nil
    }
}

private func bytes(hexadecimal text: String) -> [UInt8]? {
    let digits = text.utf8.map(digit)
    guard digits.count % 2 == 0, !digits.contains(nil) else { return nil }
    return stride(from: 0, to: digits.count, by: 2).map { (digits[$0] ?? 0) << 4 | (digits[$0 + 1] ?? 0) }
}

func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}
