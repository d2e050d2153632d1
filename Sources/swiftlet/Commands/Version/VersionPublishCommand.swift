// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FoundationEssentials

struct VersionPublishCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "publish", abstract: "Freezes a function as it is now under the next number, and prints the number.",
        discussion: "Example: swiftlet version publish hello --description 'before the sale'")

    @Argument(help: "The function's name.")
    var function: String

    @Option(help: "What is special about it.")
    var description: String?

    @Flag(help: "Print the version as JSON.")
    var json = false

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            let data = try await client.data(.post, VersionAnswer.path(function), body: ["description": description ?? ""])
            if json { return try Output.json(data) }
            try Output.out(try JSONDecoder().decode(VersionAnswer.self, from: data).versionId + "\n")
        }
    }
}
