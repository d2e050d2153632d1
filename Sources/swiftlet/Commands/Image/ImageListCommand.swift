// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FoundationEssentials

struct ImageListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists the images of the host.",
        discussion: """
            Example: swiftlet image list

            SIZE is what the image's layers take on disk, UNIQUE the part that would be freed with it: layers shared with other images are kept once.
            """)

    @Flag(help: "Print the host's answer as JSON.")
    var json = false

    @OptionGroup var host: HostOptions

    private struct Answer: Decodable {
        var images: [ImageAnswer]
    }

    func run() async throws {
        try await HostClient.with(host) { client in
            let data = try await client.data(.get, "/swiftlet/v1/images")
            if json { return try Output.json(data) }
            var table = Table("REFERENCE", "DIGEST", "LAYERS", "SIZE", "UNIQUE", "LOADED")
            for image in try JSONDecoder().decode(Answer.self, from: data).images {
                table.add(
                    image.reference, String(image.digest.prefix(19)), "\(image.layers)", sizeText(image.size), sizeText(image.uniqueSize),
                    image.createdTime)
            }
            try Output.out(table.text)
        }
    }
}
