// SPDX-License-Identifier: Apache-2.0
public import FunctionModel

/// Verifies the callers of HTTP triggers of the type `function`, who sign with an access key of the host.
public struct SignedCallers: CallAuthentication {
    private let authority: AccessAuthority

    public init(_ authority: AccessAuthority) { self.authority = authority }

    public func refusal(of trigger: HTTPTrigger) -> String? {
        switch trigger.authentication {
        case .anonymous: nil
        case .function:
            authority.hasKeys
                ? nil : "this host has no access key to verify a signature with; make one with `swiftlet key create`, or use anonymous"
        case .jwt: "this host does not verify tokens; use function, whose callers sign with an access key, or anonymous"
        }
    }

    public func verify(_ call: PresentedCall, by trigger: HTTPTrigger) async throws(ServiceError) {
        guard trigger.authentication == .function else {
            throw ServiceError(
                status: 403, code: "AccessDenied", message: refusal(of: trigger) ?? "an anonymous trigger needs no verification")
        }
        let head = SignedHead(method: call.method, target: call.target, headers: call.headers)
        try authority.verifyTrigger(head).require(.invoke, function: call.function)
    }
}
