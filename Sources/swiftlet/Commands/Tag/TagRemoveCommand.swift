// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FunctionModel

struct TagRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Takes labels off a function.", discussion: "Example: swiftlet tag remove hello team stage")

    @Argument(help: "The function's name.")
    var function: String

    @Argument(help: "Keys of labels.")
    var keys: [String] = []

    @Flag(help: "All labels.")
    var all = false

    @OptionGroup var host: HostOptions

    func validate() throws {
        if keys.isEmpty != all { throw ValidationError("give keys, or --all") }
    }

    func run() async throws {
        try await HostClient.with(host) { client in
            func list(_ words: [String]) -> String { HostClient.escape(JSONValue.array(words.map { .string($0) }).text) }
            let which = all ? "All=true" : "TagKey=\(list(keys))"
            let query = "?ResourceType=function&ResourceId=\(list([TagCommand.resource(function)]))&\(which)"
            _ = try await client.checked(.delete, TagCommand.path + query)
        }
    }
}
