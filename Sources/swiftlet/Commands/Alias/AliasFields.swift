// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FunctionModel

/// What an alias is made with or changed to.
struct AliasFields: ParsableArguments {
    @Option(help: ArgumentHelp("The version that it points to: a number, or LATEST.", valueName: "version"))
    var version: String?

    @Option(
        help: ArgumentHelp(
            "A second version and its part of the calls, for example 2=0.1 or 2=10%; none takes it away.", valueName: "version=part"))
    var weight: VersionWeight?

    @Option(help: ArgumentHelp("Keep a caller on one side: header:NAME or cookie:NAME; none splits each call anew.", valueName: "key"))
    var sticky: String?

    @Option(help: "What it is for.")
    var description: String?

    /// The members of CreateAliasInput and UpdateAliasInput.
    var json: [String: JSONValue] {
        var members: [String: JSONValue] = [:]
        if let version { members["versionId"] = .string(version) }
        switch weight {
        case nil: break
        case .some(.none): members["additionalVersionWeight"] = [:]
        case .some(.of(let version, let part)): members["additionalVersionWeight"] = .object([version: .number(part)])
        }
        if let sticky { members["sticky"] = .string(sticky == "none" ? "" : sticky) }
        if let description { members["description"] = .string(description) }
        return members
    }
}

enum VersionWeight: ExpressibleByArgument, Sendable {
    case none
    case of(String, Double)

    init?(argument: String) {
        if argument == "none" {
            self = .none
            return
        }
        let parts = argument.split(separator: "=", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, !parts[0].isEmpty else { return nil }
        let isPercent = parts[1].hasSuffix("%")
        guard let number = Double(isPercent ? String(parts[1].dropLast()) : parts[1]), number.isFinite else { return nil }
        self = .of(parts[0], isPercent ? number / 100 : number)
    }
}
