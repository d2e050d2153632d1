// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FunctionModel

struct AliasUpdateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "update", abstract: "Changes an alias; the next call is routed by it, calls in flight finish where they began.",
        discussion: "Example: swiftlet alias update hello prod --weight 2=50%")

    @Argument(help: "The function's name.")
    var function: String

    @Argument(help: "The alias's name.")
    var alias: String

    @OptionGroup var fields: AliasFields

    @Flag(help: "Print the alias as JSON.")
    var json = false

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            let data = try await client.data(.put, AliasAnswer.path(function, alias), json: .object(fields.json))
            try AliasCreateCommand.print(data, json: json)
        }
    }
}
