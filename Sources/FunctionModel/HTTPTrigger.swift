// SPDX-License-Identifier: Apache-2.0

/// Which HTTP calls may come to a version or an alias, and how their caller says who it is.
///
/// Source: Function Compute contract §5.8 and §7.7.
public struct HTTPTrigger: Hashable, Sendable {
    public static let methods = ["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS"]

    /// Whom it lets in.
    public var callers: CallerRule
    public var methods: Set<String>
    /// Closes the host-name form of the URL, and leaves the path form to clients on this machine.
    public var isInternetDisabled: Bool
    /// Nil where the default rule applies, ``CrossOriginRule/byDefault``.
    public var crossOrigin: CrossOriginRule?

    init(_ reader: FieldReader) throws(ServiceError) {
        try reader.onlyHas(["authType", "authConfig", "methods", "disableURLInternet", "corsConfig"])
        callers = try CallerRule(try reader.string("authType", maximumBytes: 20) ?? "function", "authConfig", reader)
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
}
