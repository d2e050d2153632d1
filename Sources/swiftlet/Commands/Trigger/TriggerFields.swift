// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FunctionModel

/// What a trigger is made with or changed to.
struct TriggerFields: ParsableArguments {
    @Flag(help: "HTTP requests call the function.")
    var http = false

    @Option(help: ArgumentHelp("A clock calls it: \"@every 5m\", or six fields, for example \"0 0 4 * * *\".", valueName: "cron"))
    var timer: String?

    @Option(help: ArgumentHelp("HTTP: methods that are let in. (default: GET,POST,PUT,DELETE,HEAD,PATCH,OPTIONS)", valueName: "a,b"))
    var methods: String?

    @OptionGroup var callers: CallerFields

    @Flag(help: "HTTP: only calls from the host itself, by /http/NAME/.")
    var noInternet = false

    @Option(help: "Timer: the text in each event.")
    var payload: String?

    @Flag(help: "Timer: keep it, but send nothing.")
    var paused = false

    @Option(help: ArgumentHelp("The configuration as JSON, in place of the options above; see docs/api.md.", valueName: "json"))
    var config: String?

    @Option(help: ArgumentHelp("LATEST, a version, or an alias. (default: LATEST)", valueName: "q"))
    var qualifier: String?

    @Option(help: "A text for people.")
    var description: String?

    func validate() throws {
        if http, timer != nil { throw ValidationError("--http and --timer: give one of them") }
    }

    var type: String? { http ? "http" : timer == nil ? nil : "timer" }

    /// The members of CreateTriggerInput and UpdateTriggerInput.
    func json() async throws -> [String: JSONValue] {
        var members: [String: JSONValue] = [:]
        if let qualifier { members["qualifier"] = .string(qualifier) }
        if let description { members["description"] = .string(description) }
        if let configuration = try await configuration() { members["triggerConfig"] = .string(configuration) }
        return members
    }

    private func configuration() async throws -> String? {
        if let config { return config }
        if http {
            let methods = methods.map { $0.split(separator: ",").map { String($0).uppercased() } } ?? HTTPTrigger.methods
            var members: [String: JSONValue] = [
                "authType": .string(callers.type), "methods": .array(methods.map { .string($0) }),
                "disableURLInternet": .bool(noInternet),
            ]
            if let rule = try await callers.rule() { members["authConfig"] = rule }
            return JSONValue.object(members).text
        }
        guard let timer else { return nil }
        let members: JSONValue = ["cronExpression": .string(timer), "enable": .bool(!paused), "payload": .string(payload ?? "")]
        return members.text
    }
}
