// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FunctionModel

struct CapacitySetCommand<Kind: CapacityKind>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "set", abstract: "Sets how many instances are kept, and when. It replaces what was set.",
            discussion: """
                Examples:
                  swiftlet \(Kind.noun) set hello 2
                  swiftlet \(Kind.noun) set hello 1 --qualifier prod --schedule "cron(0 0 8 * * *)=10" "cron(0 0 20 * * *)=1" --time-zone Asia/Shanghai
                  swiftlet \(Kind.noun) set hello 1 --track 0.6 --most 20
                """)
    }

    @Argument(help: "The function's name.")
    var function: String

    @Argument(help: "Instances, 0 to 10000.")
    var instances: Int

    @Option(help: ArgumentHelp("LATEST or an alias. (default: LATEST)", valueName: "q"))
    var qualifier: String?

    @OptionGroup var policies: CapacityPolicies

    @OptionGroup var options: Kind.Options

    @Flag(help: "Print the configuration as JSON.")
    var json = false

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            var input = options.members
            input[Kind.base] = .integer(Int64(instances))
            input[Kind.schedules] = policies.changes
            let tracking = Kind.tracking
            input[tracking.list] = policies.tracking(minimum: tracking.minimum, maximum: tracking.maximum, base: instances)
            try Kind.print(try await client.data(.put, Kind.path(function, qualifier), json: .object(input)), json: json)
        }
    }
}
