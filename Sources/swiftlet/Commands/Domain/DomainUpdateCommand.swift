// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FunctionModel

struct DomainUpdateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "update", abstract: "Changes a domain; its routes are replaced as a whole, and the next request goes by them.",
        discussion: "Example: swiftlet domain update api.example.com --route '/*=hello'")

    @Argument(help: "The host name; * may be its first label.")
    var domain: String

    @OptionGroup var fields: DomainFields

    @Flag(help: "Print the domain as JSON.")
    var json = false

    @OptionGroup var host: HostOptions

    func run() async throws {
        let input = try await fields.json()
        try await HostClient.with(host) { [input] client in
            try DomainAnswer.print(try await client.data(.put, DomainCommand.path(domain), json: .object(input)), json: json)
        }
    }
}
