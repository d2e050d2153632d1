// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

struct AsyncConfigDeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Goes back to the defaults.", discussion: "Example: swiftlet async-config delete hello")

    @Argument(help: "The function's name.")
    var function: String

    @Option(help: "LATEST, a version or an alias.")
    var qualifier: String?

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            _ = try await client.checked(.delete, AsyncConfigCommand.path(function, qualifier))
            try Output.out("\(function)\n")
        }
    }
}
