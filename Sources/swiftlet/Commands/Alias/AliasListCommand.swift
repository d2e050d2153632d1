// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FoundationEssentials
import FunctionModel

struct AliasListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists a function's aliases.", discussion: "Example: swiftlet alias list hello")

    @Argument(help: "The function's name.")
    var function: String

    @Flag(help: "Print them as one JSON array.")
    var json = false

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            let aliases = try await client.pages(AliasAnswer.path(function), "aliases")
            let text = JSONValue.array(aliases).text
            if json { return try Output.out(text + "\n") }
            var table = Table("ALIAS", "CALLS GO TO", "STICKY", "MODIFIED", "DESCRIPTION")
            for alias in try JSONDecoder().decode([AliasAnswer].self, from: Data(text.utf8)) {
                table.add(alias.aliasName, alias.shares, alias.sticky ?? "", alias.lastModifiedTime ?? "", alias.description ?? "")
            }
            try Output.out(table.text)
        }
    }
}
