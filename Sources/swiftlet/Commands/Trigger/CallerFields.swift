// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FunctionModel

/// How the callers of a trigger or a domain say who they are.
struct CallerFields: ParsableArguments {
    @Option(help: ArgumentHelp("HTTP: anonymous, function or jwt. (default: jwt with --jwks, else anonymous)", valueName: "kind"))
    var auth: String?

    @Option(
        help: ArgumentHelp("jwt: the JSON Web Key Set with which tokens are verified; - reads standard input.", valueName: "file"),
        completion: .file())
    var jwks: String?

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "jwt: where the token is: header, cookie or query; may be repeated, the first one counts. (default: header:Authorization:Bearer)",
            valueName: "place:name[:prefix]"))
    var token: [String] = []

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "jwt: a claim that the function gets, as a header or in the query; may be repeated.", valueName: "place:claim:name"))
    var claim: [String] = []

    @Option(
        parsing: .singleValue, help: ArgumentHelp("jwt: a path that needs no token; may be repeated.", valueName: "path"))
    var openPath: [String] = []

    @Option(
        parsing: .singleValue, help: ArgumentHelp("jwt: the only paths that need a token; may be repeated.", valueName: "path"))
    var guardedPath: [String] = []

    func validate() throws {
        let isToken = jwks != nil
        if isToken, let auth, auth != "jwt" { throw ValidationError("--jwks goes with --auth jwt, not with '\(auth)'") }
        if !isToken, auth == "jwt" || !(token + claim + openPath + guardedPath).isEmpty {
            throw ValidationError("--jwks is missing: tokens are verified with its keys")
        }
        if !openPath.isEmpty, !guardedPath.isEmpty { throw ValidationError("--open-path and --guarded-path contradict each other") }
    }

    var type: String { auth ?? (jwks == nil ? "anonymous" : "jwt") }

    /// What a token is held to; nil where none is asked for. The host checks it.
    func rule() async throws -> JSONValue? {
        guard let jwks else { return nil }
        let data: EventData = jwks == "-" ? .standardInput : .file(jwks)
        let text = String(decoding: try await data.read(), as: UTF8.self)
        var members: [String: JSONValue] = [:]
        do { members["jwks"] = try JSONValue(parsing: text) } catch { throw CommandFailure("\(jwks) has no JSON Web Key Set: \(error)") }
        members["tokenLookup"] = .string(token.isEmpty ? "header:Authorization:Bearer" : token.joined(separator: ","))
        if !claim.isEmpty { members["claimPassBy"] = .string(claim.joined(separator: ",")) }
        if !openPath.isEmpty { members["whitelist"] = .array(openPath.map { .string($0) }) }
        if !guardedPath.isEmpty { members["blacklist"] = .array(guardedPath.map { .string($0) }) }
        // The API has a text in this place.
        return .string(JSONValue.object(members).text)
    }
}
