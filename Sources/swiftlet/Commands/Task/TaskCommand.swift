// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FunctionModel

struct TaskCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "task", abstract: "Asynchronous invocations: what became of them.",
        discussion: "Example: swiftlet task list hello", subcommands: [TaskListCommand.self, TaskGetCommand.self, TaskStopCommand.self])

    static func path(_ function: String, _ task: String? = nil) -> String {
        FunctionAnswer.path(function) + "/async-tasks" + (task.map { "/" + HostClient.escape($0) } ?? "")
    }

    /// A time of the API, in milliseconds, for people.
    static func time(_ value: JSONValue?) -> String {
        value?.integer.flatMap { $0 > 0 ? Timestamp(milliseconds: Int64($0)).rfc3339 : nil } ?? ""
    }
}
