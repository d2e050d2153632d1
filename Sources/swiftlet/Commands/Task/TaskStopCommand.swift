// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

struct TaskStopCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "Stops asynchronous invocations: what waits never runs, what runs is cut off.",
        discussion: "Example: swiftlet task stop hello 1-6b03fc16-8cb1504d-edcb7891a894")

    @Argument(help: "The function's name.")
    var function: String

    @Argument(help: "Ids of tasks.")
    var tasks: [String]

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            for task in tasks {
                _ = try await client.checked(.put, TaskCommand.path(function, task) + "/stop")
                try Output.out("\(task)\n")
            }
        }
    }
}
