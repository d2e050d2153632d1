// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FunctionModel

/// What a domain is made with or changed to.
struct DomainFields: ParsableArguments {
    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "A path, or a prefix with * at its end, and what it leads to; several may follow.", valueName: "path=function[@q]"))
    var route: [RouteWord] = []

    @Option(help: ArgumentHelp("routeConfig as JSON, in place of --route; see docs/api.md.", valueName: "json"))
    var routes: String?

    @OptionGroup var callers: CallerFields

    /// The members of CreateCustomDomainInput and UpdateCustomDomainInput.
    func json() async throws -> [String: JSONValue] {
        var members: [String: JSONValue] = [:]
        if let routes {
            members["routeConfig"] = try JSONValue(parsing: routes)
        } else if !route.isEmpty {
            members["routeConfig"] = ["routes": .array(route.map(\.json))]
        }
        if callers.auth != nil || callers.jwks != nil {
            var rule: [String: JSONValue] = ["authType": .string(callers.type)]
            if let info = try await callers.rule() { rule["authInfo"] = info }
            members["authConfig"] = .object(rule)
        }
        return members
    }
}

/// `/api/*=hello@prod`.
struct RouteWord: ExpressibleByArgument, Sendable {
    var path: String
    var function: String
    var qualifier: String

    init?(argument: String) {
        guard let equals = argument.lastIndex(of: "=") else { return nil }
        path = String(argument[..<equals])
        let names = argument[argument.index(after: equals)...].split(separator: "@", maxSplits: 1).map(String.init)
        guard let name = names.first else { return nil }
        (function, qualifier) = (name, names.count == 2 ? names[1] : "LATEST")
    }

    var json: JSONValue { ["path": .string(path), "functionName": .string(function), "qualifier": .string(qualifier)] }
}
