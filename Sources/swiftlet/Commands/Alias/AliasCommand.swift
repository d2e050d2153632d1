// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FoundationEssentials

struct AliasCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "alias", abstract: "Names for versions, which may share the calls of a name by weight.",
        discussion: "Example: swiftlet alias create hello prod --version 1 --weight 2=0.1",
        subcommands: [
            AliasCreateCommand.self, AliasUpdateCommand.self, AliasGetCommand.self, AliasListCommand.self, AliasHistoryCommand.self,
            AliasRollbackCommand.self, AliasDeleteCommand.self,
        ])
}

/// The API's `Alias`, and an entry of its history.
struct AliasAnswer: Codable {
    var aliasName: String
    var versionId: String
    var description: String?
    var additionalVersionWeight: [String: Double]?
    var sticky: String?
    var createdTime: String?
    var lastModifiedTime: String?
    var change: Int?
    var changedTime: String?

    static func path(_ function: String, _ alias: String? = nil) -> String {
        FunctionAnswer.path(function) + "/aliases" + (alias.map { "/" + HostClient.escape($0) } ?? "")
    }

    static func ownPath(_ function: String, _ alias: String, _ verb: String) -> String {
        "/swiftlet/v1/functions/\(HostClient.escape(function))/aliases/\(HostClient.escape(alias))/\(verb)"
    }

    /// `1 90 %, 2 10 %`.
    var shares: String {
        guard let (version, weight) = additionalVersionWeight?.first else { return "\(versionId) 100 %" }
        return "\(versionId) \(percent(1 - weight)), \(version) \(percent(weight))"
    }

    private func percent(_ share: Double) -> String {
        let text = decimal(share * 100, 2)
        guard text.contains(".") else { return text + " %" }
        let short = text.reversed().drop { $0 == "0" }.drop { $0 == "." }
        return String(short.reversed()) + " %"
    }
}
