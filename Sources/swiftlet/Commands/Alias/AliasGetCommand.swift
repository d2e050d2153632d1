// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

struct AliasGetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Shows where an alias leads.", discussion: "Example: swiftlet alias get hello prod")

    @Argument(help: "The function's name.")
    var function: String

    @Argument(help: "The alias's name.")
    var alias: String

    @Flag(help: "Print the alias as JSON.")
    var json = false

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            try AliasCreateCommand.print(try await client.data(.get, AliasAnswer.path(function, alias)), json: json)
        }
    }
}
