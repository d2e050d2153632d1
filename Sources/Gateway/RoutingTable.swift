// SPDX-License-Identifier: Apache-2.0
internal import Activation
internal import CoreMetrics
internal import FunctionModel

/// The routing snapshot as an event loop holds it: no lock, and one look-up for a call.
struct RoutingTable: Sendable {
    /// One object, so that a look-up hands on one reference.
    private final class Entry: Sendable {
        let name: String
        let state: FunctionRoute.State
        let versions: [String: ResolvedVersion]
        let aliases: [String: ResolvedAlias]
        /// Nil where the function may be called.
        let restriction: InvocationRestriction?
        /// By qualifier; empty where HTTP calls need none.
        let httpTriggers: [String: HTTPTrigger]
        /// What a call without a qualifier goes to, where nothing is in its way: no alias has its name.
        let latest: ResolvedVersion?

        init(_ name: String, _ route: FunctionRoute, _ versions: [String: ResolvedVersion], _ aliases: [String: ResolvedAlias]) {
            (self.name, state, restriction) = (name, route.state, route.restriction)
            (self.versions, self.aliases) = (versions, aliases)
            var triggers: [String: HTTPTrigger] = [:]
            for trigger in route.triggers { if case .http(let http) = trigger.kind { triggers[trigger.qualifier] = http } }
            httpTriggers = triggers
            latest = restriction == nil && state == .active ? versions["LATEST"] : nil
        }
    }

    private var functions: [String: Entry] = [:]
    /// What was found last: most calls go where the one before went, and need no look-up. It goes with the table.
    private var last: Entry?
    private var domains: [String: CustomDomain] = [:]
    /// Host names come in lower case from browsers: names that differ in nothing but case are not found this way.
    private var lowerCase: [String: String?] = [:]

    init() {}

    var hasDomains: Bool { !domains.isEmpty }

    var functionNames: Set<String> { Set(functions.keys) }

    /// - Parameter previous: the table that this one takes the place of. An alias that has not changed goes on counting its calls where it was.
    init(
        _ snapshot: RoutingSnapshot, _ activation: ActivationService, _ options: GatewayOptions, metrics: any MetricsFactory,
        previous: RoutingTable
    ) {
        domains = snapshot.domains
        for (name, route) in snapshot.functions {
            // Made anew also where nothing has changed: what was written for the calls of a version is known by it (``KnownLines``).
            let versions = route.versions.mapValues {
                ResolvedVersion($0, activation.activator(for: $0), options, meter: CallMeter($0.key, metrics))
            }
            let before = previous.functions[name]?.aliases ?? [:]
            let aliases = route.aliases.mapValues { ResolvedAlias($0, versions, options, previous: before[$0.name]) }
            functions[name] = Entry(name, route, versions, aliases)
            let lowered = name.lowercased()
            lowerCase[lowered] = lowerCase[lowered] == nil ? name : .some(nil)
        }
    }

    /// - Parameters:
    ///   - anyCase: whether names that differ in case only will do, as in a host name.
    ///   - caller: what the request says at the key of a sticky alias.
    mutating func find(
        _ function: String, _ qualifier: String, anyCase: Bool, caller: (StickyKey) -> String?
    ) throws(ServiceError) -> ResolvedVersion {
        guard let entry = entry(function, anyCase: anyCase) else { throw .functionNotFound(function) }
        if let latest = entry.latest, qualifier == "LATEST" { return latest }
        if let restriction = entry.restriction { throw InvocationRestriction.error(function, reason: restriction.reason) }
        if let version = entry.versions[qualifier], qualifier != "LATEST" { return version }
        var alias = entry.aliases[qualifier]
        if alias == nil, anyCase { alias = entry.aliases.first { $0.key.lowercased() == qualifier.lowercased() }?.value }
        let name = alias?.pick(caller) ?? qualifier
        let version = (alias?.versions ?? entry.versions)[name]
        if name != "LATEST", let version { return version }
        // A version whose image is gone is missing too; the state tells why.
        try Self.check(entry.state, function)
        guard let version else { throw Self.missing(name, alias?.alias.name, function) }
        return version
    }

    /// The version that an HTTP call goes to which needs no second look: without a qualifier, to a function without an HTTP trigger.
    mutating func open(_ function: String, _ qualifier: String) -> ResolvedVersion? {
        guard let entry = entry(function), entry.httpTriggers.isEmpty, qualifier == "LATEST" else { return nil }
        return entry.latest
    }

    /// The trigger that an HTTP call comes by; nil where the function has none at all, and takes every call.
    ///
    /// - Throws: ``ServiceError`` 404 `TriggerNotFound` where it has some, but none for this qualifier.
    mutating func httpTrigger(_ function: String, _ qualifier: String, anyCase: Bool) throws(ServiceError) -> HTTPTrigger? {
        guard let triggers = entry(function, anyCase: anyCase)?.httpTriggers, !triggers.isEmpty else { return nil }
        var trigger = triggers[qualifier]
        if trigger == nil, anyCase { trigger = triggers.first { $0.key.lowercased() == qualifier.lowercased() }?.value }
        guard let trigger else {
            throw ServiceError(
                status: 404, code: "TriggerNotFound",
                message: "qualifier '\(qualifier)' of function '\(function)' has no HTTP trigger, and other qualifiers of it have one:"
                    + " HTTP calls go to those only")
        }
        return trigger
    }

    /// The domain that a `Host` header names; nil where it is none.
    func domain(host: String?) -> CustomDomain? {
        guard !domains.isEmpty, let host else { return nil }
        var name = host.lowercased()[...]
        if let slash = name.lastIndex(of: "/") { name = name[name.index(after: slash)...] }
        if let colon = name.firstIndex(of: ":") { name = name[..<colon] }
        if name.last == "." { name.removeLast() }
        if let exact = domains[String(name)] { return exact }
        return name.firstIndex(of: ".").flatMap { domains["*" + name[$0...]] }
    }

    /// The name of a function as it is written, where a host name had it in another case.
    func exactName(_ function: String) -> String {
        functions[function] != nil ? function : (lowerCase[function.lowercased()] ?? nil) ?? function
    }

    private mutating func entry(_ function: String) -> Entry? {
        if let last, last.name == function { return last }
        guard let found = functions[function] else { return nil }
        last = found
        return found
    }

    private mutating func entry(_ function: String, anyCase: Bool) -> Entry? {
        entry(function) ?? (anyCase ? (lowerCase[function.lowercased()] ?? nil).flatMap { functions[$0] } : nil)
    }

    private static func check(_ state: FunctionRoute.State, _ function: String) throws(ServiceError) {
        switch state {
        case .active: break
        case .pending:
            throw ServiceError(
                status: 412, code: "FunctionNotReady", message: "function '\(function)' is not ready: its image is being prepared")
        case .failed(let reason):
            throw ServiceError(status: 412, code: "FunctionNotReady", message: "function '\(function)' cannot run: \(reason)")
        }
    }

    private static func missing(_ version: String, _ alias: String?, _ function: String) -> ServiceError {
        if let alias {
            return ServiceError(
                status: 404, code: "VersionNotFound",
                message:
                    "version '\(version)' of function '\(function)', to which alias '\(alias)' points, does not exist; update the alias")
        }
        let isNumber = version == "LATEST" || version.utf8.allSatisfy { (48...57).contains($0) }
        return ServiceError(
            status: 404, code: isNumber ? "VersionNotFound" : "AliasNotFound",
            message: "\(isNumber ? "version" : "alias") '\(version)' of function '\(function)' does not exist")
    }
}
