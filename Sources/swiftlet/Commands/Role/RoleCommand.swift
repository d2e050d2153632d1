// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FoundationEssentials
import FunctionModel

struct RoleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "role", abstract: "What functions may do at this host, by temporary credentials.",
        discussion: """
            A function whose `role` is acs:ram::ACCOUNT:role/NAME gets a key pair and a token, valid for minutes, that may do what the role may.

            Example: swiftlet role put caller --allow invoke --function 'worker-*'
            """,
        subcommands: [RolePutCommand.self, RoleListCommand.self, RoleDeleteCommand.self])

    static let path = "/swiftlet/v1/roles"
}

struct RolePutCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "put", abstract: "Makes a role, or gives it another policy.",
        discussion: "Example: swiftlet role put caller --allow invoke --function 'worker-*'")

    @Argument(help: "The role's name: letters, digits, _ and -.")
    var name: String

    @OptionGroup var policy: PolicyFields

    @OptionGroup var host: HostOptions

    func run() async throws {
        let body = JSONValue.object(policy.json)
        try await HostClient.with(host) { client in
            _ = try await client.data(.put, "\(RoleCommand.path)/\(HostClient.escape(name))", json: body)
            try Output.out("\(name)\n")
        }
    }
}

struct RoleListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists the roles.", discussion: "Example: swiftlet role list")

    @Flag(help: "Print them as one JSON array.")
    var json = false

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            let text = (try await client.json(.get, RoleCommand.path).object?["roles"] ?? []).text
            if json { return try Output.out(text + "\n") }
            var table = Table("ROLE", "ALLOW", "FUNCTIONS", "CREATED")
            for role in try JSONDecoder().decode([PolicyAnswer].self, from: Data(text.utf8)) {
                table.add(role.name ?? "", role.allow.joined(separator: ","), role.functions.joined(separator: ","), role.createdTime)
            }
            try Output.out(table.text)
        }
    }
}

struct RoleDeleteCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Deletes roles; credentials that were given out for one are refused from now on.",
        discussion: "Example: swiftlet role delete caller")

    @Argument(help: "Names of roles.")
    var names: [String]

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            for name in names {
                _ = try await client.checked(.delete, "\(RoleCommand.path)/\(HostClient.escape(name))")
                try Output.out("\(name)\n")
            }
        }
    }
}
