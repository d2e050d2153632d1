// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FoundationEssentials

struct FunctionGetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Shows one function.", discussion: "Example: swiftlet function get hello --json")

    @Argument(help: "The function's name.")
    var name: String

    @Option(help: "A version: LATEST or a number.")
    var qualifier: String?

    @Flag(help: "Print the function as JSON.")
    var json = false

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            let query = qualifier.map { "?qualifier=\(HostClient.escape($0))" } ?? ""
            let data = try await client.data(.get, FunctionAnswer.path(name) + query)
            if json { return try Output.json(data) }
            try Output.out(try JSONDecoder().decode(FunctionAnswer.self, from: data).text)
        }
    }
}
