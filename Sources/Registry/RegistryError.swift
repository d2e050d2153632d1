// SPDX-License-Identifier: Apache-2.0
public import FunctionModel

/// Why something could not be had from a registry: which one, what was asked, what it answered, who asked, and what to try.
public struct RegistryError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Reason: Hashable, Sendable {
        /// 401, also of the token server.
        case unauthorized
        case forbidden
        case notFound
        case throttled
        /// Another status than those above.
        case status(Int)
        /// No answer: no such host, no connection, no trust in its certificate, a connection that broke too often.
        case unreachable
        /// It answered, and what it sent is not what it promised or what the specification says.
        case invalid
        /// The image is not signed as the policy asks.
        case unsigned
    }

    public var reason: Reason
    /// Host and port.
    public var registry: String
    public var repository: String
    /// What was asked for, for example `manifest 1`.
    public var subject: String
    /// What happened: a status with the registry's own words, or an error of the connection.
    public var event: String
    /// Who asked; nil where that does not matter.
    public var login: String?
    /// What to try.
    public var advice: String?

    public var description: String {
        var text = "registry \(registry), repository \(repository), \(subject): \(event)"
        if let login { text += "; asked \(login)" }
        if let advice { text += ". \(advice)" }
        return text
    }

    /// The same as the host's API tells it.
    public var serviceError: ServiceError {
        switch reason {
        case .unauthorized, .forbidden: ServiceError(status: 403, code: "RegistryAccessDenied", message: description)
        case .notFound: ServiceError(status: 404, code: "ImageNotFound", message: description)
        case .throttled: ServiceError(status: 429, code: "RegistryThrottled", message: description)
        case .status: ServiceError(status: 502, code: "RegistryError", message: description)
        case .unreachable: ServiceError(status: 502, code: "RegistryUnreachable", message: description)
        case .invalid: ServiceError(status: 400, code: "InvalidImage", message: description)
        case .unsigned: ServiceError(status: 403, code: "ImageNotSigned", message: description)
        }
    }
}
