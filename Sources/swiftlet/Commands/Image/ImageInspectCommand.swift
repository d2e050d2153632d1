// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FoundationEssentials
import OCI

struct ImageInspectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect", abstract: "Shows one image: its layers, what it runs, and as whom.",
        discussion: "Example: swiftlet image inspect hello:1 --json")

    @Argument(help: "The image's reference or digest.")
    var reference: String

    @Flag(help: "Print the host's answer as JSON, with the image's whole configuration.")
    var json = false

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            let data = try await client.data(.get, ImageAnswer.path(reference))
            if json { return try Output.json(data) }
            try Output.out(text(try JSONDecoder().decode(ImageAnswer.self, from: data)))
        }
    }

    private func text(_ image: ImageAnswer) -> String {
        var table = Table("Reference", (image.references ?? [image.reference]).joined(separator: ", "))
        table.add("Digest", image.digest)
        table.add("Loaded", image.createdTime)
        table.add("Platform", [image.config?.os, image.config?.architecture].compactMap { $0 }.joined(separator: "/"))
        table.add("Size", "\(sizeText(image.size)), of which \(sizeText(image.sharedSize)) shared with other images")
        let execution = image.config?.config
        func row(_ name: String, _ value: String?) {
            if let value, !value.isEmpty { table.add(name, value) }
        }
        row("Entrypoint", execution?.entrypoint?.joined(separator: " "))
        row("Cmd", execution?.cmd?.joined(separator: " "))
        row("User", execution?.user)
        row("Directory", execution?.workingDir)
        for variable in execution?.env ?? [] { row("Environment", variable) }
        for layer in image.layerDetails ?? [] {
            table.add("Layer", "\(layer.diffID.prefix(19))  \(sizeText(layer.bytes)) in \(layer.entries) entries")
        }
        return table.text
    }
}
