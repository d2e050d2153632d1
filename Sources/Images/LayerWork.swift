// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import LauncherClient
import LinuxSystem
package import Sandbox

/// How a layer comes from a client or a registry.
struct LayerArrival: Sendable {
    let watch: SenderWatch
    /// Whether it has a place for a pipe; without one it goes by way of a file.
    var isPiped = false
    /// Nil before it is made, and where there is no place for it.
    var pipe: LayerPipe?
    /// Where its blob is kept: then all of it must come, whoever has put the layer in place meanwhile.
    var kept: IncomingBlob?
}

/// Somebody is about a layer.
package struct LayerWork {
    let number: Int
    let task: Task<UnpackedLayer, any Error>
    /// Whoever began it waits for it from the start: it is not to be cancelled when another who waits is.
    var waiters = 1
    /// Whether an upload brings it.
    let isUpload: Bool
    /// Nil where the layer is here.
    var arrival: LayerArrival?
    /// What somebody else has made of it meanwhile.
    var replacement: UnpackedLayer?
    /// Those who wait for it and did not begin it: told when somebody else has put the layer in place.
    var others: [@Sendable (UnpackedLayer) -> Void] = []

    /// What came of it, where somebody else may have been first.
    func outcome(_ made: Result<UnpackedLayer, any Error>) throws -> UnpackedLayer {
        try Self.outcome(made, replacement: replacement, isCut: arrival?.kept?.isWhole == false)
    }

    /// - Parameter isCut: whether a blob that is to be kept has not come whole: that is an error all the same.
    package static func outcome(
        _ made: Result<UnpackedLayer, any Error>, replacement: UnpackedLayer?, isCut: Bool
    ) throws -> UnpackedLayer {
        // The unpacker of who was replaced was left without the rest, and complains of it.
        if let replacement, !isCut { return replacement }
        return try made.get()
    }
}

/// Layers that are unpacked as they come: those whose sender is not slow, and all.
///
/// Whatever comes by a pipe takes an unpacker and two processes for as long as it comes. What is beyond these goes by way of a file, and so waits for nobody
/// who sends slowly. The launcher has places for all of them (`LauncherLoop.jobLimits`).
enum PipePlaces {
    private static let uploads = (brisk: 3, all: 6)
    private static let pulls = 9

    static func haveRoom(forUpload isUpload: Bool, beside works: some Sequence<LayerWork>) -> Bool {
        let taken = works.filter { $0.isUpload == isUpload && $0.arrival?.isPiped == true }
        if !isUpload { return taken.count < pulls }
        return taken.count < uploads.all && taken.count(where: { $0.arrival?.watch.isSlow == false }) < uploads.brisk
    }
}

/// An unpacker with a place to count in.
struct PlacedUnpacker: Sendable {
    let unpacker: any LayerUnpacker
    let place: RoomPlace
    /// Says how the layer comes, before a byte of it has. Whoever does so must bear that its task is cancelled and the pipe closed when somebody else has put the layer in place;
    /// where the blob is kept, that the pipe is closed.
    ///
    /// - Returns: whether it may come by the pipe.
    let announce: @Sendable (LayerArrival) async -> Bool
    /// Gives the pipe by which it comes, where it may: it is closed when somebody else has put the layer in place.
    let attach: @Sendable (LayerPipe) async -> Void
    /// Whether somebody else has put the layer in place.
    let isReplaced: @Sendable () async -> Bool

    /// As ``LayerUnpacker/unpack(_:from:offset:length:compression:place:)``.
    func unpack(
        _ diffID: Digest, from blob: CInt, offset: UInt64, length: UInt64, compression: LayerCompression
    ) async throws -> UnpackedLayer {
        try await unpacker.unpack(diffID, from: blob, offset: offset, length: length, compression: compression, place: place)
    }
}
