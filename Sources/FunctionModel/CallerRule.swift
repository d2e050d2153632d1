// SPDX-License-Identifier: Apache-2.0

/// How the caller of an HTTP call says who it is.
public enum CallerRule: Hashable, Sendable {
    case anonymous
    /// A signature by an access key of this host: `authType` is `function`.
    case signature
    /// A JSON Web Token: `authType` is `jwt`.
    case token(TokenRule)

    static let types = "it must be anonymous, function or jwt"

    /// - Parameters:
    ///   - type: `authType`.
    ///   - configuration: what `jwt` needs, by the field that `reader` calls `name`.
    /// - Throws: ``ServiceError`` 400 `InvalidArgument`.
    init(_ type: String, _ name: String, _ reader: FieldReader) throws(ServiceError) {
        switch type {
        case "anonymous": self = .anonymous
        case "function": self = .signature
        case "jwt": self = .token(try TokenRule(reader.members[name], field: reader.field(name)))
        default: throw .invalid(reader.field("authType"), .string(type), Self.types)
        }
    }
}

/// What a function gets of a token that its caller has shown.
public struct PassedClaim: Hashable, Sendable {
    public var place: TokenRule.Place
    public var name: String
    public var value: String

    public init(place: TokenRule.Place, name: String, value: String) {
        self.place = place
        self.name = name
        self.value = value
    }
}
