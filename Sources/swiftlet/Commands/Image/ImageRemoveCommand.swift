// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

struct ImageRemoveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Removes images that no function uses, and the layers that were only theirs.",
        discussion: "Example: swiftlet image remove hello:1")

    @Argument(help: "References or digests of images.")
    var references: [String]

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            for reference in references {
                _ = try await client.checked(.delete, ImageAnswer.path(reference))
                try Output.out("\(reference)\n")
            }
        }
    }
}
