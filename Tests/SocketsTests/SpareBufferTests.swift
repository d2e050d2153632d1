// SPDX-License-Identifier: Apache-2.0
import NIOCore
import Sockets
import Testing

@Suite struct SpareBufferTests {
    private func base(_ buffer: ByteBuffer) -> UnsafeRawPointer? { buffer.withVeryUnsafeBytes { $0.baseAddress } }

    /// Takes the memory that has just been freed, so that only what was kept can be found again.
    private func decoys(_ capacity: Int) -> [ByteBuffer] {
        (0..<512).map { _ in
            var buffer = ByteBuffer()
            buffer.reserveCapacity(capacity)
            return buffer
        }
    }

    @Test func whatNobodyHoldsIsUsedAgainAndEmpty() {
        let spare = SpareBuffers()
        var first = spare.take()
        first.writeString("old")
        let (memory, capacity) = (base(first), first.storageCapacity)
        spare.giveBack(first)
        first = ByteBuffer()
        withExtendedLifetime(decoys(capacity)) {
            let second = spare.take()
            #expect(base(second) == memory)
            #expect(second.readableBytes == 0)
        }
    }

    @Test func whatIsStillReadIsNotWrittenOver() {
        let spare = SpareBuffers()
        var first = spare.take()
        first.writeString("still read")
        let reader = first
        spare.giveBack(first)
        var second = spare.take()
        second.writeString("new and long")
        #expect(reader == ByteBuffer(string: "still read"))
    }

    /// Or there would never be more of them than were once given back at one time.
    @Test func whatIsStillReadComesBackLater() {
        let spare = SpareBuffers()
        let first = spare.take()
        let memory = base(first)
        var reader: ByteBuffer? = first
        spare.giveBack(consume first)
        #expect(base(spare.take()) != memory)
        withExtendedLifetime((reader, decoys(2 << 10))) {}
        reader = nil
        #expect(base(spare.take()) == memory)
    }

    @Test func aLongOneIsKeptApartFromTheShort() {
        let spare = SpareBuffers()
        var long = spare.take(for: 64 << 10)
        let memory = base(long)
        spare.giveBack(long)
        long = ByteBuffer()
        withExtendedLifetime(decoys(64 << 10)) {
            #expect(spare.take().storageCapacity < 64 << 10)
            #expect(base(spare.take(for: 64 << 10)) == memory)
        }
    }

    /// What more come back than there are places for goes.
    @Test func placesAreBoundAndTurnRound() {
        let spare = SpareBuffers()
        var before: Set<UnsafeRawPointer?> = []
        for round in 0..<3 {
            var taken = (0..<300).map { _ in spare.take() }
            let memories = Set(taken.map(base))
            #expect(memories.count == 300)
            if round > 0 { #expect(memories.intersection(before).count >= 256) }
            for buffer in taken { spare.giveBack(buffer) }
            taken = []
            before = Set(memories)
            let others = decoys(2 << 10)
            let again = (0..<257).map { _ in spare.take() }
            #expect(before.intersection(again.map(base)).count == 256)
            for buffer in again { spare.giveBack(buffer) }
            withExtendedLifetime(others) {}
        }
    }

    @Test func whatFindsNoPlaceAndWhatGoesWithItsOwnerIsOwnedByNobody() {
        var held = ByteBuffer()
        held.reserveCapacity(2 << 10)
        func isOwnedOnce() -> Bool { held.modifyIfUniquelyOwned { _ in true } != nil }
        do {
            let full = SpareBuffers()
            for buffer in (0..<256).map({ _ in full.take() }) { full.giveBack(buffer) }
            full.giveBack(held)
            let isOwned = isOwnedOnce()
            #expect(isOwned)
        }
        var spare: SpareBuffers? = SpareBuffers()
        spare?.giveBack(held)
        let isShared = !isOwnedOnce()
        #expect(isShared)
        spare = nil
        let isOwned = isOwnedOnce()
        #expect(isOwned)
    }
}
