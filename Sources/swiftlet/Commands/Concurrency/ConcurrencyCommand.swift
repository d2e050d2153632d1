// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FoundationEssentials

struct ConcurrencyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "concurrency", abstract: "Bounds how many instances of a function may be at work at once.",
        discussion: "Example: swiftlet concurrency set hello 10",
        subcommands: [
            ConcurrencySetCommand.self, ConcurrencyGetCommand.self, ConcurrencyListCommand.self, ConcurrencyDeleteCommand.self,
        ])
}

/// The API's `ConcurrencyConfig`.
struct ConcurrencyAnswer: Decodable {
    var functionArn: String
    var reservedConcurrency: Int

    /// The last part of the resource name.
    var function: String { functionArn.split(separator: "/").last.map(String.init) ?? functionArn }

    static func path(_ function: String) -> String { FunctionAnswer.path(function) + "/concurrency" }

    static func print(_ data: Data, json: Bool) throws {
        if json { return try Output.json(data) }
        try Output.out("\(try JSONDecoder().decode(ConcurrencyAnswer.self, from: data).reservedConcurrency)\n")
    }
}
