// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FunctionModel

struct TaskListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists a function's asynchronous invocations, newest first.",
        discussion: """
            Successes are listed for a week where asyncTask of the function's async-config is on, or the caller gave the id.

            Examples:
              swiftlet task list hello
              swiftlet task list hello --status Retrying --limit 500
            """)

    @Argument(help: "The function's name.")
    var function: String

    @Option(help: "Only those in this status: Enqueued, Running, Retrying, Stopping, Succeeded, Failed, Stopped, Expired or Invalid.")
    var status: String?

    @Option(help: ArgumentHelp("At most so many.", valueName: "n"))
    var limit = 100

    @Flag(help: "Print them as one JSON array.")
    var json = false

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            let query = status.map { "&status=\(HostClient.escape($0))" } ?? ""
            let tasks = try await client.pages(TaskCommand.path(function), "tasks", query: query, atMost: limit)
            if json { return try Output.out(JSONValue.array(tasks).text + "\n") }
            var table = Table("TASK", "STATUS", "RETRIES", "STARTED", "ENDED", "ERROR")
            for task in tasks.compactMap(\.object) {
                table.add(
                    task["taskId"]?.string ?? "", task["status"]?.string ?? "", "\(task["alreadyRetriedTimes"]?.integer ?? 0)",
                    TaskCommand.time(task["startedTime"]), TaskCommand.time(task["endTime"]),
                    printable(String((task["taskErrorMessage"]?.string ?? "").prefix(80))))
            }
            try Output.out(table.text)
        }
    }
}
