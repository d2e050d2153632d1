// SPDX-License-Identifier: Apache-2.0
import FunctionModel
package import LinuxSystem
import Sandbox
import Synchronization

/// Keeps the page by which all unpackers together, and the blobs that are kept, stay within the quota and the disk.
package final class RoomBook: Sendable {
    private struct State {
        var inUse: Set<Int> = []
        /// How often the database was asked, and which question was answered last: an older answer does not replace a newer one.
        var asked = 0
        var answered = 0
    }

    /// In which the daemon itself counts the blobs that are to be kept and are not recorded yet.
    private static let own = 0

    private let quota: UInt64?
    private let page: RoomPage
    private let state = Mutex(State())

    package init(_ space: ImageSpace) throws(SystemCallError) {
        quota = space.quota
        page = try RoomPage()
        page.reserve = space.reserve
        page.room = quota ?? .max
        page.span = Self.own + 1
    }

    /// Runs one unpacker, and what records its layer. What it has counted is given back then; what is recorded is counted by ``refresh(_:)`` from then on.
    func hold<Result: Sendable>(_ body: @Sendable (RoomPlace) async throws -> Result) async throws -> Result {
        let number = state.withLock { state in
            let number = (Self.own + 1..<RoomPage.places).first { !state.inUse.contains($0) }
            if let number { state.inUse.insert(number) }
            setSpan(state)
            return number
        }
        guard let number else { throw UnpackFailure(reason: "\(RoomPage.places - 1) layers are being unpacked, which is the limit") }
        defer {
            state.withLock { state in
                page.clear(number)
                state.inUse.remove(number)
                setSpan(state)
            }
        }
        return try await body(RoomPlace(page: page, number: number))
    }

    /// Counts a blob that is to be kept, before it comes.
    ///
    /// - Throws: ``ServiceError`` 507 `InsufficientStorage` where what is under way leaves it no room.
    func keep(_ bytes: UInt64, of digest: Digest) throws(ServiceError) {
        let (fits, together) = page.take(bytes, in: Self.own)
        guard fits else {
            throw ImageSpace.refusal(
                "blob \(digest): with its \(bytes) bytes the images that are on their way take \(together), and the host's --image-quota leaves \(page.room)"
            )
        }
    }

    /// The blob is recorded, or was given up.
    func giveBack(kept bytes: UInt64) { page.giveBack(bytes, in: Self.own) }

    /// Called after what is recorded may have changed: also those who are unpacking see the room that was freed.
    ///
    /// - Parameter used: asks the database.
    func refresh(_ used: @Sendable () async throws -> UInt64) async throws {
        guard let quota else { return }
        let number = state.withLock { state in
            state.asked += 1
            return state.asked
        }
        let used = try await used()
        state.withLock { state in
            guard number > state.answered else { return }
            state.answered = number
            page.room = quota > used ? quota - used : 0
        }
    }

    private func setSpan(_ state: State) { page.span = (state.inUse.max() ?? Self.own) + 1 }
}
