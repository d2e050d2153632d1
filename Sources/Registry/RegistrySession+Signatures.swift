// SPDX-License-Identifier: Apache-2.0
import Foundation
public import FunctionModel
import OCI

extension RegistrySession {
    /// Manifests of signatures that are looked at for one image: whoever may push could put any number there.
    private static let signatureLimit = 32

    /// Looks for a good signature of one of these manifests: the index that a tag leads to, or the manifest of this machine's platform behind it.
    ///
    /// Signatures lie where cosign puts them: under the tag `sha256-HEX.sig`, or as referrers of the manifest (distribution specification 1.1,
    /// "Listing Referrers", with its tag `sha256-HEX` for registries that do not list).
    ///
    /// - Returns: nil where one is good, else why not, for the log of a policy that only warns.
    /// - Throws: ``RegistryError`` `.unsigned` where the policy requires one.
    public func checkSignatures(of digests: [Digest]) async throws -> String? {
        let policy = signaturePolicy
        guard policy.mode != .off else { return nil }
        var seen = 0
        for digest in digests {
            for manifest in try await signatureManifests(of: digest) {
                for layer in manifest.layers.prefix(Self.signatureLimit) where layer.mediaType == SignedPayload.mediaType {
                    guard let text = layer.annotations?[SignedPayload.annotation], let signature = Data(base64Encoded: text) else {
                        continue
                    }
                    seen += 1
                    let payload = try await document(layer, limit: SignedPayload.limit)
                    let isGood = policy.keys.contains { $0.verifies(Array(signature), of: payload) }
                    if isGood, SignedPayload.names(digest, payload) { return nil }
                }
            }
        }
        let keys = policy.keys.map(\.name).joined(separator: ", ")
        let event = seen == 0 ? "it has no signature" : "none of its \(seen) signatures is by a key in \(keys) and of this image"
        if policy.mode == .warn { return event }
        var error = refusal("manifest \(digests.first.map { "\($0)" } ?? "")", event)
        error.reason = .unsigned
        error.advice =
            "The host requires one from \(reference.registry): sign it (cosign sign --key), or change its signatures in --registries"
        throw error
    }

    private func signatureManifests(of digest: Digest) async throws -> [Manifest] {
        let limit = DocumentLimits().manifestBytes
        var found: [Manifest] = []
        if let tagged = try await present({ try await manifest("sha256-\(digest.hex).sig", digest: nil, limit: limit) }),
            case .manifest(let manifest) = tagged.document
        {
            found.append(manifest)
        }
        for descriptor in try await referrers(of: digest, limit: limit).prefix(Self.signatureLimit) {
            if let referrer = try await present({ try await self.manifest(descriptor, limit: limit) }),
                case .manifest(let manifest) = referrer.document
            {
                found.append(manifest)
            }
        }
        return found
    }

    private func referrers(of digest: Digest, limit: UInt64) async throws -> [Descriptor] {
        let subject = "referrers of \(digest)"
        let listed = try await present {
            try await fromFirst { server in
                let response = try await server.get(
                    "referrers/\(digest)", headers: [("accept", MediaType.index)], subject: subject, expected: [200])
                let bytes = try await Self.bytes(response, limit: limit, server, subject)
                do { return try JSONDecoder().decode(ReferrersIndex.self, from: Data(bytes)) } catch {
                    throw server.error(.invalid, subject, "it is no index")
                }
            }
        }
        let index: ReferrersIndex?
        if let listed {
            index = listed
        } else {
            index = try await present { try await manifest("sha256-\(digest.hex)", digest: nil, limit: limit) }
                .flatMap { try JSONDecoder().decode(ReferrersIndex.self, from: Data($0.bytes)) }
        }
        return (index?.manifests ?? []).filter { $0.artifactType == SignedPayload.artifactType }.map(\.descriptor)
    }

    /// - Returns: nil where the registry does not have it.
    private func present<Value>(_ ask: () async throws -> Value) async throws -> Value? {
        do { return try await ask() } catch let error as RegistryError where error.reason == .notFound || error.reason == .status(405) {
            return nil
        }
    }
}

/// An index whose descriptors say what refers. Source: image specification 1.1, descriptor.md, `artifactType`.
private struct ReferrersIndex: Decodable, Sendable {
    struct Referrer: Decodable, Sendable {
        var mediaType: String
        var digest: Digest
        var size: Int64
        var artifactType: String?

        var descriptor: Descriptor { Descriptor(mediaType: mediaType, digest: digest, size: size) }
    }

    var manifests: [Referrer]
}
