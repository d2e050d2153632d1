// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FunctionModel

struct DomainCreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Makes a domain.",
        discussion: "Example: swiftlet domain create api.example.com --route '/*=hello@prod' '/admin/*=admin'")

    @Argument(help: "The host name; * may be its first label.")
    var domain: String

    @OptionGroup var fields: DomainFields

    @Flag(help: "Print the domain as JSON.")
    var json = false

    @OptionGroup var host: HostOptions

    func run() async throws {
        var input = try await fields.json()
        input["domainName"] = .string(domain)
        if input["certConfig"] != nil, input["protocol"] == nil { input["protocol"] = "HTTPS" }
        try await HostClient.with(host) { [input] client in
            try DomainAnswer.print(try await client.data(.post, DomainCommand.path, json: .object(input)), json: json)
        }
    }
}
