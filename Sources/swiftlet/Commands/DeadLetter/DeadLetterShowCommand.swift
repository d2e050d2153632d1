// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FunctionModel

struct DeadLetterShowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Shows a dead letter: why, every attempt, the last answer, the event.",
        discussion: "Example: swiftlet dlq show hello 1-6b03fc16-8cb1504d-edcb7891a894")

    @Argument(help: "The function's name.")
    var function: String

    @Argument(help: "The task's id.")
    var task: String

    @Flag(help: "Print it as JSON.")
    var json = false

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            let path = "\(DeadLetterCommand.path)/\(HostClient.escape(function))/\(HostClient.escape(task))"
            let answer = try await client.json(.get, path)
            if json { return try Output.out(answer.text + "\n") }
            let members = answer.object ?? [:]
            var table = Table("Task", members["taskId"]?.string ?? "")
            table.add("Reason", "\(members["reason"]?.string ?? ""): \(printable(members["error"]?.string ?? ""))")
            table.add("Accepted", TaskCommand.time(members["acceptedTime"]))
            for (index, attempt) in (members["attempts"]?.array ?? []).compactMap(\.object).enumerated() {
                let words = [attempt["result"]?.string, attempt["instanceId"]?.string, attempt["error"]?.string].compactMap { $0 }
                table.add("Attempt \(index + 1)", "\(TaskCommand.time(attempt["startedTime"])) " + printable(words.joined(separator: " ")))
            }
            table.add("Event", Self.text(members["payload"]))
            table.add("Answer", Self.text(members["response"]))
            try Output.out(table.text)
        }
    }

    private static func text(_ value: JSONValue?) -> String {
        printable(value?.string ?? value?.object?["base64"]?.string.map { "(base64) \($0)" } ?? "")
    }
}
