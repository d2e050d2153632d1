// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FunctionModel

struct FunctionDisableCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "disable", abstract: "Refuses all calls of a function, until `function enable`.",
        discussion: "Example: swiftlet function disable hello --reason maintenance")

    @Argument(help: "The function's name.")
    var name: String

    @Option(help: "What callers are told.")
    var reason: String?

    @Flag(help: "End its instances at once, with the calls in progress.")
    var abort = false

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            let input: JSONValue = ["reason": .string(reason ?? ""), "abortOngoingRequest": .bool(abort)]
            _ = try await client.data(.post, FunctionAnswer.path(name) + "/invoke/disable", json: input)
            try Output.out("\(name)\n")
        }
    }
}
