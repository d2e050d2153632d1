// SPDX-License-Identifier: Apache-2.0

/// Which HTTP calls may come to a version or an alias, and how their caller says who it is.
///
/// Source: Function Compute contract §5.8 and §7.7.
public struct HTTPTrigger: Hashable, Sendable {
    public static let methods = ["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS"]
    private static let authenticationBytes = 65536

    public enum Authentication: String, Hashable, Sendable, CaseIterable {
        case anonymous
        /// A signature by an access key of this host.
        case function
        /// A token that `authConfig` says how to verify.
        case jwt
    }

    public var authentication: Authentication
    /// What a kind of authentication needs to know: a JSON text.
    public var authenticationConfig: String
    public var methods: Set<String>
    /// Closes the host-name form of the URL, and leaves the path form to clients on this machine.
    public var isInternetDisabled: Bool
    /// Nil where the default rule applies, ``CrossOriginRule/byDefault``.
    public var crossOrigin: CrossOriginRule?

    init(_ reader: FieldReader) throws(ServiceError) {
        try reader.onlyHas(["authType", "authConfig", "methods", "disableURLInternet", "corsConfig"])
        let type = try reader.string("authType", maximumBytes: 20) ?? Authentication.function.rawValue
        guard let authentication = Authentication(rawValue: type) else {
            throw .invalid(reader.field("authType"), .string(type), "it must be anonymous, function or jwt")
        }
        self.authentication = authentication
        authenticationConfig = try Self.authenticationConfig(reader)
        let methods = try reader.strings("methods", maximumBytes: 256) ?? []
        guard !methods.isEmpty, methods.allSatisfy(Self.methods.contains) else {
            throw .invalid(
                reader.field("methods"), .array(methods.map { .string($0) }),
                "it must name at least one of \(Self.methods.joined(separator: ", "))")
        }
        self.methods = Set(methods)
        isInternetDisabled = try reader.bool("disableURLInternet") ?? false
        crossOrigin = try reader.object("corsConfig").flatMap { cors throws(ServiceError) in
            cors.members.isEmpty ? nil : try CrossOriginRule(cors)
        }
    }

    /// A text, as the API has it, or the object that the text holds.
    private static func authenticationConfig(_ reader: FieldReader) throws(ServiceError) -> String {
        guard let value = reader.members["authConfig"] else { return "" }
        let text = value.string ?? (value.object == nil ? nil : value.text)
        guard let text, text.utf8.count <= authenticationBytes else {
            throw .invalid(reader.field("authConfig"), value, "it must be a JSON text of at most \(authenticationBytes) bytes")
        }
        return text
    }
}
