// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

struct TriggerDeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Deletes triggers of a function.", discussion: "Example: swiftlet trigger delete hello web")

    @Argument(help: "The function's name.")
    var function: String

    @Argument(help: "Names of triggers.")
    var triggers: [String]

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            for trigger in triggers {
                _ = try await client.checked(.delete, TriggerAnswer.path(function, trigger))
                try Output.out("\(trigger)\n")
            }
        }
    }
}
