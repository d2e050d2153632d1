import Sockets
// SPDX-License-Identifier: Apache-2.0
import Testing

@Suite struct LookoutTests {
    /// How many of so many waits begin with a look.
    private func looks(_ lookout: inout Lookout, of waits: Int, found: Bool) -> Int {
        (0..<waits).count { _ in
            guard lookout.looksFirst() else { return false }
            lookout.hasLooked(found: found)
            return true
        }
    }

    @Test func whatIsAlwaysInVainIsHardlyTriedAnyMore() {
        var lookout = Lookout()
        _ = looks(&lookout, of: 100, found: false)
        let tried = looks(&lookout, of: 3200, found: false)
        #expect(tried == 100)
    }

    @Test func oneFindBringsItBack() {
        var lookout = Lookout()
        _ = looks(&lookout, of: 100, found: false)
        var waits = 0
        while !lookout.looksFirst() { waits += 1 }
        #expect(waits < 32)
        lookout.hasLooked(found: true)
        let tried = looks(&lookout, of: 4, found: true)
        #expect(tried == 4)
    }

    @Test func whatPaysHalfTheTimeGoesOn() {
        var lookout = Lookout()
        for wait in 0..<1000 {
            let looks = lookout.looksFirst()
            #expect(looks)
            lookout.hasLooked(found: wait.isMultiple(of: 2))
        }
    }
}
