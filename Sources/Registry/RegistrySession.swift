// SPDX-License-Identifier: Apache-2.0
import AsyncHTTPClient
import Foundation
public import FunctionModel
import Logging
import NIOCore
import NIOHTTP1
public import OCI

/// A manifest or an index as a registry sent it, its digest checked.
public struct RegistryDocument: Sendable {
    public var bytes: [UInt8]
    public var digest: Digest
    public var mediaType: String
    public var document: ManifestDocument
}

/// One repository during one pull: documents and blobs of it, from the first mirror that has them, else from the registry itself.
public final class RegistrySession: Sendable {
    private static let manifestTypes = [MediaType.manifest, MediaType.index, MediaType.dockerManifest, MediaType.dockerList]

    public let reference: ImageReference
    let servers: [RegistryServer]
    let client: RegistryClient

    init(reference: ImageReference, servers: [RegistryServer], client: RegistryClient) {
        self.reference = reference
        self.servers = servers
        self.client = client
    }

    /// What the operator asks of signatures for this registry.
    public var signaturePolicy: SignaturePolicy { client.settings.host(reference.registry).signatures }

    /// What the reference leads to: its digest where it has one, else its tag.
    ///
    /// - Throws: ``RegistryError``.
    public func resolve(limit: UInt64) async throws -> RegistryDocument {
        if let digest = reference.digest { return try await manifest("\(digest)", digest: digest, limit: limit) }
        return try await manifest(reference.tag ?? ImageReference.defaultTag, digest: nil, limit: limit)
    }

    /// - Parameters:
    ///   - limit: bytes (CVE-2023-25153).
    /// - Throws: ``RegistryError``, also where the document is not the promised one.
    public func manifest(_ descriptor: Descriptor, limit: UInt64) async throws -> RegistryDocument {
        let found = try await manifest("\(descriptor.digest)", digest: descriptor.digest, limit: limit)
        guard found.document.agrees(with: descriptor.mediaType), UInt64(exactly: descriptor.size) == UInt64(found.bytes.count) else {
            throw refusal("manifest \(descriptor.digest)", "it is not what the index says of it (CVE-2021-41190)")
        }
        return found
    }

    func manifest(_ name: String, digest: Digest?, limit: UInt64) async throws -> RegistryDocument {
        let subject = "manifest \(name)"
        return try await fromFirst { server in
            let accept = Self.manifestTypes.joined(separator: ", ")
            let response = try await server.get("manifests/\(name)", headers: [("accept", accept)], subject: subject, expected: [200])
            let bytes = try await Self.bytes(response, limit: limit, server, subject)
            let found = BlobHash.of(bytes)
            if let digest, digest != found { throw server.error(.invalid, subject, "it has in truth the digest \(found)") }
            // For a tag this header is what was resolved; it must agree with what came.
            if let said = response.headers.first(name: "docker-content-digest"), said.hasPrefix("sha256:"), said != "\(found)" {
                throw server.error(.invalid, subject, "the registry says its digest is \(printable(said)), and it has \(found)")
            }
            let type = response.headers.first(name: "content-type")?.split(separator: ";").first.map(String.init) ?? ""
            let document: ManifestDocument
            do { document = try JSONDecoder().decode(ManifestDocument.self, from: Data(bytes)) } catch {
                throw server.error(.invalid, subject, "it is no manifest or index of schema version 2: \(Self.explain(error))")
            }
            guard document.agrees(with: type) else {
                throw server.error(.invalid, subject, "it is not the '\(printable(type))' that it was said to be (CVE-2021-41190)")
            }
            return RegistryDocument(bytes: bytes, digest: found, mediaType: type, document: document)
        }
    }

    /// A small blob, whole, such as a configuration.
    ///
    /// - Throws: ``RegistryError``, also where size or digest are not the promised ones.
    public func document(_ descriptor: Descriptor, limit: UInt64) async throws -> [UInt8] {
        guard let size = UInt64(exactly: descriptor.size), size <= limit else {
            throw refusal("blob \(descriptor.digest)", "it has \(descriptor.size) bytes, the limit is \(limit) (CVE-2023-25153)")
        }
        var bytes: [UInt8] = []
        for try await buffer in blob(descriptor) { bytes += buffer.readableBytesView }
        return bytes
    }

    /// A blob as it comes from the socket, digest and size checked: its last bytes come only when both are right. It goes on after a broken
    /// connection, from where that broke.
    public func blob(_ descriptor: Descriptor) -> BlobStream { BlobStream(descriptor: descriptor, session: self) }

    /// Asks one server after the other. What the last one says, the registry itself, is the error.
    func fromFirst<Result: Sendable>(_ ask: @Sendable (RegistryServer) async throws -> Result) async throws -> Result {
        var last: any Error = refusal("its address", "there is none")
        for server in servers {
            do { return try await ask(server) } catch let error as RegistryError {
                last = error
                client.logger.debug("a registry does not help", metadata: ["error": "\(error)"])
                // Not the same server by plain HTTP, where it was there by TLS and said no.
                if !server.endpoint.isMirror, error.reason != .unreachable { break }
            }
        }
        throw last
    }

    func refusal(_ subject: String, _ event: String) -> RegistryError {
        RegistryError(
            reason: .invalid, registry: reference.registry, repository: reference.repository, subject: subject, event: event, login: nil,
            advice: nil)
    }

    static func bytes(_ response: HTTPClientResponse, limit: UInt64, _ server: RegistryServer, _ subject: String) async throws -> [UInt8] {
        do {
            return Array(try await response.body.collect(upTo: Int(limit)).readableBytesView)
        } catch is NIOTooManyBytesError {
            throw server.error(.invalid, subject, "it is larger than the limit of \(limit) bytes (CVE-2023-25153)")
        } catch let error where !(error is CancellationError) {
            throw server.error(.unreachable, subject, RegistryTransport.words(error))
        }
    }

    private static func explain(_ error: any Error) -> String {
        guard case .dataCorrupted(let context)? = error as? DecodingError else { return "a field is missing or of another type" }
        return printable(context.debugDescription)
    }
}
