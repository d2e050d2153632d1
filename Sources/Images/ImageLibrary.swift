// SPDX-License-Identifier: Apache-2.0
import FunctionModel
public import LauncherClient
public import Logging
import NIOPosix
import OCI
public import ObjectStore
public import Registry
public import Store
import Synchronization

/// The images of this host: loads archives, unpacks each layer once, records what there is, and removes it again.
///
/// Every error that it throws is a ``ServiceError`` with a sentence for the user, except `CancellationError`.
public final class ImageLibrary: Sendable {
    let blobs: BlobFolder
    let store: Store
    let shelf: LayerShelf
    let limits: ImageLimits
    /// Nil where this host pulls nothing.
    let registries: RegistryClient?
    let space: ImageSpace
    let logger: Logger
    let now: @Sendable () -> Int64
    /// The layers of functions, whose trees lie beside those of images.
    public let layers: LayerLibrary
    private let uploads = Mutex<UInt64>(0)

    /// - Parameters:
    ///   - dataDirectory: absolute; `blobs/` and `tmp/` are made in it.
    ///   - unpacker: puts layers in place; outside tests the launcher's client.
    ///   - objects: where the zips of layers are kept; nil keeps them in `objects/`.
    ///   - registries: what is pulled through.
    ///   - space: how much of the disk images may take.
    ///   - patience: how long whoever brings a layer may take while another waits for it.
    ///   - now: Unix time in milliseconds.
    public init(
        dataDirectory: String, store: Store, unpacker: any LayerUnpacker, objects: (any ObjectStore)? = nil,
        limits: ImageLimits = ImageLimits(),
        registries: RegistryClient? = nil, space: ImageSpace = ImageSpace(), patience: SenderPatience = SenderPatience(), logger: Logger,
        now: @escaping @Sendable () -> Int64
    ) throws {
        let kept: any ObjectStore
        var space = space
        space.path = dataDirectory
        let room: RoomBook
        do {
            blobs = try BlobFolder(data: dataDirectory)
            kept = try objects ?? DirectoryObjectStore(folder: dataDirectory + "/objects")
            room = try RoomBook(space)
        } catch { throw ServiceError.image(error, while: "opening \(dataDirectory)") }
        self.store = store
        self.limits = limits
        self.registries = registries
        self.space = space
        self.logger = logger
        self.now = now
        shelf = LayerShelf(store: store, unpacker: unpacker, room: room, patience: patience, logger: logger)
        layers = LayerLibrary(store: store, shelf: shelf, blobs: blobs, objects: kept, logger: logger, now: now)
    }

    /// Brings files, layers and records together after a start: uploads that were cut off are deleted, as are layers that no image has.
    /// Call it once, before the first load.
    public func recover() async throws {
        do {
            try await blocking { [blobs] in try blobs.clearTemporary() }
            try await shelf.recover()
            try await layers.recover()
            try await sweepBlobs()
        } catch { throw ServiceError.image(error, while: "recovering the images") }
    }

    /// An element for each name, sorted by it.
    public func list() async throws -> [Image] {
        do {
            let records = try await store.images()
            let shared = sharedLayers(records)
            return records.flatMap { record in names(record).map { image(record, reference: $0, shared: shared) } }
                .sorted { $0.reference < $1.reference }
        } catch { throw ServiceError.image(error, while: "listing images") }
    }

    /// - Parameter reference: a name such as `hello` or `hello:1`, or the digest of a manifest.
    /// - Throws: ``ServiceError`` 404 `ImageNotFound`, 400 `InvalidArgument` for what is no reference.
    public func inspect(_ reference: String) async throws -> ImageDetails {
        do {
            guard let (name, record) = try await find(reference) else { throw ServiceError.imageNotFound(reference) }
            let shared = sharedLayers(try await store.images())
            return ImageDetails(
                image: image(record, reference: name, shared: shared), references: record.references, configDigest: record.configDigest,
                configJSON: try await configuration(record), keptBytes: record.blobs.reduce(0) { $0 + $1.size })
        } catch { throw ServiceError.image(error, while: "inspecting image '\(reference)'") }
    }

    /// Takes a name away, and with an image's last name the image and every layer that no other image has.
    /// Given a digest, takes all its names away.
    ///
    /// - Parameter users: who still needs the image under this reference, in words; asked before anything is changed.
    /// - Throws: ``ServiceError`` 404 `ImageNotFound`, 409 `ImageInUse` naming the users.
    public func remove(_ reference: String, users: @Sendable (Image) async throws -> [String]) async throws {
        do {
            guard let (name, record) = try await find(reference) else { throw ServiceError.imageNotFound(reference) }
            let using = try await users(image(record, reference: name, shared: []))
            guard using.isEmpty else { throw ServiceError.imageInUse(reference, users: using) }
            if record.references.contains(name) {
                guard try await store.removeImage(reference: name) else { throw ServiceError.imageNotFound(reference) }
            } else {
                try await store.removeImage(manifest: record.manifestDigest)
            }
            try await shelf.removeUnused()
            try await store.sweepBlobs([record.manifestDigest, record.configDigest] + record.blobs.map(\.digest)) { [blobs] in
                try blobs.remove($0)
            }
            await shelf.countAgain()
        } catch { throw ServiceError.image(error, while: "removing image '\(reference)'") }
    }

    func sweepBlobs() async throws {
        let present = try await blocking { [blobs] in try blobs.all() }
        try await store.sweepBlobs(present) { [blobs] in try blobs.remove($0) }
    }

    /// A name for a file on its way in that no other has.
    func uploadName() -> String {
        let number = uploads.withLock { count in
            count += 1
            return count
        }
        return "upload-\(number)"
    }
}

/// Runs what waits for a disk on a thread of its own, so that no task of the cooperative pool waits.
func blocking<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
    try await NIOThreadPool.singleton.runIfActive(body)
}
