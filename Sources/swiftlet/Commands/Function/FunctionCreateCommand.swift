// SPDX-License-Identifier: Apache-2.0
import ArgumentParser

struct FunctionCreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Makes a function of an image, and waits until it can be called.",
        discussion: """
            Examples:
              swiftlet function create hello --image hello:1 --port 9000 --health-path /healthz
              swiftlet function create hello --image registry.example.org/team/hello:1 --registry-user me --registry-password-stdin <password.txt
              swiftlet function create files --image python:1 --command python3 --args -m http.server 9000 --env LANG=C.UTF-8 TZ=UTC
              swiftlet function create shop --image shop:1 --health-path /healthz --health-period 5 --initializer 30 --pre-stop 10 --role reader
              swiftlet function create job --image job:1 --web-server-mode false --tag team=web

            --command, --args and --env take every word up to the next option of this verb, also words that begin with a dash; so NAME comes first.
            A word that is itself an option of this verb is written --args=--port. Each of the three may be repeated.

            An image that is not here is fetched from its registry, with the login of --registry-user, or else of `docker login`
            (~/.docker/config.json and its credential helpers). The host keeps a login only as long as that takes.
            """)

    @Argument(help: "The function's name: letters, digits, _ and -.")
    var name: String

    @Option(
        help: ArgumentHelp(
            "An image of this host, see `swiftlet image list`, or of a registry that its name begins with.", valueName: "ref"))
    var image: String

    @OptionGroup var fields: FunctionFields

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp("A label; may be repeated. Afterwards see `swiftlet tag`.", valueName: "key=value"))
    var tag: [EnvironmentWord] = []
    @OptionGroup var registry: RegistryFields

    @Flag(help: "Return at once; `function get` tells the state.")
    var noWait = false

    @Flag(help: "Print the function as JSON.")
    var json = false

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            var body = fields.body(
                name: name, image: image, layers: try await fields.layers(client), registry: try await registry.config(image: image, client)
            )
            if !tag.isEmpty { body.tags = tag.map { .init(key: $0.name, value: $0.value) } }
            let created = try await client.data(.post, "/2023-03-30/functions", body: body)
            let settled = noWait ? created : try await FunctionAnswer.settled(name, client)
            if json { try Output.json(settled) } else { try Output.out("\(name)\n") }
        }
    }
}
