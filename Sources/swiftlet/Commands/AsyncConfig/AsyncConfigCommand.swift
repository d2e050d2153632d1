// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FunctionModel

struct AsyncConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "async-config", abstract: "How asynchronous invocations of a function are retried, and who hears of their end.",
        discussion: "Example: swiftlet async-config put hello --retries 5 --on-failure http://127.0.0.1:9000/failed",
        subcommands: [
            AsyncConfigPutCommand.self, AsyncConfigGetCommand.self, AsyncConfigListCommand.self, AsyncConfigDeleteCommand.self,
        ])

    static func path(_ function: String, _ qualifier: String?) -> String {
        FunctionAnswer.path(function) + "/async-invoke-config" + (qualifier.map { "?qualifier=\(HostClient.escape($0))" } ?? "")
    }

    /// The API's `AsyncConfig` as a table.
    static func text(_ config: [String: JSONValue]) -> String {
        var table = Table("Function", name(config))
        table.add("Retries", "\(config["maxAsyncRetryAttempts"]?.integer ?? 0)")
        table.add(
            "Pauses",
            "from \(decimal(config["retryFirstDelaySeconds"]?.number ?? 0, 2)) s, each \(decimal(config["retryFactor"]?.number ?? 0, 2)) times the"
                + " last, at most \(decimal(config["retryLongestDelaySeconds"]?.number ?? 0, 2)) s")
        table.add("Age limit", "\(config["maxAsyncEventAgeInSeconds"]?.integer ?? 0) s")
        table.add("Remembers successes", config["asyncTask"]?.bool == true ? "yes" : "no")
        for (title, event) in [("On success", "onSuccess"), ("On failure", "onFailure")] {
            if let destination = config["destinationConfig"]?.object?[event]?.object?["destination"]?.string {
                table.add(title, destination)
            }
        }
        return table.text
    }

    /// `hello` or `hello/prod`.
    static func name(_ config: [String: JSONValue]) -> String {
        let arn = config["functionArn"]?.string ?? ""
        return String(arn.split(separator: ":").last?.dropFirst("functions/".count) ?? "")
    }
}
