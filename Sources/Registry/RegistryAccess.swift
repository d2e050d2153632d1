// SPDX-License-Identifier: Apache-2.0

import Foundation
public import FunctionModel

/// How one pull may reach its registry: what the caller gave with it, over what the host knows. It lives as long as the pull.
public struct RegistryAccess: Sendable {
    /// How the connection to a registry is guarded.
    public enum Security: Hashable, Sendable {
        /// TLS, the certificate checked against the system's authorities and those that are given.
        case verified
        /// TLS with any certificate, or where the registry does not speak it, plain HTTP: Docker's meaning of an insecure registry.
        case unverified
        /// HTTP.
        case plain
    }

    public var credentials: KnownCredentials?
    /// Nil takes what the host's settings say of the registry.
    public var security: Security?
    /// Certificates of authorities in PEM, beside the system's.
    public var authorities: [UInt8] = []

    public init(credentials: KnownCredentials? = nil, security: Security? = nil, authorities: [UInt8] = []) {
        self.credentials = credentials
        self.security = security
        self.authorities = authorities
    }
}

extension RegistryAccess {
    /// - Parameter value: PEM in base64, as Function Compute has it in `certConfig.rootCaCertBase64`; PEM itself is taken too.
    public static func authorities(base64 value: JSONValue) throws(ServiceError) -> [UInt8] {
        guard let text = value.string else { throw .invalidArgument("rootCaCertBase64: it must be a string") }
        if text.hasPrefix("-----BEGIN") { return Array(text.utf8) }
        guard let data = Data(base64Encoded: text, options: .ignoreUnknownCharacters), !data.isEmpty else {
            throw .invalidArgument("rootCaCertBase64: it is not base64 of a certificate in PEM")
        }
        return Array(data)
    }
}
