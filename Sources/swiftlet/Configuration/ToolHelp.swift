// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FoundationEssentials

/// What the argument parser knows about this program's verbs, so that the configuration file, the manual pages and the parser never differ.
///
/// Source: swift-argument-parser, ArgumentParserToolInfo, serialization version 0.
struct ToolHelp: Decodable {
    struct Command: Decodable {
        var superCommands: [String]?
        var shouldDisplay: Bool
        var commandName: String
        var abstract: String?
        var discussion: String?
        var subcommands: [Command]?
        var arguments: [Argument]?
    }

    struct Argument: Decodable {
        var kind: String
        var shouldDisplay: Bool
        var isOptional: Bool
        var isRepeating: Bool
        var names: [Name]?
        var valueName: String?
        var defaultValue: String?
        var abstract: String?
        var discussion: String?

        /// `state-dir` of `--state-dir`; of several long names the first.
        var longName: String? { names?.first { $0.kind == "long" }?.name }
    }

    struct Name: Decodable {
        var kind: String
        var name: String

        var text: String { kind == "long" ? "--\(name)" : "-\(name)" }
    }

    var serializationVersion: Int
    var command: Command

    static func read() throws -> ToolHelp { try JSONDecoder().decode(ToolHelp.self, from: Data(Swiftlet._dumpHelp().utf8)) }

    /// - Parameter path: for example `["function", "create"]`.
    func command(_ path: [String]) -> Command? {
        path.reduce(Optional(command)) { found, name in found?.subcommands?.first { $0.commandName == name } }
    }
}
