// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import OCI
import Sandbox

/// What `docker save` writes. Such an archive has no manifest of its own, so one is made, and its digest is the image's: the same image
/// saved twice has the same.
extension ArchiveReader {
    func dockerCandidates() throws -> [ImageCandidate] {
        let bytes = try bytes("manifest.json", limit: limits.documents.manifestBytes)
        return try document([DockerArchiveImage].self, bytes, called: "manifest.json").map { image in
            ImageCandidate(names: (image.repoTags ?? []).compactMap(familiar), label: printable(image.config)) {
                let config = try self.bytes(image.config, limit: limits.documents.configBytes)
                return try plan(config: config, called: image.config, layers: image.layers)
            }
        }
    }

    /// Archives older than Docker 1.10: `repositories` names top layers, and each layer's own `json` names the one below.
    func legacyCandidates() throws -> [ImageCandidate] {
        let bytes = try bytes("repositories", limit: limits.documents.manifestBytes)
        let repositories = try document(DockerRepositories.self, bytes, called: "repositories")
        let names = repositories.flatMap { repository, tags in tags.map { (id: $0.value, name: "\(repository):\($0.key)") } }
        return Dictionary(grouping: names, by: \.id).sorted { $0.key < $1.key }.map { id, names in
            ImageCandidate(names: names.map(\.name).sorted().compactMap(familiar), label: printable(id)) { try legacyImage(id) }
        }
    }

    private func legacyImage(_ top: String) throws -> PlannedImage {
        var members: [TarIndex.Member] = []
        var paths: [String] = []
        var next: String? = top
        var first: DockerLegacyLayer?
        while let id = next {
            guard members.count < limits.documents.layers else {
                throw ServiceError.invalidImage("the image has more than the limit of \(limits.documents.layers) layers")
            }
            let description = try document(
                DockerLegacyLayer.self, try bytes("\(id)/json", limit: limits.documents.configBytes), called: "\(id)/json")
            first = first ?? description
            members.insert(try member("\(id)/layer.tar"), at: 0)
            paths.insert("\(id)/layer.tar", at: 0)
            next = description.parent.flatMap { $0.isEmpty ? nil : $0 }
        }
        let diffIDs = try members.map { member in
            guard try compression(member) == .none else {
                throw ServiceError.invalidImage(
                    "a layer of this old archive is compressed, so its diff id is known nowhere; save it anew with docker save")
            }
            return try file.digest(at: member.offset, count: member.size)
        }
        let configuration = ImageConfiguration(
            architecture: first?.architecture ?? "amd64", os: first?.os ?? "linux", config: first?.config,
            rootfs: ImageConfiguration.RootFileSystem(diffIDs: diffIDs))
        return try plan(config: try encode(configuration), called: "\(top)/json", layers: paths)
    }

    private func plan(config: [UInt8], called name: String, layers paths: [String]) throws -> PlannedImage {
        let configuration = try configuration(config, called: name, layers: paths.count)
        let layers = try zip(paths, configuration.rootfs.diffIDs).map { path, diffID in
            let member = try layerMember(path, size: 0)
            return PlannedLayer(
                path: TarIndex.normal(path), diffID: diffID, blobDigest: nil, offset: member.offset, size: member.size,
                compression: try compression(member))
        }
        let configDescriptor = Descriptor(mediaType: MediaType.config, digest: digest(of: config), size: Int64(config.count))
        // The plain layers, whatever the archive's compression: their diff ids are checked, and are all that Swiftlet knows them by.
        let descriptors = layers.map { layer in
            Descriptor(mediaType: MediaType.layer, digest: layer.diffID, size: layer.compression == .none ? Int64(layer.size) : 0)
        }
        let manifest = try encode(Manifest(mediaType: MediaType.manifest, config: configDescriptor, layers: descriptors))
        return PlannedImage(
            references: [], manifest: manifest, manifestDigest: digest(of: manifest), config: config, configDigest: configDescriptor.digest,
            layers: layers)
    }

    private func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(value))
    }
}
