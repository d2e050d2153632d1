// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FunctionModel

struct VersionListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists a function's versions, newest first.", discussion: "Example: swiftlet version list hello")

    @Argument(help: "The function's name.")
    var function: String

    @Flag(help: "Print them as one JSON array.")
    var json = false

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            let versions = try await client.pages(VersionAnswer.path(function), "versions")
            if json { return try Output.out(JSONValue.array(versions).text + "\n") }
            var table = Table("VERSION", "CREATED", "DESCRIPTION")
            for version in versions.compactMap(\.object) {
                table.add(version["versionId"]?.string ?? "", version["createdTime"]?.string ?? "", version["description"]?.string ?? "")
            }
            try Output.out(table.text)
        }
    }
}
