// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FunctionModel

struct TagCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tag", abstract: "Labels on functions.", discussion: "Example: swiftlet tag add hello team=web stage=test",
        subcommands: [TagAddCommand.self, TagListCommand.self, TagRemoveCommand.self])

    static let path = "/2023-03-30/tags-v2"

    /// The host looks at the last part only: region and account are its own.
    static func resource(_ function: String) -> String { HostIdentity().functionARN(function) }
}
