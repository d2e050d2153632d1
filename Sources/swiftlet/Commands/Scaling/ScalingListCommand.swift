// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FoundationEssentials
import FunctionModel

struct ScalingListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "Lists the functions whose instances are kept.", discussion: "Example: swiftlet scaling list")

    @Flag(help: "Print them as one JSON array.")
    var json = false

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            let text = JSONValue.array(try await client.pages("/2023-03-30/scaling-configs", "scalingConfigs")).text
            if json { return try Output.out(text + "\n") }
            var table = Table("FUNCTION", "BASE", "TARGET", "READY", "ERROR")
            for one in try JSONDecoder().decode([ScalingAnswer].self, from: Data(text.utf8)) {
                let name = one.functionArn?.split(separator: ":").last.map { String($0.dropFirst(10)) } ?? ""
                table.add(
                    name, "\(one.minInstances)", "\(one.targetInstances)", "\(one.currentInstances)", printable(one.currentError ?? ""))
            }
            try Output.out(table.text)
        }
    }
}
