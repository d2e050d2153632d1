// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FunctionModel

struct ConcurrencySetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Lets at most so many instances work at once; calls beyond are refused by 429. 0 forbids all calls.",
        discussion: "Example: swiftlet concurrency set hello 10")

    @Argument(help: "The function's name.")
    var function: String

    @Argument(help: "Instances, 0 to 10000.")
    var instances: Int

    @Flag(help: "Print it as JSON.")
    var json = false

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            let input: JSONValue = ["reservedConcurrency": .integer(Int64(instances))]
            try ConcurrencyAnswer.print(try await client.data(.put, ConcurrencyAnswer.path(function), json: input), json: json)
        }
    }
}
