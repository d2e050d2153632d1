// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FoundationEssentials
import FunctionModel

struct LayerListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists the layers of the host, each by its newest version.",
        discussion: "Example: swiftlet layer list")

    @Flag(help: "Print them as one JSON array.")
    var json = false

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            let text = JSONValue.array(try await client.pages("/2023-03-30/layers", "layers")).text
            if json { return try Output.out(text + "\n") }
            var table = Table(LayerAnswer.header)
            for layer in try JSONDecoder().decode([LayerAnswer].self, from: Data(text.utf8)) { table.add(layer.row) }
            try Output.out(table.text)
        }
    }
}
