// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FoundationEssentials
import FunctionModel

struct TagAddCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Puts labels on a function; one that it has gets the new value.",
        discussion: "Example: swiftlet tag add hello team=web stage=test")

    @Argument(help: "The function's name.")
    var function: String

    @Argument(help: ArgumentHelp("Labels.", valueName: "key=value"))
    var tags: [EnvironmentWord]

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            let input: JSONValue = [
                "ResourceType": "function", "ResourceId": [.string(TagCommand.resource(function))],
                "Tag": FunctionTag.json(tags.map { FunctionTag(key: $0.name, value: $0.value) }),
            ]
            _ = try await client.data(.post, TagCommand.path, json: input)
            for tag in tags { try Output.out("\(tag.text)\n") }
        }
    }
}
