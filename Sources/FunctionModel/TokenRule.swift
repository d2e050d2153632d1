// SPDX-License-Identifier: Apache-2.0

/// Which token an HTTP call must show, where, and what of it the function gets: the `authConfig` of a trigger, or the `authInfo` of a domain, whose
/// `authType` is `jwt`.
///
/// Source: HTTPTriggerConfig of Function Compute API 2023-03-30, and "Configure JWT authentication for an HTTP trigger" of its manual. The manual
/// writes names like `tokenLookup`, the API's own examples `TokenLookup`; both are read.
public struct TokenRule: Hashable, Sendable {
    public enum Place: String, Hashable, Sendable {
        case header, cookie, query
    }

    public struct Lookup: Hashable, Sendable {
        public var place: Place
        public var name: String
        /// What stands before the token in a header, without the space between: `Bearer`. Empty for nothing.
        public var prefix: String
    }

    /// A claim that the function gets as a header or a query parameter.
    public struct Mapping: Hashable, Sendable {
        public var place: Place
        public var claim: String
        public var name: String
    }

    /// For which paths a token is asked: each is exact, or with a `*` at its end the beginning of a path.
    public enum Paths: Hashable, Sendable {
        case all
        case except([String])
        case only([String])
    }

    private static let names = ["jwks", "tokenlookup", "claimpassby", "whitelist", "blacklist"]
    private static let textBytes = 65536
    private static let lookupLimit = 10
    private static let mappingLimit = 50

    /// A JSON Web Key Set (RFC 7517 §5).
    public let keys: JSONValue
    public let lookups: [Lookup]
    public let mappings: [Mapping]
    public let paths: Paths

    /// - Parameters:
    ///   - value: the object, or the text of one.
    ///   - field: what errors call it.
    /// - Throws: ``ServiceError`` 400 `InvalidArgument` that names field, value and rule.
    init(_ value: JSONValue?, field: String) throws(ServiceError) {
        guard let value, !value.isEmpty else {
            throw .missing(field, "jwt needs {\"jwks\":{\"keys\":[…]},\"tokenLookup\":\"header:Authorization:Bearer\"}")
        }
        var members = value.object
        if members == nil, let text = value.string, text.utf8.count <= Self.textBytes {
            do { members = try JSONValue(parsing: text).object } catch {
                throw .invalid(field, value, "it must be the text of a JSON object; it is \(error)")
            }
        }
        guard let members else { throw .invalid(field, value, "it must be the text of a JSON object, of at most \(Self.textBytes) bytes") }
        let reader = FieldReader(Dictionary(members.map { ($0.key.lowercased(), $0.value) }) { $1 }, path: field + ".")
        try reader.onlyHas(Self.names)
        guard let keys = reader.members["jwks"], keys.object != nil else {
            throw .missing(reader.field("jwks"), "a JSON Web Key Set: {\"keys\":[…]}")
        }
        self.keys = keys
        lookups = try Self.lookups(reader)
        mappings = try Self.mappings(reader)
        paths = try Self.paths(reader)
    }

    private static func lookups(_ reader: FieldReader) throws(ServiceError) -> [Lookup] {
        let parts = try words(reader, "tokenlookup", ["readPosition", "parameterName", "prefix"])
        guard (1...lookupLimit).contains(parts.count) else {
            throw .missing(reader.field("tokenLookup"), "1 to \(lookupLimit) places, for example header:Authorization:Bearer")
        }
        return try parts.map { part throws(ServiceError) in
            guard let place = Place(rawValue: part[0]), part.count >= 2, isToken(part[1]), part.count == 2 || place == .header else {
                throw .invalid(
                    reader.field("tokenLookup"), .string(part.joined(separator: ":")),
                    "each place must be header:NAME, header:NAME:PREFIX, cookie:NAME or query:NAME; a form is not read, since bodies pass unread"
                )
            }
            return Lookup(place: place, name: part[1], prefix: part.count > 2 ? part[2] : "")
        }
    }

