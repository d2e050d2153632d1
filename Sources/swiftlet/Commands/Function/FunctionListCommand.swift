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
            let functions = try await Self.all(client, prefix: prefix)
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

    /// All functions, page by page.
    static func all(_ client: HostClient, prefix: String? = nil) async throws -> [JSONValue] {
        var functions: [JSONValue] = []
        var token: String?
        repeat {
            var query = "?limit=100"
            if let prefix { query += "&prefix=\(HostClient.escape(prefix))" }
            if let token { query += "&nextToken=\(HostClient.escape(token))" }
            let page = try await client.json(.get, "/2023-03-30/functions\(query)").object ?? [:]
            functions += page["functions"]?.array ?? []
            token = page["nextToken"]?.string
        } while !(token ?? "").isEmpty
        return functions
    }
}
