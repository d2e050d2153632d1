// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

struct FunctionDeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Deletes functions, with their versions and logs; their images stay.",
        discussion: "Example: swiftlet function delete hello")

    @Argument(help: "Names of functions.")
    var names: [String]

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            for name in names {
                _ = try await client.checked(.delete, FunctionAnswer.path(name))
                try Output.out("\(name)\n")
            }
        }
    }
}
