// SPDX-License-Identifier: Apache-2.0

/// One challenge of a `WWW-Authenticate` header. Source: RFC 9110, 11.6.1; the names after RFC 6750 and the distribution specification 1.1.
struct AuthenticationChallenge: Hashable, Sendable {
    /// In lower case: `basic`, `bearer`.
    var scheme: String
    /// Names in lower case.
    var parameters: [String: String]

    /// All challenges of a header's value. What is malformed ends the list.
    static func parse(_ header: String) -> [AuthenticationChallenge] {
        var scanner = Scanner(bytes: Array(header.utf8.prefix(8192))[...])
        var challenges: [AuthenticationChallenge] = []
        while true {
            scanner.skip { $0 == 32 || $0 == 9 || $0 == 44 }
            guard let word = scanner.token() else { return challenges }
            scanner.skip { $0 == 32 || $0 == 9 }
            if scanner.take(UInt8(ascii: "=")) {
                guard let value = scanner.value(), !challenges.isEmpty else { return challenges }
                challenges[challenges.count - 1].parameters[word.lowercased()] = value
            } else {
                challenges.append(AuthenticationChallenge(scheme: word.lowercased(), parameters: [:]))
            }
        }
    }

    private struct Scanner {
        var bytes: ArraySlice<UInt8>

        mutating func skip(_ isSkipped: (UInt8) -> Bool) { bytes = bytes.drop(while: isSkipped) }

        mutating func take(_ byte: UInt8) -> Bool {
            guard bytes.first == byte else { return false }
            bytes = bytes.dropFirst()
            return true
        }

        mutating func token() -> String? {
            let word = bytes.prefix { byte in
                (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || "!#$%&'*+-.^_`|~".utf8.contains(byte)
            }
            bytes = bytes.dropFirst(word.count)
            return word.isEmpty ? nil : String(decoding: word, as: UTF8.self)
        }

        /// A token, or a text in quotation marks.
        mutating func value() -> String? {
            skip { $0 == 32 || $0 == 9 }
            guard take(UInt8(ascii: "\"")) else { return token() }
            var text: [UInt8] = []
            while let byte = bytes.popFirst() {
                if byte == UInt8(ascii: "\"") { return String(decoding: text, as: UTF8.self) }
                if byte == UInt8(ascii: "\\"), let next = bytes.popFirst() { text.append(next) } else { text.append(byte) }
            }
            return nil
        }
    }
}
