// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FunctionModel

struct ImageTagCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tag", abstract: "Gives an image another name.", discussion: "Example: swiftlet image tag hello:1 hello:stable")

    @Argument(help: ArgumentHelp("The image's reference or digest.", valueName: "image"))
    var image: String

    @Argument(help: ArgumentHelp("The other name. A name that led to another image leads here from now on.", valueName: "ref"))
    var name: String

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            _ = try await client.data(.post, "\(ImageAnswer.path(image))/tags", json: ["name": .string(name)])
            try Output.out("\(name)\n")
        }
    }
}
