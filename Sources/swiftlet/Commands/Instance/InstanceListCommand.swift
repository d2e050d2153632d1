// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FunctionModel

struct InstanceListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists the instances of one function, or of all.",
        discussion: "Example: swiftlet instance list hello")

    @Argument(help: "A function's name; all functions without it.")
    var name: String?

    @Flag(help: "Print them as one JSON array, each with its functionName.")
    var json = false

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            var rows: [[String: JSONValue]] = []
            for name in try await names(client) {
                let answer = try await client.json(.get, "\(FunctionAnswer.path(name))/instances").object ?? [:]
                for instance in answer["instances"]?.array ?? [] {
                    var members = instance.object ?? [:]
                    members["functionName"] = .string(name)
                    rows.append(members)
                }
            }
            if json { return try Output.out(JSONValue.array(rows.map { .object($0) }).text + "\n") }
            var table = Table("FUNCTION", "INSTANCE", "VERSION", "STATUS", "CALLS", "CREATED")
            for row in rows {
                table.add(
                    row["functionName"]?.string ?? "", row["instanceId"]?.string ?? "", row["qualifier"]?.string ?? "",
                    row["status"]?.string ?? "", row["inFlight"]?.integer.map { "\($0)" } ?? "",
                    row["createdTimeMs"]?.integer.map { Timestamp(milliseconds: Int64($0)).rfc3339 } ?? "")
            }
            try Output.out(table.text)
        }
    }

    private func names(_ client: HostClient) async throws -> [String] {
        if let name { return [name] }
        return try await client.pages("/2023-03-30/functions", "functions").compactMap { $0.object?["functionName"]?.string }
    }
}
