// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FoundationEssentials

struct AliasHistoryCommand: AsyncParsableCommand {
    private struct History: Decodable {
        var changes: [AliasAnswer]
    }

    static let configuration = CommandConfiguration(
        commandName: "history", abstract: "Lists what an alias has meant, newest first.",
        discussion: "Example: swiftlet alias history hello prod")

    @Argument(help: "The function's name.")
    var function: String

    @Argument(help: "The alias's name.")
    var alias: String

    @Flag(help: "Print it as JSON.")
    var json = false

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            let data = try await client.data(.get, AliasAnswer.ownPath(function, alias, "history"))
            if json { return try Output.json(data) }
            var table = Table("CHANGE", "CALLS GO TO", "CHANGED", "DESCRIPTION")
            for change in try JSONDecoder().decode(History.self, from: data).changes {
                table.add("\(change.change ?? 0)", change.shares, change.changedTime ?? "", change.description ?? "")
            }
            try Output.out(table.text)
        }
    }
}
