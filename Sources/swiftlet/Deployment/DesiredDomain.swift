// SPDX-License-Identifier: Apache-2.0
import FunctionModel

/// A custom domain as a file wants it to be. What the file does not name stays as it is.
struct DesiredDomain: Hashable, Sendable {
    /// In lower case, as the host has it.
    var name: String
    /// Fields of CreateCustomDomainInput but the name and the routes.
    var fields: [String: JSONValue] = [:]
    /// Nil where the file says nothing of them.
    var routes: [JSONValue]?
    /// Whether these are all routes of the domain: a resource `fc3-domain` names them all, `customDomain` of a function adds its own to those that are there.
    var namesAllRoutes: Bool

    /// The props of a resource `fc3-domain`.
    ///
    /// - Returns: nil where the cloud was to make up a name.
    static func whole(_ props: [String: JSONValue], resource: String) throws -> DesiredDomain? {
        guard let name = try name(props, resource) else { return nil }
        var domain = DesiredDomain(name: name, fields: fields(props, but: "routeConfig"), namesAllRoutes: true)
        if let config = props["routeConfig"], config != .null {
            guard let routes = config.object?["routes"]?.array else {
                throw CommandFailure("resource '\(resource)': routeConfig must be a mapping whose routes are a list")
            }
            domain.routes = routes.map(DomainRoutes.normal)
        }
        return domain
    }

    /// The `customDomain` of a function.
    ///
    /// - Returns: nil where the cloud was to make up a name.
    static func of(_ function: String, _ value: JSONValue, resource: String) throws -> DesiredDomain? {
        if isMadeUp(value) { return nil }
        guard let members = value.object else { throw CommandFailure("resource '\(resource)': customDomain must be a mapping") }
        guard let name = try name(members, resource) else { return nil }
        guard var route = members["route"]?.object, route["path"]?.string != nil else {
            throw CommandFailure("resource '\(resource)': customDomain needs a route with a path, for example route: {path: '/*'}")
        }
        route["functionName"] = .string(function)
        return DesiredDomain(
            name: name, fields: fields(members, but: "route"), routes: [DomainRoutes.normal(.object(route))], namesAllRoutes: false)
    }

    /// Several resources may speak of one domain: each of them adds its routes, and ways to reach it.
    func merged(with other: DesiredDomain) throws -> DesiredDomain {
        var merged = self
        for (field, value) in other.fields {
            if let known = fields[field], known != value {
                guard field == "protocol", !namesAllRoutes, !other.namesAllRoutes else {
                    throw CommandFailure("domain '\(name)': the file's resources do not agree on \(field)")
                }
                merged.fields[field] = DomainRoutes.reached(by: known, and: value)
            } else {
                merged.fields[field] = value
            }
        }
        if let routes = other.routes { merged.routes = try DomainRoutes.adding(routes, to: merged.routes ?? [], of: name) }
        merged.namesAllRoutes = namesAllRoutes || other.namesAllRoutes
        return merged
    }

    private static func name(_ members: [String: JSONValue], _ resource: String) throws -> String? {
        guard let name = members["domainName"]?.string else {
            throw CommandFailure("resource '\(resource)': domainName is missing from the custom domain")
        }
        return isMadeUp(.string(name)) ? nil : name.lowercased()
    }

    private static func isMadeUp(_ value: JSONValue) -> Bool { value == "auto" || value == "Auto" }

    private static func fields(_ members: [String: JSONValue], but other: String) -> [String: JSONValue] {
        members.filter { !["region", "domainName", other].contains($0.key) && $0.value != .null }
    }
}

/// The routes of a domain as JSON: pure functions.
enum DomainRoutes {
    /// A route with its defaults, so that two that do the same are equal. Source: docs/api.md, custom domains.
    static func normal(_ route: JSONValue) -> JSONValue {
        guard var members = route.object?.filter({ !$0.value.isEmpty }) else { return route }
        members["qualifier"] = .string(members["qualifier"].map { $0.string ?? $0.text } ?? "LATEST")
        return .object(members)
    }

    /// Puts routes among those of a domain, each in place of its function's own on the same path.
    ///
    /// - Throws: ``CommandFailure`` where another function has the path, for a method in common.
    static func adding(_ new: [JSONValue], to routes: [JSONValue], of domain: String) throws -> [JSONValue] {
        var routes = routes.map(normal)
        for route in new {
            if let taken = routes.first(where: { meet($0, route) && member("functionName", of: $0) != member("functionName", of: route) }) {
                throw CommandFailure(
                    "domain '\(domain)': the path \(member("path", of: route)) leads to function '\(member("functionName", of: taken))' already"
                )
            }
            let index = routes.firstIndex { meet($0, route) } ?? routes.endIndex
            routes.removeAll { meet($0, route) }
            routes.insert(route, at: min(index, routes.endIndex))
        }
        return routes
    }

    /// What a domain is reached by that two want.
    static func reached(by one: JSONValue, and other: JSONValue) -> JSONValue {
        let all = Set([one, other].flatMap { ($0.string ?? "").split(separator: ",") })
        return .string(all.sorted().joined(separator: ","))
    }

    /// Whether some request would be on both routes.
    private static func meet(_ one: JSONValue, _ other: JSONValue) -> Bool {
        guard member("path", of: one) == member("path", of: other) else { return false }
        let (methods, others) = (one.object?["methods"]?.array ?? [], other.object?["methods"]?.array ?? [])
        return methods.isEmpty || others.isEmpty || methods.contains { others.contains($0) }
    }

    private static func member(_ name: String, of route: JSONValue) -> String { route.object?[name]?.string ?? "" }
}

extension DeploymentDifference {
    /// - Parameter current: the API's `CustomDomain`; nil where there is none.
    static func domain(_ domain: DesiredDomain, current: [String: JSONValue]?) throws -> DeploymentChange {
        let thing = "domain \(domain.name)"
        var wanted = domain.fields
        guard var current else {
            wanted["domainName"] = .string(domain.name)
            if let routes = domain.routes { wanted["routeConfig"] = ["routes": .array(routes)] }
            return DeploymentChange(kind: .create, thing: thing, method: .post, path: DomainCommand.path, body: wanted)
        }
        let now = (current["routeConfig"]?.object?["routes"]?.array ?? []).map(DomainRoutes.normal)
        if var routes = domain.routes {
            if !domain.namesAllRoutes { routes = try DomainRoutes.adding(routes, to: now, of: domain.name) }
            // As a whole: a route that lost its methods is another one.
            if routes == now { wanted["routeConfig"] = nil } else { wanted["routeConfig"] = ["routes": .array(routes)] }
            current["routeConfig"] = ["routes": .array(now)]
        }
        // How others reach it stays.
        if !domain.namesAllRoutes, let word = wanted["protocol"], let other = current["protocol"] {
            wanted["protocol"] = DomainRoutes.reached(by: word, and: other)
        }
        var change = fields(wanted, current: current, exact: ["routeConfig"])
        (change.thing, change.path) = (thing, DomainCommand.path(domain.name))
        return change
    }
}
