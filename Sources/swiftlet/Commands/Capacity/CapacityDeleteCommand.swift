// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

struct CapacityDeleteCommand<Kind: CapacityKind>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "delete", abstract: "Keeps no instances any more; those that are idle end in their time.",
            discussion: "Example: swiftlet \(Kind.noun) delete hello")
    }

    @Argument(help: "The function's name.")
    var function: String

    @Option(help: ArgumentHelp("LATEST or an alias. (default: LATEST)", valueName: "q"))
    var qualifier: String?

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            _ = try await client.checked(.delete, Kind.path(function, qualifier))
            try Output.out("\(function)\n")
        }
    }
}
