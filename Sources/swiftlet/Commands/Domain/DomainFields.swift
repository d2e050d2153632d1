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

    @Option(name: .customLong("protocol"), help: "HTTP, HTTPS, or HTTP,HTTPS. (default of create: HTTPS with a certificate, else HTTP)")
    var scheme: String?

    @Option(help: ArgumentHelp("PEM of the certificate that HTTPS clients see, and of those that lead to a known one.", valueName: "file"))
    var certificate: String?

    @Option(help: ArgumentHelp("PEM of its private key.", valueName: "file"))
    var key: String?

    @OptionGroup var callers: CallerFields

    /// The members of CreateCustomDomainInput and UpdateCustomDomainInput.
    func json() async throws -> [String: JSONValue] {
        var members: [String: JSONValue] = [:]
        if let routes {
            members["routeConfig"] = try JSONValue(parsing: routes)
        } else if !route.isEmpty {
            members["routeConfig"] = ["routes": .array(route.map(\.json))]
        }
        if let scheme { members["protocol"] = .string(scheme) }
        if let certificate {
            guard let key else { throw ValidationError("--certificate needs --key") }
            members["certConfig"] = [
                "certName": .string(certificate.split(separator: "/").last.map(String.init) ?? certificate),
                "certificate": .string(try await Self.text(certificate)), "privateKey": .string(try await Self.text(key)),
            ]
        } else if key != nil {
            throw ValidationError("--key needs --certificate")
        }
        if callers.auth != nil || callers.jwks != nil {
            var rule: [String: JSONValue] = ["authType": .string(callers.type)]
            if let info = try await callers.rule() { rule["authInfo"] = info }
            members["authConfig"] = .object(rule)
        }
        return members
    }

    private static func text(_ file: String) async throws -> String {
        String(decoding: try await EventData.file(file).read(), as: UTF8.self)
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
