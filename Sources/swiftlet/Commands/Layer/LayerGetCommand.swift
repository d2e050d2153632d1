// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FoundationEssentials
import FunctionModel
import Glibc

struct LayerGetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "get", abstract: "Shows a layer version, and fetches its zip.",
        discussion: """
            Examples:
              swiftlet layer get colours:1
              swiftlet layer get colours:1 --output colours.zip
            """)

    @Argument(help: "NAME:VERSION.")
    var layer: LayerWord

    @Option(name: [.short, .long], help: ArgumentHelp("Write the zip to this file; - is standard output.", valueName: "file"))
    var output: String?

    @Flag(help: "Print the layer version as JSON.")
    var json = false

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            let data = try await client.data(.get, layer.path)
            if let output {
                let path = "/swiftlet/v1/layers/\(HostClient.escape(layer.layer))/versions/\(layer.version)/code"
                try await FetchedFile.write(try await client.checked(.get, path), to: output)
                if output == "-" { return }
            }
            if json { return try Output.json(data) }
            let answer = try JSONDecoder().decode(LayerAnswer.self, from: data)
            var table = Table("Layer", answer.layerName)
            table.add("Version", "\(answer.version)")
            table.add("ARN", answer.layerVersionArn)
            table.add("Description", answer.description ?? "")
            table.add("Runtimes", (answer.compatibleRuntime ?? []).joined(separator: ", "))
            table.add("Size", sizeText(answer.codeSize ?? 0))
            table.add("CRC-64", answer.codeChecksum ?? "")
            table.add("License", answer.license ?? "")
            table.add("Public", answer.acl == "1" ? "yes" : "no")
            table.add("Created", answer.createTime ?? "")
            try Output.out(table.text)
        }
    }
}
