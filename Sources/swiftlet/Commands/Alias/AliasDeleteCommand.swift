// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

struct AliasDeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Deletes aliases of a function; its versions stay.",
        discussion: "Example: swiftlet alias delete hello prod")

    @Argument(help: "The function's name.")
    var function: String

    @Argument(help: "Names of aliases.")
    var aliases: [String]

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            for alias in aliases {
                _ = try await client.checked(.delete, AliasAnswer.path(function, alias))
                try Output.out("\(alias)\n")
            }
        }
    }
}
