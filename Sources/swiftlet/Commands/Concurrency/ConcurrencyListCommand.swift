// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FoundationEssentials
import FunctionModel

struct ConcurrencyListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists the functions that have a bound.", discussion: "Example: swiftlet concurrency list")

    @Flag(help: "Print them as one JSON array.")
    var json = false

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            let text = JSONValue.array(try await client.pages("/2023-03-30/concurrency-configs", "configs")).text
            if json { return try Output.out(text + "\n") }
            var table = Table("FUNCTION", "INSTANCES")
            for bound in try JSONDecoder().decode([ConcurrencyAnswer].self, from: Data(text.utf8)) {
                table.add(bound.function, "\(bound.reservedConcurrency)")
            }
            try Output.out(table.text)
        }
    }
}