    private static func mappings(_ reader: FieldReader) throws(ServiceError) -> [Mapping] {
        let parts = try words(reader, "claimpassby", ["mappingParameterPosition", "claimName", "mappingParameterName"])
        guard parts.count <= mappingLimit else {
            throw .invalid(reader.field("claimPassBy"), .integer(Int64(parts.count)), "there may be \(mappingLimit) claims at most")
        }
        // `query::` is what a well-known tool writes for none.
        return try parts.filter { $0.dropFirst().contains { !$0.isEmpty } }.map { part throws(ServiceError) in
            let name = part.count == 3 && !part[2].isEmpty ? part[2] : part.count >= 2 ? part[1] : ""
            guard let place = Place(rawValue: part[0]), place != .cookie, (2...3).contains(part.count), !part[1].isEmpty, isToken(name)
            else {
                throw .invalid(
                    reader.field("claimPassBy"), .string(part.joined(separator: ":")),
                    "each must be header:CLAIM:NAME or query:CLAIM:NAME; forms and cookies are not changed")
            }
            guard place != .header || !isReserved(name.lowercased()) else {
                throw .invalid(
                    reader.field("claimPassBy"), .string(name), "this header routes, frames or signs a request; take another one")
            }
            return Mapping(place: place, claim: part[1], name: name)
        }
    }

    /// `a:b:c,d:e` or the list of objects that people write in YAML, in the order of `names`.
    private static func words(_ reader: FieldReader, _ name: String, _ names: [String]) throws(ServiceError) -> [[String]] {
        guard let value = reader.members[name] else { return [] }
        if let text = value.string {
            return text.split(separator: ",").map {
                $0.split(separator: ":", omittingEmptySubsequences: false).map { String($0).trimmed }
            }
        }
        guard let elements = value.array else { throw .invalid(reader.field(name), value, "it must be a string, or a list of objects") }
        return try elements.map { element throws(ServiceError) in
            guard let members = element.object else { throw .invalid(reader.field(name), element, "each must be an object") }
            let one = FieldReader(members, path: reader.field(name) + ".")
            try one.onlyHas(names)
            var words: [String] = []
            for name in names { words.append(try one.string(name, maximumBytes: 256) ?? "") }
            while words.last == "" { words.removeLast() }
            return words.isEmpty ? [""] : words
        }
    }

    private static func paths(_ reader: FieldReader) throws(ServiceError) -> Paths {
        let (free, guarded) = (
            try reader.strings("whitelist", maximumBytes: textBytes) ?? [], try reader.strings("blacklist", maximumBytes: textBytes) ?? []
        )
        for path in free + guarded
        where !path.hasPrefix("/") || path.dropLast().contains("*") || path.contains(where: { "?#%".contains($0) }) {
            throw .invalid(
                reader.field(free.contains(path) ? "whitelist" : "blacklist"), .string(path),
                "it must be a path, for example /login, or the beginning of paths, for example /public/*")
        }
        guard free.isEmpty || guarded.isEmpty else {
            throw .invalidArgument("\(reader.field("whitelist")) and \(reader.field("blacklist")) exclude each other; give one of them")
        }
        return !free.isEmpty ? .except(free) : !guarded.isEmpty ? .only(guarded) : .all
    }

    private static func isReserved(_ name: String) -> Bool {
        ["x-fc-", "x-acs-", "x-forwarded-", "proxy-"].contains { name.hasPrefix($0) }
            || [
                "host", "connection", "keep-alive", "content-length", "transfer-encoding", "te", "trailer", "upgrade", "expect",
                "forwarded",
                "authorization", "cookie", "date", "traceparent", "tracestate",
            ].contains(name)
    }

    private static func isToken(_ text: String) -> Bool {
        (1...128).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || "!#$%&'*+-.^_`|~".utf8.contains($0)
            }
    }

    /// Whether a call of this path must show a token. A path that a server may read in more than one way always must: `/public/../admin` begins like a
    /// free one and may end somewhere else.
    ///
    /// - Parameter path: as it came, without the query.
    public func asks(for path: some StringProtocol) -> Bool {
        let segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        let isPlain =
            !segments.dropLast().contains("") && !segments.contains(".") && !segments.contains("..")
            && !path.contains { "%\\;".contains($0) }
        guard isPlain else { return true }
        func matches(_ rule: String) -> Bool { rule.last == "*" ? path.hasPrefix(rule.dropLast()) : path == rule }
        return switch paths {
        case .all: true
        case .except(let free): !free.contains(where: matches)
        case .only(let guarded): guarded.contains(where: matches)
        }
    }
}

extension String {
    /// Without the spaces around it.
    fileprivate var trimmed: String { String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed()) }
}
