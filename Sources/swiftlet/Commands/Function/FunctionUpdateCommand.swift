// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

struct FunctionUpdateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "update", abstract: "Changes a function; what is not given keeps its value.",
        discussion: """
            Examples:
              swiftlet function update hello --image hello:2
              swiftlet function update files --args -m http.server 9000 --memory 256

            The words of --command, --args and --env are taken as by `function create`; a single empty word (--args "") goes back to the image's own.
            --env replaces all variables. Calls that run go on in the old instances; new calls go to new ones.
            """)

    @Argument(help: "The function's name.")
    var name: String

    @Option(
        help: ArgumentHelp(
            "An image of this host, see `swiftlet image list`, or of a registry that its name begins with.", valueName: "ref"))
    var image: String?

    @OptionGroup var fields: FunctionFields

    @OptionGroup var registry: RegistryFields

    @Flag(help: "Return at once; `function get` tells the state.")
    var noWait = false

    @Flag(help: "Print the function as JSON.")
    var json = false

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            let body = fields.body(
                name: nil, image: image, layers: try await fields.layers(client), registry: try await registry.config(image: image, client))
            let updated = try await client.data(.put, FunctionAnswer.path(name), body: body)
            let settled = noWait ? updated : try await FunctionAnswer.settled(name, client)
            if json { try Output.json(settled) } else { try Output.out("\(name)\n") }
        }
    }
}
