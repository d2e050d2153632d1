// SPDX-License-Identifier: Apache-2.0
package import FunctionModel
package import LinuxSystem
import Sandbox
import Synchronization

/// Keeps the page by which all unpackers together, and the blobs that are kept, stay within the quota and the disk.
package final class RoomBook: Sendable {
    private struct State {
        var inUse: Set<Int> = []
        /// Bytes of the blobs that are to be kept and are not recorded yet.
        var own: UInt64 = 0
        /// Bytes that what is recorded leaves.
        var room: UInt64 = .max
        /// How often the database was asked, and which question was answered last: an older answer does not replace a newer one.
        var asked = 0
        var answered = 0
    }

    /// What the database said.
    private struct Answer {
        var number: Int
        var used: UInt64
    }

    /// In which the daemon itself counts the blobs that are to be kept.
    private static let own = 0

    private let quota: UInt64?
    private let reserve: UInt64
    package let page: RoomPage
    private let state: Mutex<State>

    package init(_ space: ImageSpace) throws(SystemCallError) {
        quota = space.quota
        reserve = space.reserve
        page = try RoomPage()
        state = Mutex(State(room: space.quota ?? .max))
        state.withLock { say($0) }
    }

    /// Runs one unpacker, and what records its layer. What it has counted is given back only when what is recorded counts: a moment in which both do
    /// refuses at worst, and one in which neither does would let others go beyond the quota.
    ///
    /// - Parameter used: asks the database; nil where it does not say.
    package func hold<Result: Sendable>(
        used: @Sendable () async -> UInt64?, _ body: @Sendable (RoomPlace) async throws -> Result
    ) async throws -> Result {
        let number = state.withLock { state in
            let number = (Self.own + 1..<RoomPage.places).first { !state.inUse.contains($0) }
            if let number { state.inUse.insert(number) }
            say(state)
            // Whatever somebody has written there.
            if let number { page.clear(number) }
            return number
        }
        guard let number else { throw UnpackFailure(reason: "\(RoomPage.places - 1) layers are being unpacked, which is the limit") }
        var answer: Answer?
        defer {
            state.withLock { state in
                take(answer, &state)
                state.inUse.remove(number)
                say(state)
                page.clear(number)
            }
        }
        let result = try await body(RoomPlace(page: page, number: number))
        answer = await ask(used)
        return result
    }

    /// Counts a blob that is to be kept, before it comes.
    ///
    /// - Throws: ``ServiceError`` 507 `InsufficientStorage` where what is under way leaves it no room.
    package func keep(_ bytes: UInt64, of digest: Digest) throws(ServiceError) {
        let (fits, together) = state.withLock { state in
            say(state)
            let (own, overflow) = state.own.addingReportingOverflow(bytes)
            if overflow { return (false, UInt64.max) }
            let answer = page.take(bytes, in: Self.own)
            if answer.fits { state.own = own }
            return answer
        }
        guard fits else {
            throw ImageSpace.refusal(
                "blob \(digest): with its \(bytes) bytes the images that are on their way take \(together), and the host's --image-quota leaves \(page.room)"
            )
        }
    }

    /// The blob is recorded and counts there, or was given up.
    package func giveBack(kept bytes: UInt64) {
        state.withLock { state in
            state.own -= bytes
            say(state)
        }
    }

    /// Called after what is recorded may have changed: also those who are unpacking see the room that was freed.
    ///
    /// - Parameter used: asks the database.
    package func refresh(_ used: @Sendable () async throws -> UInt64?) async rethrows {
        let answer = try await ask(used)
        state.withLock { state in
            take(answer, &state)
            say(state)
        }
    }

    private func ask(_ used: @Sendable () async throws -> UInt64?) async rethrows -> Answer? {
        guard quota != nil else { return nil }
        let number = state.withLock { state in
            state.asked += 1
            return state.asked
        }
        return try await used().map { Answer(number: number, used: $0) }
    }

    private func take(_ answer: Answer?, _ state: inout State) {
        guard let answer, let quota, answer.number > state.answered else { return }
        state.answered = answer.number
        state.room = quota > answer.used ? quota - answer.used : 0
    }

    /// Writes all that the daemon knows into the page, whatever somebody else has written there. What unpackers at work have counted only they know.
    private func say(_ state: State) {
        let span = (state.inUse.max() ?? Self.own) + 1
        page.room = state.room
        page.reserve = reserve
        page.set(state.own, in: Self.own)
        for number in Self.own + 1..<max(span, page.span) where !state.inUse.contains(number) { page.clear(number) }
        page.span = span
    }
}
