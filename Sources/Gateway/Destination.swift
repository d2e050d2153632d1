// SPDX-License-Identifier: Apache-2.0

/// Where a request goes, by its method, raw target and host alone. Percent-encoding is undone after the path was split, and only in names.
package enum Destination: Hashable, Sendable {
    /// `POST /2023-03-30/functions/{name}/invocations`.
    case event(function: String, qualifier: String)
    /// A call by host name, or by `/http/{name}` or `/http/{name}@{qualifier}`; `target` is what the function sees, path and query, byte for byte.
    case http(function: String, qualifier: String, target: String, byPath: Bool)
    /// Everything else.
    case controlAPI

    /// - Parameters:
    ///   - target: in origin form, beginning with `/`.
    ///   - host: as the `Host` header has it; a scheme before it is tolerated (Function Compute contract §0, 12).
    package static func of(method: String, target: String, host: String?) -> Destination {
        if let host, let (function, qualifier) = function(inHost: host) {
            return .http(function: function, qualifier: qualifier ?? "LATEST", target: target, byPath: false)
        }
        if begins(target, "/http/") { return httpCall(target) }
        if method == "POST", begins(target, eventPath), let event = event(target) { return event }
        return .controlAPI
    }

    private static let eventPath: StaticString = "/2023-03-30/functions/"

    private static func begins(_ target: String, _ start: StaticString) -> Bool {
        var target = target
        return target.withUTF8 { $0.starts(with: UnsafeBufferPointer(start: start.utf8Start, count: start.utf8CodeUnitCount)) }
    }

    /// `{function}.localhost` or `{qualifier}.{function}.localhost`, with or without a port.
    private static func function(inHost host: String) -> (function: String, qualifier: String?)? {
        let bytes = host.utf8
        // Most hosts end otherwise: an address, or a name of the operator's.
        guard bytes.count > 10, bytes.contains(UInt8(ascii: "l")) || bytes.contains(UInt8(ascii: "L")) else { return nil }
        var name = bytes[...]
        if let slash = name.lastIndex(of: UInt8(ascii: "/")) { name = name[name.index(after: slash)...] }
        if let colon = name.firstIndex(of: UInt8(ascii: ":")) { name = name[..<colon] }
        if name.last == UInt8(ascii: ".") { name.removeLast() }
        let labels = name.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard labels.count == 2 || labels.count == 3, String(Substring(labels[labels.count - 1])).lowercased() == "localhost",
            labels.allSatisfy({ !$0.isEmpty })
        else { return nil }
        let names = labels.map { String(Substring($0)) }
        return names.count == 2 ? (names[0], nil) : (names[1], names[0])
    }

    private static func httpCall(_ target: String) -> Destination {
        var target = target
        // Where the name ends, its qualifier begins, and whether anything is escaped, in one pass.
        let found = target.withUTF8 { bytes -> (end: Int, at: Int?, isEscaped: Bool) in
            var (end, at, isEscaped) = (6, Int?.none, false)
            while end < bytes.count, bytes[end] != UInt8(ascii: "/"), bytes[end] != UInt8(ascii: "?") {
                if bytes[end] == UInt8(ascii: "@"), at == nil { at = end }
                if bytes[end] == UInt8(ascii: "%") { isEscaped = true }
                end += 1
            }
            return (end, at, isEscaped)
        }
        guard found.end > 6 else { return .controlAPI }
        let after = text(target, found.end, target.utf8.count)
        let inner = after.isEmpty ? "/" : after.utf8.first == UInt8(ascii: "?") ? "/" + after : String(after)
        if !found.isEscaped {
            let name = String(text(target, 6, found.at ?? found.end))
            return .http(
                function: name, qualifier: found.at.map { String(text(target, $0 + 1, found.end)) } ?? "LATEST", target: inner, byPath: true
            )
        }
        guard let name = decoded(text(target, 6, found.end)) else { return .controlAPI }
        let names = name.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        return .http(function: names[0], qualifier: names.count == 2 ? names[1] : "LATEST", target: inner, byPath: true)
    }

    private static func event(_ target: String) -> Destination? {
        var target = target
        // Where the name ends and where the query begins, in one pass.
        let found = target.withUTF8 { bytes -> (slash: Int, query: Int?)? in
            var (at, slash) = (eventPath.utf8CodeUnitCount, Int?.none)
            while at < bytes.count, bytes[at] != UInt8(ascii: "?") {
                if bytes[at] == UInt8(ascii: "/") {
                    guard slash == nil else { return nil }
                    slash = at
                }
                at += 1
            }
            guard let slash, slash > eventPath.utf8CodeUnitCount, bytes[slash..<at].elementsEqual("/invocations".utf8) else { return nil }
            return (slash, at < bytes.count ? at + 1 : nil)
        }
        guard let found, let name = decoded(text(target, eventPath.utf8CodeUnitCount, found.slash)) else { return nil }
        var qualifier = "LATEST"
        if let query = found.query {
            for pair in target.utf8.dropFirst(query).split(separator: UInt8(ascii: "&")) where pair.starts(with: "qualifier=".utf8) {
                guard let value = decoded(Substring(pair.dropFirst(10))) else { return nil }
                if !value.isEmpty { qualifier = value }
            }
        }
        return .event(function: name, qualifier: qualifier)
    }

    private static func text(_ target: String, _ from: Int, _ to: Int) -> Substring {
        let utf8 = target.utf8
        return Substring(utf8[utf8.index(utf8.startIndex, offsetBy: from)..<utf8.index(utf8.startIndex, offsetBy: to)])
    }

    /// - Returns: nil for a broken escape, or one that is not UTF-8.
    static func decoded(_ text: Substring) -> String? {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
        var bytes: [UInt8] = []
        var rest = text.utf8
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = rest.prefix(2).compactMap { Character(UnicodeScalar($0)).hexDigitValue }
            guard digits.count == 2 else { return nil }
            bytes.append(UInt8(digits[0] << 4 | digits[1]))
            rest.removeFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}
