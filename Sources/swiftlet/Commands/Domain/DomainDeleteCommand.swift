// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

struct DomainDeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Deletes domains; their functions stay.",
        discussion: "Example: swiftlet domain delete api.example.com")

    @Argument(help: "Host names.")
    var domains: [String]

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            for domain in domains {
                _ = try await client.checked(.delete, DomainCommand.path(domain))
                try Output.out("\(domain)\n")
            }
        }
    }
}
