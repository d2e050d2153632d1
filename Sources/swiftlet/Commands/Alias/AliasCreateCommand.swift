// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FoundationEssentials
import FunctionModel

struct AliasCreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Makes an alias of a version, or of two by weight.",
        discussion: "Example: swiftlet alias create hello prod --version 1 --weight 2=10%")

    @Argument(help: "The function's name.")
    var function: String

    @Argument(help: "The alias's name.")
    var alias: String

    @OptionGroup var fields: AliasFields

    @Flag(help: "Print the alias as JSON.")
    var json = false

    @OptionGroup var host: HostOptions

    func validate() throws {
        if fields.version == nil { throw ValidationError("--version is missing: the number of a version, or LATEST") }
    }

    func run() async throws {
        try await HostClient.with(host) { client in
            let input = fields.json.merging(["aliasName": .string(alias)]) { $1 }
            try AliasCreateCommand.print(try await client.data(.post, AliasAnswer.path(function), json: .object(input)), json: json)
        }
    }

    /// `prod: 1 90 %, 2 10 %`.
    static func print(_ data: Data, json: Bool) throws {
        if json { return try Output.json(data) }
        let alias = try JSONDecoder().decode(AliasAnswer.self, from: data)
        try Output.out("\(alias.aliasName): \(alias.shares)\n")
    }
}
