// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FunctionModel

struct DeadLetterListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists dead letters, newest first.",
        discussion: """
            Examples:
              swiftlet dlq list
              swiftlet dlq list hello --error "timed out" --newer-than 60
            """)

    @OptionGroup var choice: DeadLetterChoice

    @Option(help: ArgumentHelp("At most so many.", valueName: "n"))
    var limit = 100

    @Flag(help: "Print them as one JSON array.")
    var json = false

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            var query = ""
            for (name, value) in [
                ("function", choice.function), ("reason", choice.reason), ("error", choice.error), ("from", choice.from.map { "\($0)" }),
                ("to", choice.to.map { "\($0)" }),
            ] { if let value { query += "&\(name)=\(HostClient.escape(value))" } }
            let letters = try await client.pages(DeadLetterCommand.path, "deadLetters", query: query, atMost: limit)
            if json { return try Output.out(JSONValue.array(letters).text + "\n") }
            var table = Table("FUNCTION", "TASK", "REASON", "ATTEMPTS", "ENDED", "ERROR")
            for letter in letters.compactMap(\.object) {
                table.add(
                    letter["function"]?.string ?? "", letter["taskId"]?.string ?? "", letter["reason"]?.string ?? "",
                    "\(letter["attemptCount"]?.integer ?? 0)", TaskCommand.time(letter["endTime"]),
                    printable(String((letter["error"]?.string ?? "").prefix(80))))
            }
            try Output.out(table.text)
        }
    }
}
