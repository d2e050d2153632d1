// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FunctionModel

struct DeadLetterPurgeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "purge", abstract: "Throws dead letters away, for good.",
        discussion: """
            Prints how many there were.

            Examples:
              swiftlet dlq purge hello --older-than 1440
              swiftlet dlq purge hello --task 1-6b03fc16-8cb1504d-edcb7891a894
              swiftlet dlq purge --all
            """)

    @OptionGroup var choice: DeadLetterChoice

    @Option(name: .customLong("task"), help: "Only this task of the function; may be given more than once.")
    var tasks: [String] = []

    @Flag(help: "All that there are, where nothing else says which.")
    var all = false

    @OptionGroup var host: HostOptions

    func validate() throws {
        if choice.isEverything, !all { throw ValidationError("say which dead letters are meant, or --all") }
        if choice.function == nil, !tasks.isEmpty { throw ValidationError("--task needs the function's name") }
    }

    func run() async throws {
        try await HostClient.with(host) { client in
            let answer = try await client.data(.post, "\(DeadLetterCommand.path)/purge", json: choice.json(tasks: tasks, all: all))
            try Output.out("\(try JSONValue(parsing: Array(answer)).object?["purged"]?.integer ?? 0)\n")
        }
    }
}
