// SPDX-License-Identifier: Apache-2.0

/// A host name whose paths lead to functions.
///
/// Source: CreateCustomDomainInput, UpdateCustomDomainInput and CustomDomain of Function Compute API 2023-03-30.
public struct CustomDomain: Hashable, Sendable {
    public static let routes = 200
    private static let fields = [
        "domainName", "protocol", "routeConfig", "corsConfig", "authConfig", "certConfig", "tlsConfig", "wafConfig", "isE2B",
    ]

    /// Lower case; a `*` as its first label stands for any one.
    public var name: String
    public private(set) var routes: [DomainRoute] = []
    public private(set) var crossOrigin: CrossOriginRule?
    /// Whom it lets in.
    public private(set) var callers = CallerRule.anonymous
    public private(set) var reached = DomainProtocol.http
    /// Nil where HTTPS clients see the host's.
    public var certificate: DomainCertificate?
    /// As it was given: `protocol`, `routeConfig` and the others, by their names. A private key is never in it.
    public private(set) var content: [String: JSONValue] = [:]

    /// Reads a CreateCustomDomainInput.
    ///
    /// - Throws: ``ServiceError`` 400 `InvalidArgument` that names field, value and bound.
    public init(creating input: [String: JSONValue]) throws(ServiceError) {
        guard let name = try FieldReader(input).string("domainName", maximumBytes: 1024) else {
            throw .missing("domainName", "for example api.example.com")
        }
        guard Self.isName(name) else {
            throw .invalid(
                "domainName", .string(name),
                "it must be a host name of at most 253 characters, a '*' may be its first label, and it must not end in 'localhost', which leads to functions already"
            )
        }
        self.name = name.lowercased()
        try apply(input)
    }

    /// Applies an UpdateCustomDomainInput: an omitted field keeps its value.
    ///
    /// - Throws: as ``init(creating:)``; `self` is then as it was.
    public mutating func apply(_ input: [String: JSONValue]) throws(ServiceError) {
        let reader = FieldReader(input)
        try reader.onlyHas(Self.fields)
        var new = self
        if let word = try reader.string("protocol", maximumBytes: 20) {
            guard let reached = DomainProtocol(rawValue: word.isEmpty ? "HTTP" : word) else {
                throw .invalid("protocol", .string(word), "it must be HTTP, HTTPS or HTTP,HTTPS")
            }
            new.reached = reached
        }
        if let config = try reader.object("certConfig") {
            new.certificate = config.members.isEmpty ? nil : try DomainCertificate(config, previous: certificate)
        }
        if new.certificate != nil, new.reached == .http {
            throw .invalid("protocol", "HTTP", "a domain with a certConfig is reached by HTTPS or HTTP,HTTPS; {} clears certConfig")
        }
        if let value = reader.members["tlsConfig"], !value.isEmpty {
            throw .invalid("tlsConfig", value, "versions and ciphers are the host's: TLS 1.2 and 1.3; leave it out")
        }
        if let waf = try reader.object("wafConfig"), try waf.bool("enableWAF") == true {
            throw .invalid("wafConfig.enableWAF", true, "this host has no web application firewall")
        }
        if let auth = try reader.object("authConfig") {
            try auth.onlyHas(["authType", "authInfo"])
            let type = try auth.string("authType", maximumBytes: 20) ?? ""
            new.callers = try CallerRule(type.isEmpty ? "anonymous" : type, "authInfo", auth)
        }
        if let cors = try reader.object("corsConfig") { new.crossOrigin = cors.members.isEmpty ? nil : try CrossOriginRule(cors) }
        if let config = try reader.object("routeConfig") { new.routes = try Self.routes(config) }
        for (name, value) in reader.members where name != "domainName" { new.content[name] = value }
        new.content["protocol"] = .string(new.reached.rawValue)
        new.content["certConfig"] = new.certificate?.json
        self = new
    }

    /// What the store keeps: ``content``, with the private key where it is sealed.
    public var stored: [String: JSONValue] {
        var members = content
        members["certConfig"] = certificate?.stored
        return members
    }

    private static func routes(_ reader: FieldReader) throws(ServiceError) -> [DomainRoute] {
        guard let elements = (reader.members["routes"] ?? []).array, elements.count <= routes else {
            throw .invalid(reader.field("routes"), reader.members["routes"] ?? .null, "it must be a list of at most \(routes) routes")
        }
        var result: [DomainRoute] = []
        for (index, element) in elements.enumerated() {
            guard let members = element.object else { throw .invalid(reader.field("routes"), element, "each route must be an object") }
            result.append(try DomainRoute(FieldReader(members, path: "\(reader.field("routes"))[\(index)].")))
        }
        return result
    }

    private static func isName(_ name: String) -> Bool {
        var labels = name.split(separator: ".", omittingEmptySubsequences: false)
        if labels.first == "*" { labels.removeFirst() }
        guard name.utf8.count <= 253, labels.count >= 1, labels.last?.lowercased() != "localhost" else { return false }
        return labels.allSatisfy { label in
            (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                && label.utf8.allSatisfy { (65...90).contains($0) || (97...122).contains($0) || (48...57).contains($0) || $0 == 45 }
        }
    }

    /// The route of a request: an exact path before a prefix, a longer prefix before a shorter one, and the earlier of equal ones.
    ///
    /// - Parameter path: without the query.
    public func route(method: String, path: Substring) -> DomainRoute? {
        var best: DomainRoute?
        for route in routes where route.methods.isEmpty || route.methods.contains(method) {
            guard let length = route.match(path) else { continue }
            if best.map({ length > ($0.match(path) ?? -1) }) ?? true { best = route }
        }
        return best
    }
}

/// One path of a domain, and the function behind it.
public struct DomainRoute: Hashable, Sendable {
    public var path: String
    public var function: String
    /// `LATEST`, the number of a version, or an alias.
    public var qualifier: String
    /// Empty for all.
    public var methods: Set<String>
    public var rewrite: PathRewrite

    init(_ reader: FieldReader) throws(ServiceError) {
        try reader.onlyHas(["path", "functionName", "qualifier", "methods", "rewriteConfig"])
        guard let path = try reader.string("path", maximumBytes: 512), path.hasPrefix("/"),
            path.utf8.allSatisfy({ (33...126).contains($0) }),
            !path.dropLast().contains("*")
        else {
            throw .invalid(
                reader.field("path"), reader.members["path"] ?? .null,
                "it must be a path, for example /login, or a prefix, for example /api/*")
        }
        guard let function = try reader.string("functionName", maximumBytes: 64) else {
            throw .missing(reader.field("functionName"), "the function behind the path")
        }
        let methods = try reader.strings("methods", maximumBytes: 256) ?? []
        guard methods.allSatisfy(HTTPTrigger.methods.contains) else {
            throw .invalid(
                reader.field("methods"), .array(methods.map { .string($0) }), "there are \(HTTPTrigger.methods.joined(separator: ", "))")
        }
        let qualifier = try reader.string("qualifier", maximumBytes: 64) ?? ""
        self.path = path
        self.function = function
        self.qualifier = qualifier.isEmpty ? "LATEST" : qualifier
        self.methods = Set(methods)
        rewrite = try PathRewrite(try reader.object("rewriteConfig"))
    }

    /// How good a match it is; nil for none.
    func match(_ path: Substring) -> Int? {
        guard self.path.last == "*" else { return self.path == path ? Int.max : nil }
        let prefix = self.path.dropLast()
        // `/api/*` takes `/api` too.
        if path.hasPrefix(prefix) || (prefix.last == "/" && path == prefix.dropLast()) { return prefix.utf8.count }
        return nil
    }
}
