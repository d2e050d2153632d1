// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FunctionModel

struct TagListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists labels, of one function or of all.", discussion: "Example: swiftlet tag list hello")

    @Argument(help: "The function's name.")
    var function: String?

    @Flag(help: "Print them as one JSON array.")
    var json = false

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            var query = "?ResourceType=function"
            if let function { query += "&ResourceId=\(HostClient.escape(JSONValue.array([.string(TagCommand.resource(function))]).text))" }
            var (tags, token) = ([JSONValue](), "")
            repeat {
                let page = try await client.json(.get, TagCommand.path + query + "&NextToken=\(HostClient.escape(token))").object ?? [:]
                tags += page["TagResources"]?.array ?? []
                token = page["NextToken"]?.string ?? ""
            } while !token.isEmpty
            if json { return try Output.out(JSONValue.array(tags).text + "\n") }
            var table = Table("FUNCTION", "KEY", "VALUE")
            for tag in tags {
                let members = tag.object ?? [:]
                table.add(
                    members["ResourceId"]?.string.flatMap(HostIdentity.function(ofARN:)) ?? "", members["TagKey"]?.string ?? "",
                    members["TagValue"]?.string ?? "")
            }
            try Output.out(table.text)
        }
    }
}
