// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FoundationEssentials
import FunctionModel

struct LayerVersionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "versions", abstract: "Lists the versions of a layer, oldest first.",
        discussion: "Example: swiftlet layer versions colours")

    @Argument(help: "The layer's name.")
    var layer: String

    @Flag(help: "Print them as one JSON array.")
    var json = false

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            var versions: [JSONValue] = []
            var next: Int? = 1
            while let start = next {
                let page = try await client.json(.get, "\(LayerAnswer.path(layer))?limit=100&startVersion=\(start)").object ?? [:]
                versions += page["layers"]?.array ?? []
                next = page["nextVersion"]?.integer
            }
            let text = JSONValue.array(versions).text
            if json { return try Output.out(text + "\n") }
            var table = Table(LayerAnswer.header)
            for layer in try JSONDecoder().decode([LayerAnswer].self, from: Data(text.utf8)) { table.add(layer.row) }
            try Output.out(table.text)
        }
    }
}
