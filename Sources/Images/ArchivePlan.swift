// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import OCI
import Sandbox

/// What is to be made of an archive: its images with their documents checked, and where each layer lies.
struct ArchivePlan: Sendable {
    var images: [PlannedImage]

    /// Each layer once, in the order in which the images name them.
    var layers: [PlannedLayer] {
        var seen: Set<Digest> = []
        return images.flatMap(\.layers).filter { seen.insert($0.diffID).inserted }
    }
}

struct PlannedImage: Sendable {
    var references: [String]
    var manifest: [UInt8]
    var manifestDigest: Digest
    var config: [UInt8]
    var configDigest: Digest
    /// Lowest first.
    var layers: [PlannedLayer]
}

struct PlannedLayer: Hashable, Sendable {
    /// Of its member in the archive.
    var path: String
    var diffID: Digest
    /// The digest that the blob as it lies in the archive must have; nil where the archive promises none.
    var blobDigest: Digest?
    var offset: UInt64
    var size: UInt64
    var compression: LayerCompression
}

/// An image of an archive before its documents are read.
struct ImageCandidate {
    /// The names that the archive gives it, familiar and complete.
    var names: [String]
    /// How an error calls it where it has no name.
    var label: String
    var plan: () throws -> PlannedImage
}

/// Chooses among the images of an archive.
///
/// - Parameter name: what the user asked for. It renames the only image, and chooses among several.
func choose(_ candidates: [ImageCandidate], name: String?) throws -> [PlannedImage] {
    guard let first = candidates.first else { throw ServiceError.invalidImage("the archive has no image in it") }
    let present = candidates.map { $0.names.isEmpty ? $0.label : $0.names.joined(separator: " = ") }.joined(separator: ", ")
    guard let name else {
        if let nameless = candidates.first(where: { $0.names.isEmpty }) {
            throw ServiceError.invalidImage(
                "the archive does not name its image (\(nameless.label)); give it a name, for example with --name hello:1")
        }
        return try candidates.map { candidate in
            var image = try candidate.plan()
            image.references = candidate.names
            return image
        }
    }
    let reference: ImageReference
    do { reference = try ImageReference(name) } catch { throw ServiceError.invalidArgument(error.description) }
    guard reference.digest == nil else { throw ServiceError.invalidArgument("'\(name)' has a digest; an image's digest cannot be chosen") }
    let chosen = candidates.count == 1 ? first : candidates.first { $0.names.contains(reference.description) }
    guard let chosen else {
        throw ServiceError.invalidImage(
            "the archive has \(candidates.count) images and none is called '\(reference)'; it has: \(printable(present))")
    }
    var image = try chosen.plan()
    image.references = [reference.description]
    return [image]
}
