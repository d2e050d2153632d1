// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import OCI
import Sandbox

/// Reads the documents of an image archive and makes a plan of it.
struct ArchiveReader {
    let file: SpoolFile
    let index: TarIndex
    let limits: ImageLimits

    init(_ file: SpoolFile, length: UInt64, limits: ImageLimits) throws {
        self.file = file
        self.limits = limits
        index = try TarIndex(length: length, memberLimit: limits.archiveMembers) { try file.read(at: $0, count: $1) }
    }

    /// - Parameter name: the user's choice, as in ``ImageLibrary/load(chunks:name:progress:)``.
    func plan(name: String?) throws -> ArchivePlan {
        // Since version 25, docker save writes both forms; the OCI one has a digest for everything.
        if index["oci-layout"] != nil, index["index.json"] != nil {
            return ArchivePlan(images: try choose(try layoutCandidates(), name: name))
        }
        if index["manifest.json"] != nil { return ArchivePlan(images: try choose(try dockerCandidates(), name: name)) }
        if index["repositories"] != nil { return ArchivePlan(images: try choose(try legacyCandidates(), name: name)) }
        let found = index.paths.prefix(5).map(printable).joined(separator: ", ")
        throw ServiceError.invalidImage(
            "the archive is neither an OCI layout (oci-layout, index.json) nor what docker save writes (manifest.json); it has: \(found.isEmpty ? "nothing" : found)"
        )
    }

    func member(_ path: String) throws -> TarIndex.Member {
        guard let member = index[path] else {
            throw ServiceError.invalidImage("the archive has no '\(printable(path))'; was it saved whole?")
        }
        return member
    }

    /// A document of the archive, whole.
    func bytes(_ path: String, limit: UInt64) throws -> [UInt8] {
        let member = try member(path)
        guard member.size <= limit else {
            throw ServiceError.invalidImage("'\(printable(path))' has \(member.size) bytes, the limit is \(limit) (CVE-2023-25153)")
        }
        return try file.read(at: member.offset, count: Int(member.size))
    }

    func document<Document: Decodable>(_: Document.Type, _ bytes: [UInt8], called name: String) throws -> Document {
        do { return try JSONDecoder().decode(Document.self, from: Data(bytes)) } catch let error as DecodingError {
            throw ServiceError.invalidImage("\(printable(name)) cannot be read: \(explain(error))")
        }
    }

    /// A configuration that this machine can run, with as many diff ids as there are layers.
    func configuration(_ bytes: [UInt8], called name: String, layers: Int) throws -> ImageConfiguration {
        let configuration = try document(ImageConfiguration.self, bytes, called: name)
        guard layers <= limits.documents.layers else {
            throw ServiceError.invalidImage("the image has \(layers) layers, the limit is \(limits.documents.layers)")
        }
        guard configuration.rootfs.diffIDs.count == layers else {
            throw ServiceError.invalidImage("\(printable(name)) has \(configuration.rootfs.diffIDs.count) diff ids for \(layers) layers")
        }
        let platform = Platform(architecture: configuration.architecture, os: configuration.os)
        guard platform.runsHere else {
            throw ServiceError.invalidImage("the image is for \(printable("\(platform)")) and this machine is \(Platform.current)")
        }
        return configuration
    }

    func compression(_ member: TarIndex.Member) throws -> LayerCompression {
        let head = try file.read(at: member.offset, count: Int(min(4, member.size)))
        if head.starts(with: [0x1f, 0x8b]) { return .gzip }
        return head == [0x28, 0xb5, 0x2f, 0xfd] ? .zstd : .none
    }

    func digest(of bytes: [UInt8]) -> Digest { ContentHash.of(bytes) }

    /// The familiar form of a name that an archive gives, or nil where it is no reference.
    func familiar(_ name: String) -> String? {
        do { return try ImageReference(name).description } catch { return nil }
    }

    private func explain(_ error: DecodingError) -> String {
        switch error {
        case .dataCorrupted(let context): context.debugDescription
        case .keyNotFound(let key, _): "it has no '\(key.stringValue)'"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            "'\(printable(context.codingPath.map(\.stringValue).joined(separator: ".")))' is not of the right type"
        @unknown default: "it is damaged"
        }
    }
}
