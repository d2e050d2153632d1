// SPDX-License-Identifier: Apache-2.0

/// A name for one version of a function, or for two that share its calls by weight.
///
/// Source: CreateAliasInput, UpdateAliasInput and Alias of Function Compute API 2023-03-30; `sticky` is Swiftlet's own.
public struct FunctionAlias: Hashable, Sendable {
    /// A version that gets a part of the calls.
    public struct Additional: Hashable, Sendable {
        /// Digits.
        public var version: String
        public var share: TrafficShare

        public init(version: String, share: TrafficShare) {
            self.version = version
            self.share = share
        }
    }

    public var name: String
    /// `LATEST` or digits. It gets what ``additional`` leaves over.
    public var version: String
    public var additional: Additional?
    /// What keeps one caller on one version; nil where each call is split anew.
    public var sticky: StickyKey?
    public var description = ""

    /// Reads a CreateAliasInput.
    ///
    /// - Throws: ``ServiceError`` 400 `InvalidArgument` that names field, value and bound, 400 `AdditionalVersionContainsMajorVersion`.
    public init(creating input: [String: JSONValue]) throws(ServiceError) {
        let reader = FieldReader(input)
        guard let name = try reader.string("aliasName", maximumBytes: 1024) else { throw .missing("aliasName", "give the alias a name") }
        try Self.check(name)
        if reader.members["versionId"] == nil { throw .missing("versionId", "give the number of a version, or LATEST") }
        self.name = name
        version = ""
        try apply(input)
    }

    public init(name: String, version: String, additional: Additional? = nil, sticky: StickyKey? = nil) {
        self.name = name
        self.version = version
        self.additional = additional
        self.sticky = sticky
    }

    /// Applies an UpdateAliasInput: an omitted field keeps its value, an empty one is cleared.
    ///
    /// - Throws: as ``init(creating:)``; `self` is then as it was.
    public mutating func apply(_ input: [String: JSONValue]) throws(ServiceError) {
        let reader = FieldReader(input)
        var new = self
        if let version = try reader.string("versionId", maximumBytes: 20) {
            guard version == "LATEST" || Self.isNumber(version) else {
                throw .invalid("versionId", .string(version), "it must be LATEST or the number of a version")
            }
            new.version = version
        }
        new.description = try reader.string("description", maximumBytes: FunctionLimits.descriptionBytes) ?? description
        if let weights = try reader.object("additionalVersionWeight") { new.additional = try Self.additional(weights) }
        if let sticky = try reader.string("sticky", maximumBytes: 140) { new.sticky = sticky.isEmpty ? nil : try StickyKey(text: sticky) }
        if let additional = new.additional, additional.version == new.version {
            throw ServiceError(
                status: 400, code: "AdditionalVersionContainsMajorVersion",
                message: "additionalVersionWeight should not contain major version \(new.version); name another version, or {} for none")
        }
        self = new
    }

    private static func additional(_ weights: FieldReader) throws(ServiceError) -> Additional? {
        let given = JSONValue.object(weights.members)
        guard weights.members.count <= 1 else {
            throw .invalid("additionalVersionWeight", given, "it may name one version besides versionId")
        }
        guard let (version, weight) = weights.members.first else { return nil }
        guard isNumber(version) else { throw .invalid("additionalVersionWeight", given, "its name must be the number of a version") }
        guard let share = weight.number.flatMap({ TrafficShare(fraction: $0) }) else {
            throw .invalid(weights.field(version), weight, "it must be a number from 0 to 1")
        }
        return Additional(version: version, share: share)
    }

    private static func isNumber(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.first != UInt8(ascii: "0") && text.utf8.allSatisfy { (48...57).contains($0) } && Int(text) != nil
    }

    /// An alias is a host name's label and must differ from every version: 1 to 64 letters, digits, `_` and `-`, a letter or `_` first, not `LATEST`.
    private static func check(_ name: String) throws(ServiceError) {
        guard FunctionName.isName(name), name.uppercased() != "LATEST" else {
            throw .invalid(
                "aliasName", .string(name),
                "it must have 1 to 64 letters, digits, '_' and '-', must not start with a digit or '-', and must not be LATEST")
        }
    }

    /// The members of the object `Alias` that the user gives. ``apply(_:)`` reads them back.
    public var json: [String: JSONValue] {
        [
            "aliasName": .string(name), "versionId": .string(version), "description": .string(description),
            "additionalVersionWeight": .object(additional.map { [$0.version: .number($0.share.fraction)] } ?? [:]),
            "sticky": .string(sticky?.text ?? ""),
        ]
    }
}
