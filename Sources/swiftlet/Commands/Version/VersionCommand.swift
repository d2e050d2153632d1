// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FoundationEssentials

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "version", abstract: "Freezes functions under numbers.", discussion: "Example: swiftlet version publish hello",
        subcommands: [VersionPublishCommand.self, VersionListCommand.self, VersionDeleteCommand.self])
}

/// The API's `Version`.
struct VersionAnswer: Codable {
    var versionId: String
    var description: String?
    var createdTime: String?

    static func path(_ function: String) -> String { FunctionAnswer.path(function) + "/versions" }
}
