// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FunctionModel

/// When another number of instances is kept, and how it follows the load.
struct CapacityPolicies: ParsableArguments {
    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "From these times on another number: cron(…)=N or at(yyyy-mm-ddThh:mm:ss)=N; several may follow.", valueName: "when=n"))
    var schedule: [ScheduledNumber] = []

    @Option(help: ArgumentHelp("The time zone of the schedules, for example Asia/Shanghai. (default: UTC)", valueName: "zone"))
    var timeZone: String?

    @Option(
        help: ArgumentHelp(
            "Keep so many that the calls in progress are this part of what they can take, above 0, up to 1.", valueName: "part"))
    var track: Double?

    @Option(help: ArgumentHelp("With --track: the most instances that are kept.", valueName: "n"))
    var most: Int?

    func validate() throws {
        if (track == nil) != (most == nil) { throw ValidationError("--track and --most go together") }
    }

    var changes: JSONValue {
        .array(
            schedule.enumerated().map { index, change in
                var members: [String: JSONValue] = [
                    "name": .string("schedule-\(index + 1)"), "scheduleExpression": .string(change.when),
                    "target": .integer(Int64(change.number)),
                ]
                if let timeZone { members["timeZone"] = .string(timeZone) }
                return .object(members)
            })
    }

    func tracking(minimum: String, maximum: String, base: Int) -> JSONValue {
        guard let track, let most else { return [] }
        return [
            .object([
                "name": "track", "metricType": "ProvisionedConcurrencyUtilization", "metricTarget": .number(track),
                minimum: .integer(Int64(min(base, most))), maximum: .integer(Int64(most)),
            ])
        ]
    }
}

/// `cron(0 0 8 * * *)=10`.
struct ScheduledNumber: ExpressibleByArgument, Sendable {
    var when: String
    var number: Int

    init?(argument: String) {
        guard let equals = argument.lastIndex(of: "="), let number = Int(argument[argument.index(after: equals)...]) else { return nil }
        (when, self.number) = (String(argument[..<equals]), number)
    }
}
