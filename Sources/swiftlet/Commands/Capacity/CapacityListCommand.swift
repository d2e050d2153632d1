// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FunctionModel

struct CapacityListCommand<Kind: CapacityKind>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "list", abstract: "Lists the functions whose instances are kept.",
            discussion: "Example: swiftlet \(Kind.noun) list")
    }

    @Flag(help: "Print them as one JSON array.")
    var json = false

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            let configurations = try await client.pages(Kind.lists, Kind.list)
            if json { return try Output.out(JSONValue.array(configurations).text + "\n") }
            var table = Table("FUNCTION", "BASE", "TARGET", "READY", "ERROR")
            for one in configurations.map(CapacityAnswer<Kind>.init) {
                table.add(one.function, "\(one.base)", "\(one.target)", "\(one.current)", printable(one.error))
            }
            try Output.out(table.text)
        }
    }
}
