// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

struct VersionDeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Deletes versions of a function. Aliases that point to one stay, and their calls are refused.",
        discussion: "Example: swiftlet version delete hello 3")

    @Argument(help: "The function's name.")
    var function: String

    @Argument(help: "Numbers of versions.")
    var versions: [String]

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            for version in versions {
                _ = try await client.checked(.delete, "\(VersionAnswer.path(function))/\(HostClient.escape(version))")
                try Output.out("\(version)\n")
            }
        }
    }
}
