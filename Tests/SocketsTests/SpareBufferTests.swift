// SPDX-License-Identifier: Apache-2.0
import NIOCore
import Testing

import Sockets

@Suite struct SpareBufferTests {
    private func base(_ buffer: ByteBuffer) -> UnsafeRawPointer? { buffer.withVeryUnsafeBytes { $0.baseAddress } }

    @Test func whatNobodyHoldsIsUsedAgainAndEmpty() {
        let spare = SpareBuffers()
        var first = spare.take()
        first.writeString("old")
        let memory = base(first)
        spare.giveBack(first)
        first = ByteBuffer()
        let second = spare.take()
        #expect(base(second) == memory)
        #expect(second.readableBytes == 0)
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

    @Test func aLongOneIsKeptApartFromTheShort() {
        let spare = SpareBuffers()
        var long = spare.take(for: 64 << 10)
        let memory = base(long)
        spare.giveBack(long)
        long = ByteBuffer()
        #expect(spare.take().storageCapacity < 64 << 10)
        #expect(base(spare.take(for: 64 << 10)) == memory)
    }

    /// What is more than there are places for goes, and all of it goes with its owner: what moved in and out is still owned once.
    @Test func placesAreBoundAndTurnRound() {
        let spare = SpareBuffers()
        for _ in 0..<3 {
            let taken = (0..<300).map { _ in spare.take() }
            #expect(Set(taken.map(base)).count == 300)
            for buffer in taken { spare.giveBack(buffer) }
        }
    }
}
