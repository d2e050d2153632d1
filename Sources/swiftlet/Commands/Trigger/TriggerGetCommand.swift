// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

struct TriggerGetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Shows a trigger, with the URLs of one for HTTP.",
        discussion: "Example: swiftlet trigger get hello web")

    @Argument(help: "The function's name.")
    var function: String

    @Argument(help: "The trigger's name.")
    var trigger: String

    @Flag(help: "Print the trigger as JSON.")
    var json = false

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            try TriggerAnswer.print(try await client.data(.get, TriggerAnswer.path(function, trigger)), json: json)
        }
    }
}
