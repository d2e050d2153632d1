// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

struct ConcurrencyGetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Shows a function's bound.", discussion: "Example: swiftlet concurrency get hello")

    @Argument(help: "The function's name.")
    var function: String

    @Flag(help: "Print it as JSON.")
    var json = false

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            try ConcurrencyAnswer.print(try await client.data(.get, ConcurrencyAnswer.path(function)), json: json)
        }
    }
}
