// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import LauncherClient
import LinuxSystem
import Sandbox
import Synchronization

/// Keeps the page by which all unpackers together stay within the quota and the disk.
final class RoomBook: Sendable {
    private struct State {
        var inUse: Set<Int> = []
        /// Bytes of images as they are recorded.
        var used: UInt64 = 0
        /// Bytes of blobs that are to be kept and are not recorded yet.
        ///
        /// Wide enough for whatever sizes are promised: what is added is taken away again as it was.
        var keeping: UInt128 = 0
        /// How often the database was asked, and which question was answered last: an older answer does not replace a newer one.
        var asked = 0
        var answered = 0
    }

    private let quota: UInt64?
    private let page: RoomPage
    private let state = Mutex(State())

    init(_ space: ImageSpace) throws(SystemCallError) {
        quota = space.quota
        page = try RoomPage()
        page.reserve = space.reserve
        write(State())
    }

    /// Runs one unpacker. What it has counted is given back when it is gone; what it has made is counted by ``refresh(_:)`` from then on.
    func hold<Result: Sendable>(_ body: @Sendable (RoomPlace) async throws -> Result) async throws -> Result {
        let number = state.withLock { state in
            let number = (0..<RoomPage.places).first { !state.inUse.contains($0) }
            if let number { state.inUse.insert(number) }
            return number
        }
        guard let number else { throw UnpackFailure(reason: "\(RoomPage.places) layers are being unpacked, which is the limit") }
        defer {
            state.withLock { state in
                state.inUse.remove(number)
                if state.inUse.isEmpty { page.clearAll() } else { page.clear(number) }
            }
        }
        return try await body(RoomPlace(page: page, number: number))
    }

    /// Counts a blob that is to be kept.
    func add(keeping bytes: UInt64) {
        state.withLock { state in
            state.keeping += UInt128(bytes)
            write(state)
        }
    }

    /// The blob is recorded, or was given up.
    func remove(keeping bytes: UInt64) {
        state.withLock { state in
            state.keeping -= UInt128(bytes)
            write(state)
        }
    }

    /// Called after what is recorded may have changed.
    ///
    /// - Parameter used: asks the database.
    func refresh(_ used: @Sendable () async throws -> UInt64) async throws {
        if quota == nil { return }
        let number = state.withLock { state in
            state.asked += 1
            return state.asked
        }
        let used = try await used()
        state.withLock { state in
            guard number > state.answered else { return }
            state.answered = number
            state.used = used
            write(state)
        }
    }

    private func write(_ state: State) {
        let taken = UInt64(clamping: UInt128(state.used) + state.keeping)
        page.room = quota.map { $0 > taken ? $0 - taken : 0 } ?? .max
    }
}

/// An unpacker with a place to count in.
struct PlacedUnpacker: Sendable {
    let unpacker: any LayerUnpacker
    let place: RoomPlace
    /// Says by which pipe the layer comes. Whoever does so must bear that the pipe is closed when somebody else has put the layer in place.
    let attach: @Sendable (LayerPipe) async -> Void

    /// As ``LayerUnpacker/unpack(_:from:offset:length:compression:place:)``.
    func unpack(
        _ diffID: Digest, from blob: CInt, offset: UInt64, length: UInt64, compression: LayerCompression
    ) async throws -> UnpackedLayer {
        try await unpacker.unpack(diffID, from: blob, offset: offset, length: length, compression: compression, place: place)
    }
}
