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

            A line is: time, instance, stream (out, err, or -- for the host's own words), request where it is known, text.
            """)

    @Argument(help: "The function's name.")
    var name: String

    @Flag(name: .shortAndLong, help: "Go on with each new line until interrupted.")
    var follow = false

    @Option(help: ArgumentHelp("Only the last lines. (default: all; 10 with --follow)", valueName: "n"))
    var tail: Int?

    @Flag(help: "Print each line as a JSON object.")
    var json = false

    @OptionGroup var host: HostOptions

    func run() async throws {
        try await HostClient.with(host) { client in
            var query = "?follow=\(follow)"
            if let count = tail ?? (follow ? 10 : nil) { query += "&tail=\(count)" }
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
