// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FunctionModel

/// What is done to many dead letters at once: which ones are meant, and the order to the host.
struct DeadLetterOrder: ParsableArguments {
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

    /// Prints how many there were.
    ///
    /// - Parameter count: the member of the answer that says so.
    func give(_ verb: String, count: String) async throws {
        try await HostClient.with(host) { client in
            let answer = try await client.data(.post, "\(DeadLetterCommand.path)/\(verb)", json: choice.json(tasks: tasks, all: all))
            try Output.out("\(try JSONValue(parsing: Array(answer)).object?[count]?.integer ?? 0)\n")
        }
    }
}
