// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FunctionModel

struct AliasRollbackCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback", abstract: "Gives an alias back what it meant before its last change.",
        discussion: "Example: swiftlet alias rollback hello prod")

    @Argument(help: "The function's name.")
    var function: String

    @Argument(help: "The alias's name.")
    var alias: String

    @Option(help: ArgumentHelp("Go back to this change of `alias history` instead.", valueName: "change"))
    var to: Int?

    @Flag(help: "Print the alias as JSON.")
    var json = false

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            let input: JSONValue = .object(to.map { ["change": .integer(Int64($0))] } ?? [:])
            let data = try await client.data(.post, AliasAnswer.ownPath(function, alias, "rollback"), json: input)
            try AliasCreateCommand.print(data, json: json)
        }
    }
}
