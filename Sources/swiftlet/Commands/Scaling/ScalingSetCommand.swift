// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FunctionModel

struct ScalingSetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Sets how many instances are kept, and when. It replaces what was set.",
        discussion: """
            Examples:
              swiftlet scaling set hello 2
              swiftlet scaling set hello 1 --qualifier prod --schedule "cron(0 0 8 * * *)=10" "cron(0 0 20 * * *)=1" --time-zone Asia/Shanghai
              swiftlet scaling set hello 1 --track 0.6 --most 20
            """)

    @Argument(help: "The function's name.")
    var function: String

    @Argument(help: "Instances, 0 to 10000.")
    var instances: Int

    @Option(help: ArgumentHelp("LATEST or an alias. (default: LATEST)", valueName: "q"))
    var qualifier: String?

    @OptionGroup var policies: CapacityPolicies

    @Flag(help: "Let no calls start instances besides.")
    var noOnDemand = false

    @Flag(help: "Print the configuration as JSON.")
    var json = false

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            var input: [String: JSONValue] = ["minInstances": .integer(Int64(instances))]
            input["scheduledPolicies"] = policies.changes
            input["horizontalScalingPolicies"] = policies.tracking(minimum: "minInstances", maximum: "maxInstances", base: instances)
            if noOnDemand { input["enableOnDemandScaling"] = false }
            let data = try await client.data(.put, ScalingCommand.path(function, qualifier), json: .object(input))
            try ScalingAnswer.print(data, json: json)
        }
    }
}
