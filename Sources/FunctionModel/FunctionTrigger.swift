// SPDX-License-Identifier: Apache-2.0

/// What calls a function from outside: HTTP requests, or a clock. It belongs to a version or an alias, and is no part of either.
///
/// Source: CreateTriggerInput, UpdateTriggerInput and Trigger of Function Compute API 2023-03-30.
public struct FunctionTrigger: Hashable, Sendable {
    /// What it does. Types that need a cloud service around them are refused.
    public enum Kind: Hashable, Sendable {
        case http(HTTPTrigger)
        case timer(TimerTrigger)

        public var type: String {
            switch self {
            case .http: "http"
            case .timer: "timer"
            }
        }
    }

    public static let limitPerFunction = 50
    private static let nameLength = 1...128
    /// Room for a timer's payload, whose quotation marks and line ends take more than a byte here.
    private static let configurationBytes = 256 << 10
    /// Bytes of `sourceArn` and of `invocationRole`.
    private static let resourceNameBytes = 1024
    private static let otherTypes = ["oss", "log", "tablestore", "cdn_events", "mns_topic", "eventbridge"]

    public var name: String
    /// `LATEST`, the number of a version, or an alias.
    public var qualifier = "LATEST"
    public private(set) var kind: Kind
    /// `triggerConfig` as the user wrote it: a JSON text.
    public private(set) var configuration: String
    public var description = ""
    public var source = ""
    public var role = ""

    /// Reads a CreateTriggerInput.
    ///
    /// - Throws: ``ServiceError`` 400 `InvalidArgument` that names field, value and bound.
    public init(creating input: [String: JSONValue]) throws(ServiceError) {
        let reader = FieldReader(input)
        guard let name = try reader.string("triggerName", maximumBytes: 1024) else {
            throw .missing("triggerName", "give the trigger a name")
        }
        guard let type = try reader.string("triggerType", maximumBytes: 64) else {
            throw .missing("triggerType", "it may be http or timer")
        }
        guard let configuration = reader.members["triggerConfig"] else {
            throw .missing(
                "triggerConfig", "it is a JSON text, for example \"{\\\"authType\\\":\\\"anonymous\\\",\\\"methods\\\":[\\\"GET\\\"]}\"")
        }
        guard Self.nameLength.contains(name.utf8.count), Self.isName(name) else {
            throw .invalid(
                "triggerName", .string(name),
                "it must have 1 to 128 letters, digits, '_' and '-', and must not start with a digit or '-'")
        }
        self.name = name
        self.configuration = try Self.text(of: configuration)
        kind = try Self.kind(type, self.configuration)
        source = try reader.string("sourceArn", maximumBytes: Self.resourceNameBytes) ?? ""
        try apply(input)
    }

    /// Applies an UpdateTriggerInput: an omitted field keeps its value. Name and type never change.
    ///
    /// - Throws: as ``init(creating:)``; `self` is then as it was.
    public mutating func apply(_ input: [String: JSONValue]) throws(ServiceError) {
        let reader = FieldReader(input)
        var new = self
        if let qualifier = try reader.string("qualifier", maximumBytes: 64) { new.qualifier = qualifier.isEmpty ? "LATEST" : qualifier }
        if let configuration = reader.members["triggerConfig"] {
            new.configuration = try Self.text(of: configuration)
            new.kind = try Self.kind(kind.type, new.configuration)
        }
        new.description = try reader.string("description", maximumBytes: FunctionLimits.descriptionBytes) ?? description
        new.role = try reader.string("invocationRole", maximumBytes: Self.resourceNameBytes) ?? role
        self = new
    }

    private static func isName(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(48...57).contains(first), first != 45 else { return false }
        return name.utf8.allSatisfy {
            (65...90).contains($0) || (97...122).contains($0) || (48...57).contains($0) || $0 == 95 || $0 == 45
        }
    }

    /// The API has a JSON text inside the JSON; an object, which people write by hand, says the same.
    private static func text(of configuration: JSONValue) throws(ServiceError) -> String {
        let text = configuration.string ?? (configuration.object == nil ? nil : configuration.text)
        guard let text, text.utf8.count <= configurationBytes else {
            throw .invalid("triggerConfig", configuration, "it must be the text of a JSON object, of at most \(configurationBytes) bytes")
        }
        return text
    }

    private static func kind(_ type: String, _ configuration: String) throws(ServiceError) -> Kind {
        let json: JSONValue
        do { json = try JSONValue(parsing: configuration) } catch {
            throw .invalid("triggerConfig", .string(configuration), "it must be the text of a JSON object; it is \(error)")
        }
        guard let members = json.object else {
            throw .invalid("triggerConfig", .string(configuration), "it must be the text of a JSON object")
        }
        let reader = FieldReader(members, path: "triggerConfig.")
        switch type {
        case "http": return .http(try HTTPTrigger(reader))
        case "timer": return .timer(try TimerTrigger(reader))
        default:
            let rule =
                otherTypes.contains(type)
                ? "its events come from a cloud service that this host does not have; use http or timer" : "it must be http or timer"
            throw .invalid("triggerType", .string(type), rule)
        }
    }

    /// The members of the object `Trigger` that the user gives. ``init(creating:)`` reads them back.
    public var json: [String: JSONValue] {
        [
            "triggerName": .string(name), "triggerType": .string(kind.type), "qualifier": .string(qualifier),
            "triggerConfig": .string(configuration), "description": .string(description), "sourceArn": .string(source),
            "invocationRole": .string(role),
        ]
    }
}

/// Sends an event by the clock.
public struct TimerTrigger: Hashable, Sendable {
    /// Bytes of an asynchronous event, which this becomes.
    private static let payloadBytes = 128 << 10

    /// `@every 5m`, or six fields with or without `CRON_TZ=Zone` before them.
    public var cronExpression: String
    public var isEnabled: Bool
    public var payload: String

    init(_ reader: FieldReader) throws(ServiceError) {
        try reader.onlyHas(["cronExpression", "enable", "payload"])
        guard let expression = try reader.string("cronExpression", maximumBytes: 256, minimumBytes: 1) else {
            throw .missing(reader.field("cronExpression"), "for example \"@every 5m\" or \"0 0 4 * * *\"")
        }
        cronExpression = expression
        isEnabled = try reader.bool("enable") ?? true
        payload = try reader.string("payload", maximumBytes: Self.payloadBytes) ?? ""
    }
}
