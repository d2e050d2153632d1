// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FunctionModel

struct FunctionListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists all functions.", discussion: "Example: swiftlet function list --prefix web-")

    @Option(help: "Only names that begin with this.")
    var prefix: String?

    @Flag(help: "Print them as one JSON array.")
    var json = false

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            let query = prefix.map { "&prefix=\(HostClient.escape($0))" } ?? ""
            let functions = try await client.pages("/2023-03-30/functions", "functions", query: query)
            if json { return try Output.out(JSONValue.array(functions).text + "\n") }
            var table = Table("NAME", "STATE", "IMAGE", "MEMORY", "MODIFIED")
            for function in functions {
                let (members, container) = (function.object ?? [:], function.object?["customContainerConfig"]?.object ?? [:])
                table.add(
                    members["functionName"]?.string ?? "", members["state"]?.string ?? "", container["image"]?.string ?? "",
                    members["memorySize"]?.integer.map { "\($0) MB" } ?? "", members["lastModifiedTime"]?.string ?? "")
            }
            try Output.out(table.text)
        }
    }
}
