// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
internal import Logging
internal import NIOCore
internal import NIOSSL
internal import Synchronization

/// The certificates of custom domains, by the name that a client asks for in its handshake (RFC 6066 §3, server name indication).
final class DomainIdentities: Sendable {
    private struct Identity: Sendable {
        var certificate: DomainCertificate
        var change: NIOSSLContextConfigurationOverride
    }

    private let current = Mutex<[String: Identity]>([:])

    /// Connections that come from now on see these. What cannot be used is left out, and clients see the host's certificate.
    func adopt(_ domains: [String: CustomDomain], _ logger: Logger) {
        let before = current.withLock { $0 }
        var identities: [String: Identity] = [:]
        for (name, domain) in domains {
            guard let certificate = domain.certificate, domain.reached != .http else { continue }
            if let same = before[name], same.certificate == certificate {
                identities[name] = same
                continue
            }
            do { identities[name] = Identity(certificate: certificate, change: try Self.read(certificate)) } catch {
                logger.error("the certificate of a domain cannot be used", metadata: ["domain": "\(name)", "error": "\(error)"])
            }
        }
        current.withLock { [identities] in $0 = identities }
    }

    /// - Parameter name: what the client asks for; nil where it asks for none.
    func change(for name: String?) -> NIOSSLContextConfigurationOverride {
        guard let name = name?.lowercased() else { return .noChanges }
        return current.withLock { identities in
            let exact = identities[name] ?? name.firstIndex(of: ".").flatMap { identities["*" + name[$0...]] }
            return exact?.change ?? .noChanges
        }
    }

    /// - Throws: ``Unusable`` where it cannot be read.
    private static func read(_ certificate: DomainCertificate) throws -> NIOSSLContextConfigurationOverride {
        guard case .plain(let key) = certificate.key else { throw Unusable(field: "certConfig.privateKey", reason: "it cannot be opened") }
        var change = NIOSSLContextConfigurationOverride()
        do {
            let chain = try NIOSSLCertificate.fromPEMBytes(Array(certificate.chain.utf8))
            guard !chain.isEmpty else { throw Unusable(field: "certConfig.certificate", reason: "there is no certificate in it") }
            change.certificateChain = chain.map { .certificate($0) }
        } catch let error as Unusable { throw error } catch {
            throw Unusable(field: "certConfig.certificate", reason: "it must be a certificate as PEM")
        }
        do { change.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: Array(key.utf8), format: .pem)) } catch {
            throw Unusable(field: "certConfig.privateKey", reason: "it must be a private key as PEM, without a password")
        }
        return change
    }

    /// - Throws: ``Unusable`` where the certificate cannot be read, or the key is another one's.
    static func check(_ certificate: DomainCertificate) throws {
        let change = try read(certificate)
        guard let chain = change.certificateChain, let key = change.privateKey else { return }
        // Only a whole context holds the two against each other.
        do { _ = try NIOSSLContext(configuration: .makeServerConfiguration(certificateChain: chain, privateKey: key)) } catch {
            throw Unusable(field: "certConfig.privateKey", reason: "it does not belong to the certificate")
        }
    }

    struct Unusable: Error {
        var field: String
        var reason: String
    }
}

extension Gateway: DomainCertificates {
    public func refusal(of certificate: DomainCertificate?) -> (field: String, reason: String)? {
        guard options.tls != nil else { return PlainHTTPOnly().refusal(of: certificate) }
        guard let certificate else { return nil }
        do {
            try DomainIdentities.check(certificate)
            return nil
        } catch let error as DomainIdentities.Unusable { return (error.field, error.reason) } catch { return ("certConfig", "\(error)") }
    }
}
