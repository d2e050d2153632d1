// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FoundationEssentials

struct DomainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "domain", abstract: "Host names whose paths lead to functions.",
        discussion: "Example: swiftlet domain create api.example.com --route '/*=hello@prod'",
        subcommands: [
            DomainCreateCommand.self, DomainUpdateCommand.self, DomainGetCommand.self, DomainListCommand.self, DomainDeleteCommand.self,
        ])

    static let path = "/2023-03-30/custom-domains"

    static func path(_ name: String) -> String { "\(path)/\(HostClient.escape(name))" }
}

/// The parts of the API's `CustomDomain` that people want to see; `--json` shows all.
struct DomainAnswer: Decodable {
    struct Routes: Decodable {
        var routes: [Route]?
    }

    struct Route: Decodable {
        var path: String
        var functionName: String
        var qualifier: String?
        var methods: [String]?
    }

    var domainName: String
    var routeConfig: Routes?

    static func print(_ data: Data, json: Bool) throws {
        if json { return try Output.json(data) }
        let domain = try JSONDecoder().decode(DomainAnswer.self, from: data)
        var table = Table("DOMAIN", "PATH", "FUNCTION", "QUALIFIER", "METHODS")
        for route in domain.routeConfig?.routes ?? [] {
            table.add(
                domain.domainName, route.path, route.functionName, route.qualifier ?? "LATEST", route.methods?.joined(separator: ",") ?? "")
        }
        try Output.out(table.text)
    }
}
