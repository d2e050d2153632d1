// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

struct FunctionEnableCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "enable", abstract: "Lets a function be called again.", discussion: "Example: swiftlet function enable hello")

    @Argument(help: "The function's name.")
    var name: String

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            _ = try await client.checked(.post, FunctionAnswer.path(name) + "/invoke/enable")
            try Output.out("\(name)\n")
        }
    }
}
