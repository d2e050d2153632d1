// SPDX-License-Identifier: Apache-2.0
public import FunctionModel
import LauncherClient
import Logging
public import ObjectStore
import Sandbox
public import Store

/// The layers of functions: their zips in the object store, and the trees that they unpack to, each once on disk whoever has it.
///
/// Every error that it throws is a ``ServiceError`` with a sentence for the user, except `CancellationError`.
public struct LayerLibrary: Sendable {
    let store: Store
    let shelf: LayerShelf
    let blobs: BlobFolder
    public let objects: any ObjectStore
    let logger: Logger
    let now: @Sendable () -> Int64

    /// An empty zip, to be filled by ``LayerZip/append(_:)``.
    public func newZip() async throws -> LayerZip {
        do {
            let name = "zip-\(UInt64.random(in: 0...UInt64.max))"
            return LayerZip(file: try await blocking { [blobs] in try blobs.newSpoolFile(name: name) })
        } catch { throw ServiceError.image(error, while: "receiving the zip") }
    }

    /// Makes the next version of a layer. It is not unpacked yet.
    ///
    /// - Parameter zip: what the request carried; nil where `input` names an object.
    /// - Throws: ``ServiceError`` 400 `InvalidArgument`, also for a wrong checksum; 400 `LimitExceededError`; 404 `ObjectNotFound`.
    public func publish(_ layer: String, _ input: LayerInput, zip: LayerZip?) async throws -> LayerVersionRecord {
        try LayerVersionName.checkLayer(layer)
        let whole: LayerZip
        switch input.source {
        case .request:
            guard let zip else { throw ServiceError.missing("code.zipFile", "give the zip in base64") }
            whole = zip
        case .object(let bucket, let name):
            whole = try await newZip()
            try await objects.read(ObjectName(bucket: bucket, name: name), limit: LayerLimits.zipBytes) { try await whole.append($0) }
        }
        try await whole.check()
        if let promised = input.checksum, promised != whole.checksum {
            throw ServiceError.invalidArgument(
                "code.checksum: the zip has the CRC-64 \(whole.checksum), and \(promised) was promised; was it sent whole?")
        }
        let (zipDigest, length) = (whole.digest, whole.length)
        let object = ZipObject(bucket: objects.ownBucket, object: "layers/\(layer)/\(UInt64.random(in: 0...UInt64.max)).zip")
        do {
            try await store.announce(object)
            try await whole.write(to: objects, as: object.name)
            let content = LayerVersionContent(
                description: input.description, license: input.license, compatibleRuntime: input.compatibleRuntime, zip: object,
                zipDigest: zipDigest, tree: .zipTree(of: zipDigest), size: length, checksum: String(whole.checksum))
            let record = try await store.addLayerVersion(
                of: layer, content, limit: LayerLimits.versions, at: Timestamp(milliseconds: now()))
            if let record { return record }
            throw ServiceError(
                status: 400, code: "LimitExceededError",
                message: "layer '\(layer)' has \(LayerLimits.versions) versions, which is the limit; delete some first")
        } catch {
            await remove(object)
            throw ServiceError.image(error, while: "publishing layer '\(layer)'")
        }
    }

    /// The zip of a version out of the object store, whole and as it was published.
    public func zip(of version: LayerVersionRecord) async throws -> LayerZip {
        let zip = try await newZip()
        try await objects.read(version.content.zip.name, limit: LayerLimits.zipBytes) { try await zip.append($0) }
        guard zip.digest == version.content.zipDigest else {
            throw ServiceError(
                status: 500, code: "InternalServerError",
                message: "the zip of layer \(version.name) was changed in the object store; publish the layer anew")
        }
        return zip
    }

    /// Puts the tree of a version in place, or waits for whoever is doing so.
    ///
    /// - Returns: bytes of its files.
    /// - Throws: ``ServiceError`` 400 `InvalidArgument` for a zip that is hostile or damaged, with the reason; what the object store throws.
    public func unpack(_ version: LayerVersionRecord) async throws -> Int {
        let content = version.content
        do {
            let unpacked = try await shelf.obtain(
                content.tree, onUnpack: {},
                unpack: { [self] unpacker in
                    let file = try await zip(of: version).file
                    defer { withExtendedLifetime(file) {} }
                    return try await unpacker.unpack(
                        content.tree, from: file.descriptor, offset: 0, length: UInt64(content.size), compression: .zip)
                })
            return Int(clamping: unpacked.layer.bytes)
        } catch let error as UnpackFailure where !error.lacksRoom {
            throw ServiceError.invalidArgument("layers: layer \(version.name) cannot be unpacked: \(error.reason)")
        } catch { throw ServiceError.image(error, while: "unpacking layer \(version.name)") }
    }

    /// Takes away what nobody has any more: deleted versions, then their zips and their trees.
    ///
    /// - Parameter arnPrefix: as in ``Store/forgetUnusedLayerVersions(arnPrefix:)``.
    public func collect(arnPrefix: String) async throws {
        guard try await store.forgetUnusedLayerVersions(arnPrefix: arnPrefix) > 0 else { return }
        let known = Set(try await store.unusedZips())
        for zip in known { await remove(zip) }
        try await shelf.removeUnused()
    }

    /// After a start, when nothing is being published: removes the zips that no version has.
    func recover() async throws { for zip in try await store.unusedZips() { await remove(zip) } }

    /// What cannot be removed now is tried again at the next start.
    private func remove(_ zip: ZipObject) async {
        do {
            try await objects.remove(zip.name)
            try await store.forget(zip)
        } catch {
            logger.warning("an unused zip of a layer could not be removed", metadata: ["object": "\(zip.name)", "error": "\(error)"])
        }
    }
}

extension ZipObject {
    var name: ObjectName { ObjectName(bucket: bucket, name: object) }
}

extension Digest {
    /// What a zip with this digest unpacks to; the unpacker counts it in the same way (`zipTree` of LayerArchive).
    static func zipTree(of zip: Digest) -> Digest { ContentHash.of(Array("swiftlet zip layer 1\n\(zip.hex)".utf8)) }
}
