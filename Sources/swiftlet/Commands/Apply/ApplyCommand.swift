// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Foundation
import FunctionModel

struct ApplyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "apply", abstract: "Makes functions, triggers, settings and domains as a Serverless Devs file says.",
        discussion: """
            Takes the resources with `component: fc3` and `component: fc3-domain`. Prints a line for each thing: + is made, ~ is changed, = is as the file says; a second run changes
            nothing. What the file does not name stays as it is.

            Examples:
              swiftlet apply -f s.yaml --dry-run
              swiftlet apply -f s.yaml
            """)

    @Option(name: [.short, .long], help: ArgumentHelp("The file; - is standard input.", valueName: "file"), completion: .file())
    var file: String

    @Flag(help: "Show what would change, and change nothing.")
    var dryRun = false

    @OptionGroup var host: HostOptions

    func run() async throws {
        let text = try await onOwnThread { [file] in
            let data = file == "-" ? FileHandle.standardInput.readDataToEndOfFile() : FileManager.default.contents(atPath: file)
            guard let data, let text = String(data: data, encoding: .utf8) else { throw CommandFailure("cannot read '\(file)' as UTF-8") }
            return text
        }
        let wanted = try DeploymentFile(try YAMLValue.parse(text, file: file), file: file) { ProcessInfo.processInfo.environment[$0] }
        for note in wanted.notes { try Output.note(note) }
        try await HostClient.with(host) { client in
            let deployment = Deployment(client: client)
            // All of the file is looked at before anything is changed: a mistake at its end leaves the host as it was.
            var changes: [(function: String, [DeploymentChange])] = []
            for function in wanted.functions { changes.append((function.name, try await deployment.changes(for: function))) }
            var domains: [DeploymentChange] = []
            for domain in wanted.domains { domains.append(try await deployment.change(for: domain)) }
            for (function, changes) in changes {
                for change in changes {
                    if !dryRun {
                        try await deployment.make(change)
                        if change == changes.first { _ = try await FunctionAnswer.settled(function, client) }
                    }
                    try Output.out(change.line + "\n")
                }
            }
            // Behind the functions that their routes lead to.
            for change in domains {
                if !dryRun { try await deployment.make(change) }
                try Output.out(change.line + "\n")
            }
        }
    }
}
