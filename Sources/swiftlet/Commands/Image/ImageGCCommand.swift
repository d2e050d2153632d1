// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FoundationEssentials
import FunctionModel

struct ImageGCCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gc", abstract: "Removes images that no function, version or instance uses.",
        discussion: """
            Without --all only images that have lost their name to a newer one go; layers that an image which stays has are kept.

            Examples:
              swiftlet image gc --dry-run
              swiftlet image gc --all
            """)

    @Flag(help: "Also images that have a name.")
    var all = false

    @Flag(help: "Only tell what would be removed.")
    var dryRun = false

    @Flag(help: "Print the host's answer as JSON.")
    var json = false

    @OptionGroup var host: HostOptions

    private struct Answer: Decodable {
        var images: [ImageAnswer]
        var layers: [String]
        var bytes: Int
    }

    func run() async throws {
        try await HostClient.with(host) { client in
            let data = try await client.data(
                .post, "/swiftlet/v1/images/gc", json: ["all": .bool(all), "dryRun": .bool(dryRun)])
            if json { return try Output.json(data) }
            let answer = try JSONDecoder().decode(Answer.self, from: data)
            for image in answer.images { try Output.out("\(image.reference) \(image.digest)\n") }
            let verb = dryRun ? "would be removed" : "removed"
            let count = answer.layers.count
            try Output.note("\(count) \(count == 1 ? "layer" : "layers") \(verb), \(sizeText(answer.bytes))")
        }
    }
}
