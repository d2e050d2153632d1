// SPDX-License-Identifier: Apache-2.0

/// The certificate that clients of a custom domain see, with its private key.
///
/// Source: CertConfig of Function Compute API 2023-03-30.
public struct DomainCertificate: Hashable, Sendable, CustomStringConvertible {
    public enum PrivateKey: Hashable, Sendable {
        /// PEM, as it came and as it is used.
        case plain(String)
        /// As it is stored: nobody reads it without the host's own key.
        case sealed(String)
    }

    private static let nameBytes = 128
    /// Bytes of PEM, of each of the two.
    private static let textBytes = 64 << 10

    public var name: String
    /// PEM: the certificate, with those that lead from it to a known one behind it.
    public var chain: String
    public var key: PrivateKey

    /// - Parameter previous: what the domain has; its key stays where the certificate does and none is given.
    init(_ reader: FieldReader, previous: DomainCertificate?) throws(ServiceError) {
        try reader.onlyHas(["certName", "certificate", "privateKey", Self.sealedName])
        guard let name = try reader.string("certName", maximumBytes: Self.nameBytes, minimumBytes: 1) else {
            throw .missing(reader.field("certName"), "give the certificate a name")
        }
        guard let chain = try reader.string("certificate", maximumBytes: Self.textBytes), !chain.isEmpty else {
            throw .missing(reader.field("certificate"), "the certificate as PEM, with those behind it that lead to a known one")
        }
        (self.name, self.chain) = (name, chain)
        if let sealed = reader.members[Self.sealedName]?.string {
            key = .sealed(sealed)
            return
        }
        if let given = reader.members["privateKey"], given != "" {
            // What it is appears in no error.
            guard let text = given.string, text.utf8.count <= Self.textBytes else {
                throw .invalid(reader.field("privateKey"), "…", "it must be the key as PEM, of at most \(Self.textBytes) bytes")
            }
            key = .plain(text)
        } else {
            guard let previous, previous.chain == chain else {
                throw .missing(reader.field("privateKey"), "the key of the certificate as PEM")
            }
            key = previous.key
        }
    }

    /// The name under which the store has the sealed key. Whoever could send it would send what this host cannot open.
    static let sealedName = "sealedPrivateKey"

    /// As the API has it, without the key; and as the store has it.
    var json: JSONValue { ["certName": .string(name), "certificate": .string(chain)] }
    var stored: JSONValue {
        guard case .sealed(let text) = key, var members = json.object else { return json }
        members[Self.sealedName] = .string(text)
        return .object(members)
    }

    /// Without the key, wherever somebody prints it.
    public var description: String { "certificate '\(name)'" }
}

/// By what a custom domain is reached.
public enum DomainProtocol: String, Sendable {
    case http = "HTTP"
    case https = "HTTPS"
    case both = "HTTP,HTTPS"
}

/// Shows certificates to clients, by the host name that they ask for.
public protocol DomainCertificates: Sendable {
    /// Why this host cannot take HTTPS for a domain, in words that follow the name of the field; nil where it can. Asked before a domain is kept.
    ///
    /// - Parameter certificate: the domain's own; nil for that of the host.
    func refusal(of certificate: DomainCertificate?) -> (field: String, reason: String)?
}

/// A host without an address for HTTPS.
public struct PlainHTTPOnly: DomainCertificates {
    public init() {}

    public func refusal(of certificate: DomainCertificate?) -> (field: String, reason: String)? {
        ("protocol", "this host has no address for HTTPS; start it with serve --listen-tls, --tls-certificate and --tls-key")
    }
}
