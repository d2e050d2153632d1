// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import AsyncHTTPClient
import FoundationEssentials
import FunctionLog
import NIOCore

struct LogsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logs", abstract: "Prints what a function printed, and what its instances went through.",
        discussion: """
            Examples:
              swiftlet logs hello --tail 20
              swiftlet logs -f hello
              swiftlet logs --function hello --since 10m
              swiftlet logs hello --request 1-6b070c9a-e49a1158-a158db4a544a

            A line is: time, instance, stream (out, err, or -- for the host's own words), request where it is known, text.
            """)

    @Argument(help: "The function's name.")
    var name: String?

    @Option(name: .customLong("function"), help: ArgumentHelp("The same, by an option.", valueName: "name"))
    var function: String?

    @Flag(name: .shortAndLong, help: "Go on with each new line until interrupted.")
    var follow = false

    @Option(help: ArgumentHelp("Only the last lines. (default: all; 10 with --follow)", valueName: "n"))
    var tail: Int?

    @Option(
        help: ArgumentHelp("Only lines from then on: 10m, 1h30m, 2d ago, or a time such as 2026-01-31T12:00:00Z.", valueName: "time"))
    var since: Moment?

    @Option(help: ArgumentHelp("Only lines of this call.", valueName: "id"))
    var request: String?

    @Flag(help: "Print each line as a JSON object.")
    var json = false

    @OptionGroup var host: HostOptions

    func validate() throws {
        guard (name == nil) != (function == nil) else { throw ValidationError("name one function: swiftlet logs NAME") }
    }

    func run() async throws {
        let name = name ?? function ?? ""
        try await HostClient.with(host) { client in
            var query = "?follow=\(follow)"
            if let count = tail ?? (follow && since == nil && request == nil ? 10 : nil) { query += "&tail=\(count)" }
            if let since {
                query += "&since=\(since.milliseconds(now: Int64((Date.now.timeIntervalSince1970 * 1000).rounded())))"
            }
            if let request { query += "&request=\(HostClient.escape(request))" }
            let response = try await client.checked(.get, "/swiftlet/v1/functions/\(HostClient.escape(name))/logs\(query)")
            var lines = JSONLines()
            for try await chunk in response.body {
                for line in lines.appendRaw(chunk.readableBytesView) {
                    if json {
                        try Output.bytes(line + [10])
                    } else {
                        try Output.out(text(try JSONDecoder().decode(LogLine.self, from: Data(line))))
                    }
                }
            }
        }
    }

    private func text(_ line: LogLine) -> String {
        let stream =
            switch line.stream {
            case .stdout: "out"
            case .stderr: "err"
            case .platform: "--"
            }
        return "\(line.time) \(line.instance) \(stream)\(line.request.map { " \($0)" } ?? "") \(printable(line.message))\n"
    }
}
