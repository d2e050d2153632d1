// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FoundationEssentials

struct ScalingCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scaling", abstract: "Keeps instances alive by the newer scaling configuration; it may forbid others.",
        discussion: "Example: swiftlet scaling set hello 2",
        subcommands: [ScalingSetCommand.self, ScalingGetCommand.self, ScalingListCommand.self, ScalingDeleteCommand.self])

    static func path(_ function: String, _ qualifier: String?) -> String {
        FunctionAnswer.path(function) + "/scaling-config?qualifier=\(HostClient.escape(qualifier ?? "LATEST"))"
    }
}

/// The parts of the API's answer that people want to see; `--json` shows all.
struct ScalingAnswer: Decodable {
    var functionArn: String?
    var minInstances: Int
    var currentInstances: Int
    var targetInstances: Int
    var currentError: String?

    /// `2 of 3 ready`, and why there are not more.
    var text: String {
        let standing = "\(currentInstances) of \(targetInstances) ready"
        return currentError.flatMap { $0.isEmpty ? nil : "\(standing): \($0)" } ?? standing
    }

    static func print(_ data: Data, json: Bool) throws {
        if json { return try Output.json(data) }
        try Output.out(printable(try JSONDecoder().decode(ScalingAnswer.self, from: data).text) + "\n")
    }
}
