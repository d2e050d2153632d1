// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

struct CapacityGetCommand<Kind: CapacityKind>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "get", abstract: "Shows how many kept instances are ready, of how many.",
            discussion: "Example: swiftlet \(Kind.noun) get hello --qualifier prod")
    }

    @Argument(help: "The function's name.")
    var function: String

    @Option(help: ArgumentHelp("LATEST or an alias. (default: LATEST)", valueName: "q"))
    var qualifier: String?

    @Flag(help: "Print the configuration as JSON.")
    var json = false

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            try Kind.print(try await client.data(.get, Kind.path(function, qualifier)), json: json)
        }
    }
}
