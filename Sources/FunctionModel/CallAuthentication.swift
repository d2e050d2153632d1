// SPDX-License-Identifier: Apache-2.0

/// What an HTTP call says about itself, for somebody who decides whether it may pass.
public struct PresentedCall: Sendable {
    public var method: String
    /// Path and query as they came, byte for byte.
    public var target: String
    /// The path that it has for the function, whatever stood before it in the target.
    public var path: String
    public var headers: [(name: String, value: String)]
    /// The function that is called, and the qualifier that was asked for.
    public var function: String
    public var qualifier: String

    public init(
        method: String, target: String, path: String, headers: [(name: String, value: String)], function: String, qualifier: String
    ) {
        self.method = method
        self.target = target
        self.path = path
        self.headers = headers
        self.function = function
        self.qualifier = qualifier
    }
}

/// Verifies the callers of HTTP calls where a rule wants to know who calls.
public protocol CallAuthentication: Sendable {
    /// Why this host cannot verify callers as the rule asks, in words that follow "authType:"; nil where it can. Asked before a rule is kept.
    func refusal(of rule: CallerRule) async -> String?

    /// Verifies one call by such a rule. It is never asked about an anonymous one.
    ///
    /// - Returns: what the function gets of the caller's token.
    /// - Throws: ``ServiceError`` 400 or 403 where the call must not pass.
    func verify(_ call: PresentedCall, by rule: CallerRule) async throws(ServiceError) -> [PassedClaim]
}

/// A host without keys and without tokens: only anonymous rules can be kept, and nothing else passes.
public struct AnonymousOnly: CallAuthentication {
    public init() {}

    public func refusal(of rule: CallerRule) async -> String? {
        rule == .anonymous ? nil : "this host cannot verify callers; use anonymous, and keep the address to yourself"
    }

    public func verify(_ call: PresentedCall, by rule: CallerRule) async throws(ServiceError) -> [PassedClaim] {
        throw ServiceError(
            status: 403, code: "AccessDenied", message: await refusal(of: rule) ?? "an anonymous trigger needs no verification")
    }
}
