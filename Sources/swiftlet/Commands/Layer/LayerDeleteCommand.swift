// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

struct LayerDeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Deletes layer versions; functions that have one keep it.",
        discussion: "Example: swiftlet layer delete colours:1")

    @Argument(help: "NAME:VERSION, one or more.")
    var layers: [LayerWord]

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            for layer in layers {
                _ = try await client.checked(.delete, layer.path)
                try Output.out("\(layer.layer):\(layer.version)\n")
            }
        }
    }
}
