// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FunctionModel

struct TriggerCreateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create", abstract: "Makes a trigger of a function.",
        discussion: """
            Examples:
              swiftlet trigger create hello web --http --methods GET,POST
              swiftlet trigger create hello web --http --jwks keys.json --token cookie:session --claim header:sub:x-user --open-path /login
              swiftlet trigger create hello nightly --timer "CRON_TZ=Asia/Shanghai 0 0 4 * * *" --payload report
            """)

    @Argument(help: "The function's name.")
    var function: String

    @Argument(help: "The trigger's name.")
    var trigger: String

    @OptionGroup var fields: TriggerFields

    @Option(help: ArgumentHelp("With --config: http or timer.", valueName: "type"))
    var type: String?

    @Flag(help: "Print the trigger as JSON.")
    var json = false

    @OptionGroup var host: HostOptions

    func validate() throws {
        if fields.type == nil, type == nil || fields.config == nil {
            throw ValidationError("--http or --timer is missing, or --type with --config")
        }
    }

    func run() async throws {
        try await HostClient.with(host) { client in
            var input = try await fields.json()
            input["triggerName"] = .string(trigger)
            input["triggerType"] = .string(fields.type ?? type ?? "")
            let data = try await client.data(.post, TriggerAnswer.path(function), json: .object(input))
            try TriggerAnswer.print(data, json: json)
        }
    }
}
