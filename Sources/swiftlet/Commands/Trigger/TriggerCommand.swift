// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FoundationEssentials

struct TriggerCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trigger", abstract: "What calls a function from outside: HTTP requests, or a clock.",
        discussion: "Example: swiftlet trigger create hello web --http --methods GET,POST",
        subcommands: [
            TriggerCreateCommand.self, TriggerUpdateCommand.self, TriggerGetCommand.self, TriggerListCommand.self,
            TriggerDeleteCommand.self,
        ])
}

/// The API's `Trigger`.
struct TriggerAnswer: Decodable {
    struct HTTP: Decodable {
        var urlInternet: String?
        var urlIntranet: String?
    }

    var triggerName: String
    var triggerType: String
    var qualifier: String
    var triggerConfig: String
    var status: String?
    var description: String?
    var httpTrigger: HTTP?

    static func path(_ function: String, _ trigger: String? = nil) -> String {
        FunctionAnswer.path(function) + "/triggers" + (trigger.map { "/" + HostClient.escape($0) } ?? "")
    }

    /// One trigger, for `create`, `update` and `get`.
    static func print(_ data: Data, json: Bool) throws {
        if json { return try Output.json(data) }
        let trigger = try JSONDecoder().decode(TriggerAnswer.self, from: data)
        var table = Table("Name", trigger.triggerName)
        table.add("Type", trigger.triggerType)
        table.add("Qualifier", trigger.qualifier)
        table.add("Configuration", trigger.triggerConfig)
        if let status = trigger.status { table.add("Status", status) }
        if let url = trigger.httpTrigger?.urlInternet { table.add("URL", url) }
        if let url = trigger.httpTrigger?.urlIntranet { table.add("URL on the host", url) }
        if let description = trigger.description, !description.isEmpty { table.add("Description", description) }
        try Output.out(table.text)
    }
}
