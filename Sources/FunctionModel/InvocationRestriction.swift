// SPDX-License-Identifier: Apache-2.0

/// Why a function takes no calls at the moment: somebody has switched it off.
///
/// Source: DisableInvocationInput and `invocationRestriction` of Function Compute API 2023-03-30.
public struct InvocationRestriction: Hashable, Sendable {
    /// For people; may be empty.
    public var reason: String
    public var modified: Timestamp

    public init(reason: String, modified: Timestamp) {
        self.reason = reason
        self.modified = modified
    }

    /// Reads a DisableInvocationInput.
    ///
    /// - Throws: ``ServiceError`` 400 `InvalidArgument`.
    public static func read(_ input: [String: JSONValue]) throws(ServiceError) -> (reason: String, abortsOngoing: Bool) {
        let reader = FieldReader(input)
        return (
            try reader.string("reason", maximumBytes: FunctionLimits.descriptionBytes) ?? "",
            try reader.bool("abortOngoingRequest") ?? false
        )
    }

    /// The error of a call to a function that is switched off. Function Compute does not say which it has: the code is Swiftlet's.
    public static func error(_ function: String, reason: String) -> ServiceError {
        ServiceError(
            status: 403, code: "InvocationDisabled",
            message: "invocation of function '\(function)' is disabled\(reason.isEmpty ? "" : " (\(reason))"); enable it first")
    }
}
