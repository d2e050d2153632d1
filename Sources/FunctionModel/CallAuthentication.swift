// SPDX-License-Identifier: Apache-2.0

/// What an HTTP call says about itself, for somebody who decides whether it may pass.
public struct PresentedCall: Sendable {
    public var method: String
    /// Path and query as they came, byte for byte.
    public var target: String
    public var headers: [(name: String, value: String)]
    /// The function that is called, and the qualifier that was asked for.
    public var function: String
    public var qualifier: String

    public init(method: String, target: String, headers: [(name: String, value: String)], function: String, qualifier: String) {
        self.method = method
        self.target = target
        self.headers = headers
        self.function = function
        self.qualifier = qualifier
    }
}

/// Verifies the callers of HTTP triggers that want to know who calls.
public protocol CallAuthentication: Sendable {
    /// Why this host cannot verify callers as the trigger asks, in words that follow "authType:"; nil where it can. Asked before a trigger is kept.
    func refusal(of trigger: HTTPTrigger) -> String?

    /// Verifies one call of such a trigger. It is never asked about an anonymous one.
    ///
    /// - Throws: ``ServiceError`` 400 or 403 where the call must not pass.
    func verify(_ call: PresentedCall, by trigger: HTTPTrigger) async throws(ServiceError)
}

/// A host without keys: only anonymous triggers can be kept, and nothing else passes.
public struct AnonymousOnly: CallAuthentication {
    public init() {}

    public func refusal(of trigger: HTTPTrigger) -> String? {
        if trigger.authentication == .anonymous { return nil }
        return "this host has no keys to verify '\(trigger.authentication.rawValue)' with; use anonymous, and keep the address to yourself"
    }

    public func verify(_ call: PresentedCall, by trigger: HTTPTrigger) async throws(ServiceError) {
        throw ServiceError(status: 403, code: "AccessDenied", message: refusal(of: trigger) ?? "an anonymous trigger needs no verification")
    }
}
