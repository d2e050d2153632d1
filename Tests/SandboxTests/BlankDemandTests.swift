// SPDX-License-Identifier: Apache-2.0
import Sandbox
import Testing

@Suite struct BlankDemandTests {
    let second: UInt64 = 1_000_000_000

    @Test func oneIsKeptWhateverHappensAndAsManyAsStartsCameOfLate() {
        var demand = BlankDemand(most: 4)
        #expect(demand.wanted(at: 0) == 1)
        #expect(demand.nextChange(after: 0) == nil)
        for start in 0..<3 { demand.started(at: UInt64(start) * second / 2) }
        #expect(demand.wanted(at: second) == 3)
        #expect(demand.nextChange(after: second) == 2 * second + 1)
        #expect(demand.wanted(at: 2 * second + 1) == 2)
        #expect(demand.wanted(at: 3 * second + 1) == 1)
        #expect(demand.nextChange(after: 3 * second + 1) == nil)
    }

    @Test func neverMoreThanTheBoundAndTheLatestStartsCount() {
        var demand = BlankDemand(most: 4)
        for start in 0..<100 { demand.started(at: UInt64(start) * second / 100) }
        #expect(demand.wanted(at: second) == 4)
        #expect(demand.wanted(at: 2 * second + second * 9 / 10) == 4)
        var none = BlankDemand(most: 0)
        none.started(at: 0)
        #expect(none.wanted(at: 0) == 0)
        #expect(none.nextChange(after: 0) == nil)
    }

    @Test func underPressureNoneForAWhile() {
        var demand = BlankDemand(most: 4)
        demand.started(at: 0)
        demand.pressure(at: second)
        #expect(demand.wanted(at: second) == 0)
        #expect(demand.nextChange(after: second) == 31 * second)
        #expect(demand.wanted(at: 31 * second) == 1)
    }
}
