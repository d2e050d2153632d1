// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Images
import LinuxSystem
import Testing

/// What is under way and what is recorded keep to the quota together, also in the moment in which the one becomes the other.
@Suite struct RoomBookTests {
    private let digest: Digest
    private let book: RoomBook

    init() throws {
        digest = try #require(Digest(hex: String(repeating: "a", count: 64)))
        book = try RoomBook(ImageSpace(quota: 1000))
    }

    private func fits(_ bytes: UInt64) -> Bool {
        do { try book.keep(bytes, of: digest) } catch { return false }
        book.giveBack(kept: bytes)
        return true
    }

    private func says(_ bytes: UInt64?) -> @Sendable () async -> UInt64? { { bytes } }

    @Test func aLayerCountsUntilWhatIsRecordedDoes() async throws {
        let isAsked: @Sendable () async -> UInt64? = {
            // It is recorded, and the database is still being asked: others may be, at any time.
            #expect(!fits(500) && fits(400))
            return 600
        }
        try await book.hold(used: isAsked) { place in
            #expect(place.page.take(600, in: place.number).fits && !fits(500))
        }
        #expect(!fits(500) && fits(400) && book.page.room == 400 && book.page.together == 0)
        // Without an answer what it took is given back all the same.
        try await book.hold(used: says(nil)) { #expect($0.page.take(300, in: $0.number).fits) }
        #expect(fits(400))
    }

    @Test func anOlderAnswerDoesNotReplaceANewerOne() async throws {
        await book.refresh {
            await book.refresh { 700 }
            return 100
        }
        #expect(book.page.room == 300)
    }

    /// An unpacker that was taken over can write anything into the page, and no longer than it is there.
    @Test func whatAnUnpackerWritesIsPutRightWhenItEnds() async throws {
        try book.keep(200, of: digest)
        await book.refresh { 300 }
        try await book.hold(used: says(300)) { place in
            let page = try RoomPage(sharing: try place.page.descriptor.descriptor.duplicate())
            for number in 0..<RoomPage.places { page.set(1 << 50, in: number) }
            page.room = 0
            page.reserve = 1 << 60
            page.span = RoomPage.places
            // Already what begins next puts right what the daemon knows, and has a place of its own.
            try await book.hold(used: says(300)) { other in
                #expect(other.number != place.number && page.room == 700 && page.reserve == ImageSpace().reserve)
                page.clear(place.number)
                #expect(page.together == 200)
                page.set(1 << 50, in: place.number)
            }
        }
        #expect(book.page.together == 200 && book.page.room == 700 && fits(500) && !fits(501))
        // Nothing is looked at there, until somebody counts there.
        book.page.set(700, in: 1)
        try await book.hold(used: says(nil)) { place in
            #expect(place.number == 1 && place.page.together == 200)
        }
        // Too little is as wrong as too much.
        book.page.clear(0)
        #expect(!fits(501))
        book.giveBack(kept: 200)
        #expect(fits(700))
    }
}
