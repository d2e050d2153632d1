// SPDX-License-Identifier: Apache-2.0
internal import NIOCore
internal import NIOSSL
internal import Synchronization

/// The certificate that HTTPS clients see, read from its files at the start and again whenever the operator says so. Connections that are open keep the
/// one that they began with.
final class TLSIdentity: Sendable {
    private let options: TLSOptions
    private let domains: DomainIdentities
    private let current: Mutex<NIOSSLContext>

    /// - Parameter domains: whose certificates go before this one.
    init(_ options: TLSOptions, _ domains: DomainIdentities) throws {
        self.options = options
        self.domains = domains
        current = Mutex(try Self.read(options, domains))
    }

    var context: NIOSSLContext { current.withLock { $0 } }

    /// - Throws: ``CertificateUnusable`` where the files cannot be used; the certificate stays what it was.
    func reload() throws {
        let new = try Self.read(options, domains)
        current.withLock { $0 = new }
    }

    private static func read(_ options: TLSOptions, _ domains: DomainIdentities) throws -> NIOSSLContext {
        do {
            let chain = try NIOSSLCertificate.fromPEMFile(options.certificate).map { NIOSSLCertificateSource.certificate($0) }
            let key = try NIOSSLPrivateKey(file: options.key, format: .pem)
            var configuration = TLSConfiguration.makeServerConfiguration(certificateChain: chain, privateKey: .privateKey(key))
            configuration.minimumTLSVersion = .tlsv12
            configuration.applicationProtocols = ["h2", "http/1.1"]
            configuration.sslContextCallback = { hello, answer in answer.succeed(domains.change(for: hello.serverHostname)) }
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw CertificateUnusable(certificate: options.certificate, key: options.key, reason: "\(error)")
        }
    }
}

/// The files of the certificate cannot be read, or do not belong together.
public struct CertificateUnusable: Error, CustomStringConvertible {
    var certificate: String
    var key: String
    var reason: String

    public var description: String {
        "cannot use certificate '\(certificate)' with key '\(key)': \(reason); both must be PEM files that the daemon's user can read"
    }
}
