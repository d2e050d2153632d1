// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FunctionModel

struct AsyncConfigPutCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "put", abstract: "Sets it as a whole: what is left out has its default.",
        discussion: """
            Examples:
              swiftlet async-config put hello --retries 5 --first-delay 10 --max-age 3600
              swiftlet async-config put hello --on-failure mend --on-success https://example.org/done
            """)

    @Argument(help: "The function's name.")
    var function: String

    @Option(help: "LATEST, a version or an alias.")
    var qualifier: String?

    @Option(help: ArgumentHelp("Further attempts after an error of the function, 0 to 8.", valueName: "n"))
    var retries = 3

    @Option(help: ArgumentHelp("What is older is given up, 1 to 604800.", valueName: "seconds"))
    var maxAge = 86_400

    @Option(help: ArgumentHelp("Before the first further attempt, 0.01 to 3600.", valueName: "seconds"))
    var firstDelay = 1.0

    @Option(help: ArgumentHelp("Each pause is so many times the last, 1 to 10.", valueName: "n"))
    var factor = 2.0

    @Option(help: ArgumentHelp("No pause is longer, 0.01 to 86400.", valueName: "seconds"))
    var longestDelay = 300.0

    @Option(help: ArgumentHelp("Told of successes: a function's name (or its ARN), or a URL.", valueName: "destination"))
    var onSuccess: String?

    @Option(help: ArgumentHelp("Told of what failed for good.", valueName: "destination"))
    var onFailure: String?

    @Flag(help: "Remember successes for a week.")
    var remember = false

    @Flag(help: "Print it as JSON.")
    var json = false

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            var destinations: [String: JSONValue] = [:]
            destinations["onSuccess"] = onSuccess.map { ["destination": .string(Self.destination($0))] }
            destinations["onFailure"] = onFailure.map { ["destination": .string(Self.destination($0))] }
            let body: JSONValue = [
                "maxAsyncRetryAttempts": .integer(Int64(retries)), "maxAsyncEventAgeInSeconds": .integer(Int64(maxAge)),
                "retryFirstDelaySeconds": .number(firstDelay), "retryFactor": .number(factor),
                "retryLongestDelaySeconds": .number(longestDelay),
                "asyncTask": .bool(remember), "destinationConfig": .object(destinations),
            ]
            let answer = try await client.data(.put, AsyncConfigCommand.path(function, qualifier), json: body)
            if json { return try Output.json(answer) }
            try Output.out(AsyncConfigCommand.text(try JSONValue(parsing: Array(answer)).object ?? [:]))
        }
    }

    /// A name stands for the function of this host.
    private static func destination(_ text: String) -> String {
        text.contains(":") ? text : "acs:fc:cn-local:1:functions/\(text)"
    }
}
