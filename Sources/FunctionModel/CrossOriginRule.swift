// SPDX-License-Identifier: Apache-2.0

/// Which pages of other origins a browser lets call a function over HTTP.
///
/// Source: `corsConfig` of Function Compute API 2023-03-30, and the Fetch standard, "CORS protocol".
public struct CrossOriginRule: Hashable, Sendable {
    private static let listBytes = 8192
    /// Seconds that a browser may remember a preflight's answer.
    private static let ages = 0...86400

    /// `*`, or origins, in which one `*` stands for any part: `https://*.example.com`.
    public var origins: [String]
    public var methods: [String]
    public var headers: [String]
    public var exposedHeaders: [String]
    public var allowsCredentials: Bool
    public var maximumAge: Int?

    /// What Function Compute does where nothing is configured: every origin may read the answer; preflights go to the function.
    public static let byDefault = CrossOriginRule(
        origins: ["*"], methods: [], headers: [], exposedHeaders: ["Date", "x-fc-request-id"], allowsCredentials: true, maximumAge: nil)

    init(
        origins: [String], methods: [String], headers: [String], exposedHeaders: [String], allowsCredentials: Bool, maximumAge: Int?
    ) {
        self.origins = origins
        self.methods = methods
        self.headers = headers
        self.exposedHeaders = exposedHeaders
        self.allowsCredentials = allowsCredentials
        self.maximumAge = maximumAge
    }

    init(_ reader: FieldReader) throws(ServiceError) {
        try reader.onlyHas(["allowOrigins", "allowMethods", "allowHeaders", "exposeHeaders", "allowCredentials", "maxAge"])
        let origins = try reader.strings("allowOrigins", maximumBytes: Self.listBytes) ?? []
        guard !origins.isEmpty, origins.allSatisfy({ Self.isHeaderValue($0) && $0.utf8.count { $0 == UInt8(ascii: "*") } <= 1 }) else {
            throw .invalid(
                reader.field("allowOrigins"), .array(origins.map { .string($0) }),
                "it must name origins, for example \"https://example.com\", \"https://*.example.com\" or \"*\"")
        }
        self.origins = origins
        methods = try Self.tokens(reader, "allowMethods")
        headers = try Self.tokens(reader, "allowHeaders")
        exposedHeaders = try Self.tokens(reader, "exposeHeaders")
        allowsCredentials = try reader.bool("allowCredentials") ?? false
        maximumAge = try reader.integer("maxAge", Self.ages, unit: " seconds")
    }

    private static func tokens(_ reader: FieldReader, _ name: String) throws(ServiceError) -> [String] {
        let tokens = try reader.strings(name, maximumBytes: listBytes) ?? []
        guard tokens.allSatisfy({ !$0.contains(",") && isHeaderValue($0) }) else {
            throw .invalid(reader.field(name), .array(tokens.map { .string($0) }), "it must be a list of names, or \"*\"")
        }
        return tokens
    }

    /// They become parts of a header: nothing in them may end it.
    private static func isHeaderValue(_ text: String) -> Bool { !text.isEmpty && text.utf8.allSatisfy { (33...126).contains($0) } }

    /// The fields of an answer to a page of this origin; none where the origin may not read it.
    public func answerFields(origin: String) -> [(name: String, value: String)] {
        guard allows(origin: origin) else { return [] }
        var fields = [("Access-Control-Allow-Origin", origin), ("Vary", "Origin")]
        if allowsCredentials { fields.append(("Access-Control-Allow-Credentials", "true")) }
        if !exposedHeaders.isEmpty { fields.append(("Access-Control-Expose-Headers", exposedHeaders.joined(separator: ","))) }
        return fields
    }

    /// The fields of the answer to a preflight; nil where it is refused.
    ///
    /// - Parameters:
    ///   - method: what the page wants to send.
    ///   - headers: the request's `Access-Control-Request-Headers`.
    public func preflightFields(origin: String, method: String, headers asked: String?) -> [(name: String, value: String)]? {
        guard allows(origin: origin), methods.isEmpty || methods.contains("*") || methods.contains(method) else { return nil }
        let names = (asked ?? "").split(separator: ",").map { $0.split(separator: " ").joined().lowercased() }
        let allowed = Set(headers.map { $0.lowercased() })
        guard allowed.contains("*") || names.allSatisfy(allowed.contains) else { return nil }
        var fields = answerFields(origin: origin).filter { $0.name != "Access-Control-Expose-Headers" }
        // A star means nothing to a browser that sends credentials: it is told what it asked for.
        fields.append(("Access-Control-Allow-Methods", methods.contains("*") || methods.isEmpty ? method : methods.joined(separator: ",")))
        if !names.isEmpty { fields.append(("Access-Control-Allow-Headers", names.joined(separator: ","))) }
        if let maximumAge { fields.append(("Access-Control-Max-Age", String(maximumAge))) }
        return fields
    }

    func allows(origin: String) -> Bool {
        origins.contains { pattern in
            guard let star = pattern.firstIndex(of: "*") else { return pattern.lowercased() == origin.lowercased() }
            let (head, tail) = (pattern[..<star].lowercased(), pattern[pattern.index(after: star)...].lowercased())
            let text = origin.lowercased()
            return text.utf8.count >= head.utf8.count + tail.utf8.count && text.hasPrefix(head) && text.hasSuffix(tail)
        }
    }
}
