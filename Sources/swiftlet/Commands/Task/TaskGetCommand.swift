// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FunctionModel

struct TaskGetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Shows one asynchronous invocation with its whole history.",
        discussion: "Example: swiftlet task get hello 1-6b03fc16-8cb1504d-edcb7891a894")

    @Argument(help: "The function's name.")
    var function: String

    @Argument(help: "The task's id.")
    var task: String

    @Flag(help: "Print it as JSON.")
    var json = false

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            let answer = try await client.json(.get, TaskCommand.path(function, task))
            if json { return try Output.out(answer.text + "\n") }
            let members = answer.object ?? [:]
            var table = Table("Task", members["taskId"]?.string ?? "")
            for (title, name) in [
                ("Request", "requestId"), ("Status", "status"), ("Qualifier", "qualifier"), ("Instance", "instanceId"),
                ("Destination", "destinationStatus"), ("Error", "taskErrorMessage"), ("Event", "taskPayload"), ("Answer", "returnPayload"),
            ] {
                if let text = members[name]?.string, !text.isEmpty { table.add(title, printable(text)) }
            }
            for event in (members["events"]?.array ?? []).compactMap(\.object) {
                let detail = event["eventDetail"]?.string ?? "{}"
                table.add(
                    TaskCommand.time(event["timestamp"]), (event["status"]?.string ?? "") + (detail == "{}" ? "" : " " + printable(detail)))
            }
            try Output.out(table.text)
        }
    }
}
