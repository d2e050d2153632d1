// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import OCI

/// OCI image layouts. Source: OCI image specification 1.1, image-layout.md.
extension ArchiveReader {
    func layoutCandidates() throws -> [ImageCandidate] {
        let bytes = try bytes("index.json", limit: limits.documents.manifestBytes)
        guard case .index(let index) = try document(ManifestDocument.self, bytes, called: "index.json") else {
            throw ServiceError.invalidImage("index.json is not an index")
        }
        // One entry a name; entries under one name, or under none, are platforms of one image.
        var groups: [(name: String?, descriptors: [Descriptor])] = []
        for descriptor in index.manifests where MediaType.isManifest(descriptor.mediaType) || MediaType.isIndex(descriptor.mediaType) {
            let name = name(of: descriptor)
            if let known = groups.firstIndex(where: { $0.name == name }) {
                groups[known].descriptors.append(descriptor)
            } else {
                groups.append((name, [descriptor]))
            }
        }
        var candidates: [ImageCandidate] = []
        var placeOfDigest: [Digest: Int] = [:]
        for group in groups {
            guard let first = group.descriptors.first else { continue }
            // Names that lead to one manifest are one image.
            if group.descriptors.count == 1, let name = group.name, let known = placeOfDigest[first.digest] {
                candidates[known].names.append(name)
                continue
            }
            if group.descriptors.count == 1 { placeOfDigest[first.digest] = candidates.count }
            candidates.append(
                ImageCandidate(names: group.name.map { [$0] } ?? [], label: "\(first.digest)") {
                    try image(among: group.descriptors, depth: 0)
                })
        }
        return candidates
    }

    /// containerd's and Docker's full name, or the layout's own, which may be a tag alone: `latest` alone names nothing.
    private func name(of descriptor: Descriptor) -> String? {
        if let name = descriptor.annotations?["io.containerd.image.name"], let familiar = familiar(name) { return familiar }
        guard let name = descriptor.annotations?["org.opencontainers.image.ref.name"], name != ImageReference.defaultTag else { return nil }
        return familiar(name)
    }

    private func image(among descriptors: [Descriptor], depth: Int) throws -> PlannedImage {
        let descriptor = try documents.forThisMachine(descriptors)
        let bytes = try blob(descriptor, limit: limits.documents.manifestBytes)
        let document = try document(ManifestDocument.self, bytes, called: "manifest \(descriptor.digest)")
        guard document.agrees(with: descriptor.mediaType) else {
            throw ServiceError.invalidImage(
                "\(descriptor.digest) is not the '\(printable(descriptor.mediaType))' that it was said to be (CVE-2021-41190)")
        }
        switch document {
        case .index(let index):
            guard depth < 3 else { throw ServiceError.invalidImage("the archive has indexes in indexes, more than 3 deep") }
            return try image(among: index.manifests, depth: depth + 1)
        case .manifest(let manifest):
            return try image(manifest, bytes, digest: descriptor.digest)
        }
    }

    private func image(_ manifest: Manifest, _ bytes: [UInt8], digest: Digest) throws -> PlannedImage {
        try documents.check(manifest, digest: digest)
        let config = try blob(manifest.config, limit: limits.documents.configBytes)
        let configuration = try configuration(config, called: "configuration \(manifest.config.digest)", layers: manifest.layers.count)
        let layers = try zip(manifest.layers, configuration.rootfs.diffIDs).map { layer, diffID in
            let member = try blobMember(layer)
            return PlannedLayer(
                path: Self.path(of: layer), diffID: diffID, blobDigest: layer.digest, offset: member.offset, size: member.size,
                compression: try compression(member))
        }
        return PlannedImage(
            references: [], manifest: bytes, manifestDigest: digest, config: config, configDigest: manifest.config.digest, layers: layers)
    }

    private func blobMember(_ descriptor: Descriptor) throws -> TarIndex.Member {
        let member = try layerMember(Self.path(of: descriptor), size: UInt64(max(0, descriptor.size)))
        guard descriptor.size >= 0, member.size == UInt64(descriptor.size) else {
            throw ServiceError.invalidImage(
                "blob \(descriptor.digest) has \(member.size) bytes, and its descriptor promises \(descriptor.size)")
        }
        return member
    }

    private static func path(of descriptor: Descriptor) -> String { "blobs/sha256/\(descriptor.digest.hex)" }

    private func blob(_ descriptor: Descriptor, limit: UInt64) throws -> [UInt8] {
        _ = try blobMember(descriptor)
        let bytes = try bytes(Self.path(of: descriptor), limit: limit)
        let found = digest(of: bytes)
        guard found == descriptor.digest else {
            throw ServiceError.invalidImage("blob \(descriptor.digest) has in truth the digest \(found)")
        }
        return bytes
    }
}
