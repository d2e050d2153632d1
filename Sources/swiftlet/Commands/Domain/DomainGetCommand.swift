// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

struct DomainGetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Shows the routes of a domain.", discussion: "Example: swiftlet domain get api.example.com")

    @Argument(help: "The host name.")
    var domain: String

    @Flag(help: "Print the domain as JSON.")
    var json = false

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            try DomainAnswer.print(try await client.data(.get, DomainCommand.path(domain)), json: json)
        }
    }
}
