// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FoundationEssentials
import FunctionModel

struct KeyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key", abstract: "Access keys: who may read, call and change what.",
        discussion: """
            As long as there is no key, whoever reaches the host may do everything. The first key must be able to do everything too; from then on every
            request must be signed, and the command line signs with SWIFTLET_ACCESS_KEY_ID and SWIFTLET_ACCESS_KEY_SECRET.

            Example: swiftlet key create --description 'the operator'
            """,
        subcommands: [KeyCreateCommand.self, KeyListCommand.self, KeyRevokeCommand.self])

    static let path = "/swiftlet/v1/keys"
}

/// What a key or role may do.
struct PolicyFields: ParsableArguments {
    @Option(
        name: .customLong("allow"), parsing: .singleValue,
        help: ArgumentHelp("read, invoke or manage (which includes read); repeat it for several. (default: all)", valueName: "action"))
    var allow: [String] = []

    @Option(
        name: .customLong("function"), parsing: .singleValue,
        help: ArgumentHelp("A function's name, or its begin and a *; repeat it for several. (default: *)", valueName: "name"))
    var functions: [String] = []

    var json: [String: JSONValue] {
        var members: [String: JSONValue] = [:]
        if !allow.isEmpty { members["allow"] = .array(allow.map { .string($0) }) }
        if !functions.isEmpty { members["functions"] = .array(functions.map { .string($0) }) }
        return members
    }
}

/// A key or role as the host shows it.
struct PolicyAnswer: Decodable {
    var accessKeyId: String?
    var accessKeySecret: String?
    var name: String?
    var description: String?
    var allow: [String]
    var functions: [String]
    var createdTime: String
}

struct KeyCreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Makes an access key; its secret is shown this once.",
        discussion: """
            Prints two lines that a shell can read:
              swiftlet key create > key.sh && . ./key.sh && swiftlet function list

            Example: swiftlet key create --allow invoke --function 'prod-*' --description 'the shop'
            """)

    @OptionGroup var policy: PolicyFields

    @Option(help: "A text for people.")
    var description: String?

    @Flag(help: "Print the key as JSON.")
    var json = false

    @OptionGroup var host: HostOptions

    func run() async throws {
        var input = policy.json
        input["description"] = description.map { .string($0) }
        let body = JSONValue.object(input)
        try await HostClient.with(host) { client in
            let data = try await client.data(.post, KeyCommand.path, json: body)
            if json { return try Output.json(data) }
            let answer = try JSONDecoder().decode(PolicyAnswer.self, from: data)
            try Output.out(
                "export SWIFTLET_ACCESS_KEY_ID=\(answer.accessKeyId ?? "")\nexport SWIFTLET_ACCESS_KEY_SECRET=\(answer.accessKeySecret ?? "")\n"
            )
        }
    }
}

struct KeyListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists the access keys, without their secrets.", discussion: "Example: swiftlet key list")

    @Flag(help: "Print them as one JSON array.")
    var json = false

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            let text = (try await client.json(.get, KeyCommand.path).object?["keys"] ?? []).text
            if json { return try Output.out(text + "\n") }
            var table = Table("KEY", "ALLOW", "FUNCTIONS", "CREATED", "DESCRIPTION")
            for key in try JSONDecoder().decode([PolicyAnswer].self, from: Data(text.utf8)) {
                table.add(
                    key.accessKeyId ?? "", key.allow.joined(separator: ","), key.functions.joined(separator: ","), key.createdTime,
                    key.description ?? "")
            }
            try Output.out(table.text)
        }
    }
}

struct KeyRevokeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke", abstract: "Revokes access keys; the next request that one of them signs is refused.",
        discussion: "Example: swiftlet key revoke SWFTabcdefghijklmnopqrst")

    @Argument(help: "Access keys.")
    var keys: [String]

    @Flag(help: "Also revoke the very last key: whoever reaches the host may then do everything.")
    var open = false

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            for key in keys {
                _ = try await client.checked(.delete, "\(KeyCommand.path)/\(HostClient.escape(key))\(open ? "?open=true" : "")")
                try Output.out("\(key)\n")
            }
        }
    }
}
