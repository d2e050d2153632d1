// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

struct ConcurrencyDeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Takes a function's bound away.", discussion: "Example: swiftlet concurrency delete hello")

    @Argument(help: "The function's name.")
    var function: String

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            _ = try await client.checked(.delete, ConcurrencyAnswer.path(function))
            try Output.out("\(function)\n")
        }
    }
}
