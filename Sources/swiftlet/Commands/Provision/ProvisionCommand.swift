// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FoundationEssentials

struct ProvisionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "provision", abstract: "Keeps instances of a function alive, without calls too.",
        discussion: "Example: swiftlet provision set hello 2",
        subcommands: [ProvisionSetCommand.self, ProvisionGetCommand.self, ProvisionListCommand.self, ProvisionDeleteCommand.self])

    static func path(_ function: String, _ qualifier: String?) -> String {
        FunctionAnswer.path(function) + "/provision-config?qualifier=\(HostClient.escape(qualifier ?? "LATEST"))"
    }
}

/// The parts of the API's answer that people want to see; `--json` shows all.
struct ProvisionAnswer: Decodable {
    var functionArn: String?
    var defaultTarget: Int
    var current: Int
    var target: Int
    var currentError: String?

    /// `2 of 3 ready`, and why there are not more.
    var text: String {
        let standing = "\(current) of \(target) ready"
        return currentError.flatMap { $0.isEmpty ? nil : "\(standing): \($0)" } ?? standing
    }

    static func print(_ data: Data, json: Bool) throws {
        if json { return try Output.json(data) }
        try Output.out(printable(try JSONDecoder().decode(ProvisionAnswer.self, from: data).text) + "\n")
    }
}
