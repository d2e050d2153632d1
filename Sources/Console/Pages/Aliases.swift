// SPDX-License-Identifier: Apache-2.0
import FunctionModel

extension Console {
    /// Versions, and the aliases that share calls among them.
    static func versionValues(_ function: String, _ versions: [JSONValue], _ aliases: [JSONValue]) -> [String: Any] {
        let numbers = ["LATEST"] + versions.compactMap { $0["versionId"]?.string }
        return [
            "versions": versions.map {
                [
                    "number": $0["versionId"]?.string ?? "", "description": $0["description"]?.string ?? "",
                    "created": timeWords($0["createdTime"]?.string),
                ]
            }, "hasVersions": !versions.isEmpty,
            "aliases": aliases.map { AliasShare($0).values(function, numbers) }, "hasAliases": !aliases.isEmpty,
            "choices": numbers.map { ["number": $0, "isChosen": false] as [String: Any] },
        ]
    }

    /// Gives an alias the versions and the weight of its form.
    func moveAlias(_ function: String, _ form: [String: String]) async throws {
        let name = form["alias"] ?? ""
        let (main, other) = (form["version"] ?? "", form["other"] ?? "")
        guard let percent = Int(form["weight"] ?? "0"), (0...100).contains(percent) else {
            throw ServiceError.invalidArgument("weight: '\(form["weight"] ?? "")' is no whole percentage")
        }
        var body: [String: JSONValue] = ["versionId": .string(main), "additionalVersionWeight": [:]]
        if !other.isEmpty, other != main, percent > 0 {
            if percent == 100 {
                body["versionId"] = .string(other)
            } else {
                body["additionalVersionWeight"] = .object([other: .number(Double(percent) / 100)])
            }
        }
        _ = try await host.api("PUT", "\(Self.functionPath(function))/aliases/\(Self.escape(name))", .object(body))
    }

    func createAlias(_ function: String, _ form: [String: String]) async throws {
        let body: JSONValue = ["aliasName": .string(form["alias"] ?? ""), "versionId": .string(form["version"] ?? "")]
        _ = try await host.api("POST", "\(Self.functionPath(function))/aliases", body)
    }
}

/// How an alias shares its calls.
struct AliasShare {
    let name: String
    let description: String
    let version: String
    let other: String?
    /// Of 100 calls, those that go to `other`.
    let percent: Int

    /// - Parameter alias: the object `Alias` of the API.
    init(_ alias: JSONValue) {
        name = alias["aliasName"]?.string ?? ""
        description = alias["description"]?.string ?? ""
        version = alias["versionId"]?.string ?? ""
        let additional = alias["additionalVersionWeight"]?.object?.first
        other = additional?.key
        percent = Int(((additional?.value.number ?? 0) * 100).rounded())
    }

    /// The sentence that the page's script keeps in step with the slider.
    var words: String {
        guard let other, percent > 0 else { return "All calls go to \(Self.versionName(version))." }
        return "Of 100 calls, \(100 - percent) go to \(Self.versionName(version)) and \(percent) to \(Self.versionName(other))."
    }

    static func versionName(_ version: String) -> String { version == "LATEST" ? "LATEST" : "version \(version)" }

    func values(_ function: String, _ numbers: [String]) -> [String: Any] {
        func choices(_ chosen: String?) -> [[String: Any]] { numbers.map { ["number": $0, "isChosen": $0 == chosen] } }
        return [
            "alias": name, "aliasDescription": description, "words": words, "weight": percent, "mains": choices(version),
            "others": choices(other), "isShared": other != nil,
        ]
    }
}
