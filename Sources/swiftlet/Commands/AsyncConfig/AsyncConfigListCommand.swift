// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FunctionModel

struct AsyncConfigListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists those that were set.", discussion: "Example: swiftlet async-config list")

    @Argument(help: "The function's name. (default: all functions)")
    var function: String?

    @Flag(help: "Print them as one JSON array.")
    var json = false

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            let query = function.map { "&functionName=\(HostClient.escape($0))" } ?? ""
            let configs = try await client.pages("/2023-03-30/async-invoke-configs", "configs", query: query)
            if json { return try Output.out(JSONValue.array(configs).text + "\n") }
            var table = Table("FUNCTION", "RETRIES", "AGE LIMIT", "ON SUCCESS", "ON FAILURE")
            for config in configs.compactMap(\.object) {
                let destinations = config["destinationConfig"]?.object ?? [:]
                table.add(
                    AsyncConfigCommand.name(config), "\(config["maxAsyncRetryAttempts"]?.integer ?? 0)",
                    "\(config["maxAsyncEventAgeInSeconds"]?.integer ?? 0) s",
                    destinations["onSuccess"]?.object?["destination"]?.string ?? "",
                    destinations["onFailure"]?.object?["destination"]?.string ?? "")
            }
            try Output.out(table.text)
        }
    }
}
