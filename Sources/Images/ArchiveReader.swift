// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import OCI
import Sandbox

/// Reads the documents of an image archive and makes a plan of it.
struct ArchiveReader {
    let file: SpoolFile
    let index: TarIndex
    let limits: ImageLimits
    /// Whether more of the archive may come: then layers need not be there yet.
    private(set) var isPartial = false

    init(_ file: SpoolFile, length: UInt64, limits: ImageLimits) throws {
        self.file = file
        self.limits = limits
        index = try TarIndex(length: length, memberLimit: limits.archiveMembers) { try file.read(at: $0, count: $1) }
    }

    /// A reader of the members that have come so far.
    init(file: SpoolFile, index: TarIndex, limits: ImageLimits, isPartial: Bool) {
        self.file = file
        self.index = index
        self.limits = limits
        self.isPartial = isPartial
    }

    /// Whether the document is there that all others hang on.
    var mayTell: Bool { index["oci-layout"] != nil && index["index.json"] != nil || index["manifest.json"] != nil }

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

    /// Where a layer lies; for one that has not come yet a place that means nothing.
    func layerMember(_ path: String, size: UInt64) throws -> TarIndex.Member {
        isPartial && index[path] == nil ? TarIndex.Member(offset: 0, size: size) : try member(path)
    }

    /// A document of the archive, whole.
    func bytes(_ path: String, limit: UInt64) throws -> [UInt8] {
        let member = try member(path)
        guard member.size <= limit else {
            throw ServiceError.invalidImage("'\(printable(path))' has \(member.size) bytes, the limit is \(limit) (CVE-2023-25153)")
        }
        return try file.read(at: member.offset, count: Int(member.size))
    }

    var documents: ImageDocuments { ImageDocuments(limits) }

    func document<Document: Decodable>(_ type: Document.Type, _ bytes: [UInt8], called name: String) throws -> Document {
        try documents.document(type, bytes, called: name)
    }

    func configuration(_ bytes: [UInt8], called name: String, layers: Int) throws -> ImageConfiguration {
        try documents.configuration(bytes, called: name, layers: layers)
    }

    func compression(_ member: TarIndex.Member) throws -> LayerCompression {
        isPartial ? .none : LayerCompression(head: try file.read(at: member.offset, count: Int(min(4, member.size))))
    }

    func digest(of bytes: [UInt8]) -> Digest { ContentHash.of(bytes) }

    /// The familiar form of a name that an archive gives, or nil where it is no reference.
    func familiar(_ name: String) -> String? {
        do { return try ImageReference(name).description } catch { return nil }
    }
}
