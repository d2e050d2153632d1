// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FunctionModel

struct TriggerUpdateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "update", abstract: "Changes a trigger; the next call is held to it. Its configuration is replaced as a whole.",
        discussion: "Example: swiftlet trigger update hello web --http --methods GET")

    @Argument(help: "The function's name.")
    var function: String

    @Argument(help: "The trigger's name.")
    var trigger: String

    @OptionGroup var fields: TriggerFields

    @Flag(help: "Print the trigger as JSON.")
    var json = false

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            let data = try await client.data(.put, TriggerAnswer.path(function, trigger), json: .object(try await fields.json()))
            try TriggerAnswer.print(data, json: json)
        }
    }
}
