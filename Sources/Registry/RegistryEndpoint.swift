// SPDX-License-Identifier: Apache-2.0
import NIOSSL
import OCI

/// One server that may have a repository: the registry itself, or a mirror of it.
struct RegistryEndpoint: Sendable {
    /// `http://host:port` or `https://host:port`, with the path of a mirror behind it; no slash at the end.
    var base: String
    /// Host and port, as logins are kept for it and errors name it.
    var name: String
    var isMirror: Bool
    var security: RegistryAccess.Security
    var tls: TLSConfiguration?

    /// The servers to ask, in this order.
    static func all(for reference: ImageReference, access: RegistryAccess, settings: RegistrySettings) throws -> [RegistryEndpoint] {
        let host = settings.host(reference.registry)
        var endpoints: [RegistryEndpoint] = []
        for mirror in host.mirrors {
            let isPlain = mirror.hasPrefix("http://")
            let name = mirror.drop { $0 != "/" }.dropFirst(2).prefix { $0 != "/" }
            let own = settings.host(String(name))
            endpoints.append(
                RegistryEndpoint(
                    base: mirror, name: String(name), isMirror: true, security: isPlain ? .plain : own.security,
                    tls: isPlain ? nil : try tls(own.security, host.authorities + own.authorities)))
        }
        let security = access.security ?? host.security
        let server = reference.registry == ImageReference.defaultRegistry ? "registry-1.docker.io" : reference.registry
        if security != .plain {
            endpoints.append(
                RegistryEndpoint(
                    base: "https://\(server)", name: reference.registry, isMirror: false, security: security,
                    tls: try tls(security, host.authorities + [access.authorities])))
        }
        if security != .verified {
            endpoints.append(
                RegistryEndpoint(base: "http://\(server)", name: reference.registry, isMirror: false, security: .plain, tls: nil))
        }
        return endpoints
    }

    private static func tls(_ security: RegistryAccess.Security, _ authorities: [[UInt8]]) throws -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        if security == .unverified { configuration.certificateVerification = .none }
        let certificates = try authorities.filter { !$0.isEmpty }.flatMap { pem in
            do { return try NIOSSLCertificate.fromPEMBytes(pem) } catch {
                throw RegistrySettings.refusal("the certificate authority", "it is no PEM text with '-----BEGIN CERTIFICATE-----'")
            }
        }
        if !certificates.isEmpty { configuration.additionalTrustRoots = [.certificates(certificates)] }
        return configuration
    }
}
