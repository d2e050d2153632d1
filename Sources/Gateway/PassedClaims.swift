// SPDX-License-Identifier: Apache-2.0
internal import FunctionModel

/// Writes what a token says where a function reads it. What a client sends at those places itself never arrives.
enum PassedClaims {
    /// The target with the claims as query parameters, and without those of their names that the client sent.
    static func apply(_ claims: [PassedClaim], of mappings: [TokenRule.Mapping], to target: String) -> String {
        let names = Set(mappings.filter { $0.place == .query }.map(\.name))
        guard !names.isEmpty else { return target }
        let mark = target.firstIndex(of: "?") ?? target.endIndex
        let kept = target[mark...].dropFirst().split(separator: "&").filter { pair in
            // Some servers part parameters at `;` too.
            !pair.split(separator: ";").contains { parameter in
                let name = parameter.prefix { $0 != "=" }
                return names.contains(Destination.decoded(name) ?? String(name))
            }
        }
        let added = claims.filter { $0.place == .query }.map { "\($0.name)=\(encoded($0.value, keeping: "-._~"))" }
        let query = (kept.map(String.init) + added).joined(separator: "&")
        return target[..<mark] + (query.isEmpty ? "" : "?" + query)
    }

    static func fields(_ claims: [PassedClaim]) -> [(name: String, value: String)] {
        claims.filter { $0.place == .header }.map { ($0.name, encoded($0.value, keeping: " !\"#$&'()*+,-./:;<=>?@[\\]^_`{|}~")) }
    }

    /// Letters, digits and what is named stay; every other byte of the UTF-8 is percent-encoded, so that nothing in a claim ends a line or a parameter.
    private static func encoded(_ text: String, keeping others: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            let isPlain = (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || others.utf8.contains(byte)
            bytes += isPlain ? [byte] : [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
