// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

struct ScalingGetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Shows how many kept instances are ready, of how many.",
        discussion: "Example: swiftlet scaling get hello --qualifier prod")

    @Argument(help: "The function's name.")
    var function: String

    @Option(help: ArgumentHelp("LATEST or an alias. (default: LATEST)", valueName: "q"))
    var qualifier: String?

    @Flag(help: "Print the configuration as JSON.")
    var json = false

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            try ScalingAnswer.print(try await client.data(.get, ScalingCommand.path(function, qualifier)), json: json)
        }
    }
}
