// SPDX-License-Identifier: Apache-2.0

/// An error as the service tells it: HTTP status, the documented code, and a sentence that names the thing, the limit and the way out.
///
/// Source: Function Compute API 2023-03-30, error codes.
public struct ServiceError: Error, Hashable, Sendable, CustomStringConvertible {
    public var status: Int
    public var code: String
    public var message: String

    public init(status: Int, code: String, message: String) {
        self.status = status
        self.code = code
        self.message = message
    }

    public var description: String { "\(code): \(message)" }
}

extension ServiceError {
    public static func invalidArgument(_ message: String) -> ServiceError { .init(status: 400, code: "InvalidArgument", message: message) }

    public static func functionNotFound(_ name: String) -> ServiceError {
        .init(status: 404, code: "FunctionNotFound", message: "function '\(name)' does not exist")
    }
}
