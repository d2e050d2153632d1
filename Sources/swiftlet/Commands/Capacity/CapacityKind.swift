// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FoundationEssentials
import FunctionModel

/// One of the API's two configurations of instances that are kept alive: how it is called there, and how its fields are.
protocol CapacityKind: SendableMetatype {
    /// What `set` takes of this kind alone.
    associatedtype Options: CapacityOptions

    static var noun: String { get }
    static var abstract: String { get }
    static var base: String { get }
    static var current: String { get }
    static var target: String { get }
    static var schedules: String { get }
    static var tracking: (list: String, minimum: String, maximum: String) { get }
}

protocol CapacityOptions: ParsableArguments {
    /// Members of the request.
    var members: [String: JSONValue] { get }
}

extension CapacityKind {
    static var list: String { "\(noun)Configs" }
    static var lists: String { "/2023-03-30/\(noun)-configs" }

    static func path(_ function: String, _ qualifier: String?) -> String {
        FunctionAnswer.path(function) + "/\(noun)-config?qualifier=\(HostClient.escape(qualifier ?? "LATEST"))"
    }

    static func print(_ data: Data, json: Bool) throws {
        if json { return try Output.json(data) }
        try Output.out(printable(CapacityAnswer<Self>(try JSONValue(parsing: Array(data))).text) + "\n")
    }
}

/// PutProvisionConfig and its relatives.
enum Provision: CapacityKind {
    struct Options: CapacityOptions {
        var members: [String: JSONValue] { [:] }
    }

    static var noun: String { "provision" }
    static var abstract: String { "Keeps instances of a function alive, without calls too." }
    static var base: String { "defaultTarget" }
    static var current: String { "current" }
    static var target: String { "target" }
    static var schedules: String { "scheduledActions" }
    static var tracking: (list: String, minimum: String, maximum: String) { ("targetTrackingPolicies", "minCapacity", "maxCapacity") }
}

/// PutScalingConfig and its relatives.
enum Scaling: CapacityKind {
    struct Options: CapacityOptions {
        @Flag(help: "Let no calls start instances besides.")
        var noOnDemand = false

        var members: [String: JSONValue] { noOnDemand ? ["enableOnDemandScaling": false] : [:] }
    }

    static var noun: String { "scaling" }
    static var abstract: String { "Keeps instances alive by the newer scaling configuration; it may forbid others." }
    static var base: String { "minInstances" }
    static var current: String { "currentInstances" }
    static var target: String { "targetInstances" }
    static var schedules: String { "scheduledPolicies" }
    static var tracking: (list: String, minimum: String, maximum: String) {
        ("horizontalScalingPolicies", "minInstances", "maxInstances")
    }
}

/// The parts of the API's answer that people want to see; `--json` shows all.
struct CapacityAnswer<Kind: CapacityKind> {
    var function: String
    var base: Int
    var target: Int
    var current: Int
    var error: String

    init(_ answer: JSONValue) {
        let members = answer.object ?? [:]
        func number(_ name: String) -> Int { members[name]?.integer ?? 0 }
        // `acs:fc:REGION:ACCOUNT:functions/NAME/QUALIFIER`
        let place = members["functionArn"]?.string?.split(separator: ":").last ?? ""
        function = place.split(separator: "/").dropFirst().joined(separator: "/")
        (base, target, current) = (number(Kind.base), number(Kind.target), number(Kind.current))
        error = members["currentError"]?.string ?? ""
    }

    /// `2 of 3 ready`, and why there are not more.
    var text: String { "\(current) of \(target) ready" + (error.isEmpty ? "" : ": \(error)") }
}
