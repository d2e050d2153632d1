// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FoundationEssentials
import FunctionModel

struct TriggerListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists a function's triggers.", discussion: "Example: swiftlet trigger list hello")

    @Argument(help: "The function's name.")
    var function: String

    @Flag(help: "Print them as one JSON array.")
    var json = false

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            let text = JSONValue.array(try await client.pages(TriggerAnswer.path(function), "triggers")).text
            if json { return try Output.out(text + "\n") }
            var table = Table("TRIGGER", "TYPE", "QUALIFIER", "STATUS", "CONFIGURATION")
            for trigger in try JSONDecoder().decode([TriggerAnswer].self, from: Data(text.utf8)) {
                table.add(trigger.triggerName, trigger.triggerType, trigger.qualifier, trigger.status ?? "", trigger.triggerConfig)
            }
            try Output.out(table.text)
        }
    }
}
