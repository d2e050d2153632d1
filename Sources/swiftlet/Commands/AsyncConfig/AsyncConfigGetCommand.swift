// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FunctionModel

struct AsyncConfigGetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Shows it.", discussion: "Example: swiftlet async-config get hello --qualifier prod")

    @Argument(help: "The function's name.")
    var function: String

    @Option(help: "LATEST, a version or an alias.")
    var qualifier: String?

    @Flag(help: "Print it as JSON.")
    var json = false

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            let answer = try await client.json(.get, AsyncConfigCommand.path(function, qualifier))
            try Output.out(json ? answer.text + "\n" : AsyncConfigCommand.text(answer.object ?? [:]))
        }
    }
}
