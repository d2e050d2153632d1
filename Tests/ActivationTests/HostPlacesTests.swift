// SPDX-License-Identifier: Apache-2.0
import Activation
import Testing

/// Lets an expectation change what it looks at.
private final class Host {
    private var places: HostPlaces

    init(maximum: Int) { places = HostPlaces(maximum: maximum) }

    func reserve(_ instances: [String: Int]) { places.reserve(instances) }
    func take(for function: String) -> Bool { places.take(for: function) }
    func giveBack(of function: String) { places.giveBack(of: function) }
    func hasRoom(for function: String) -> Bool { places.hasRoom(for: function) }
    func isBelowReserve(_ function: String) -> Bool { places.isBelowReserve(function) }
    func isUseful(from function: String, to other: String) -> Bool { places.isUseful(from: function, to: other) }
}

@Suite struct HostPlacesTests {
    @Test func `without reserves every function takes places until none is left`() {
        let places = Host(maximum: 2)
        #expect(places.take(for: "a") && places.take(for: "b"))
        #expect(!places.take(for: "a") && !places.hasRoom(for: "c"))
        places.giveBack(of: "b")
        #expect(places.take(for: "c"))
    }

    @Test func `what is reserved is kept for its function, and the rest is shared`() {
        let places = Host(maximum: 4)
        places.reserve(["a": 2])
        #expect(places.take(for: "b") && places.take(for: "b"))
        #expect(!places.take(for: "b"), "two are kept for a")
        #expect(places.take(for: "a") && places.take(for: "a"))
        #expect(!places.take(for: "a"), "its reserve is used up, and the rest too")
        places.giveBack(of: "b")
        #expect(places.take(for: "a"), "beyond its reserve it takes of the rest as everyone does")
        places.giveBack(of: "a")
        #expect(places.take(for: "b"), "what it had beyond its reserve is free for others")
    }

    @Test func `a place within a reserve stays with its function when an instance ends`() {
        let places = Host(maximum: 2)
        places.reserve(["a": 1])
        #expect(places.take(for: "a") && places.take(for: "b"))
        places.giveBack(of: "a")
        #expect(!places.take(for: "b"))
        places.reserve([:])
        #expect(places.take(for: "b"))
    }

    @Test func `a reserve that is made while others have the places is filled as they end`() {
        let places = Host(maximum: 2)
        #expect(places.take(for: "b") && places.take(for: "b"))
        places.reserve(["a": 1])
        #expect(places.isBelowReserve("a") && places.isUseful(from: "b", to: "a") && !places.take(for: "a"))
        places.giveBack(of: "b")
        #expect(!places.hasRoom(for: "b") && places.take(for: "a"))
        #expect(!places.isBelowReserve("a") && !places.isUseful(from: "a", to: "b"))
        #expect(places.isUseful(from: "a", to: "a"), "another version of the same function")
    }

    @Test func `a tenth of the places is for everyone, also on a host that has become smaller`() {
        let places = Host(maximum: 10)
        places.reserve(["a": 270])
        #expect(places.take(for: "b") && !places.take(for: "b"))
        for _ in 0..<9 { #expect(places.take(for: "a")) }
        #expect(!places.take(for: "a"))
        places.giveBack(of: "b")
        #expect(places.take(for: "a"), "below its reserve it has the rest too")
    }

    @Test(arguments: 0..<20) func `whatever happens, no more live than may, and a reserve can always be used`(seed: UInt64) {
        var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
        func random(_ bound: Int) -> Int {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Int(state % UInt64(bound))
        }
        let places = Host(maximum: 20)
        let reserved = ["a": 5, "b": 3]
        places.reserve(reserved)
        var alive: [String: Int] = [:]
        for _ in 0..<2000 {
            let function = ["a", "b", "c", "d"][random(4)]
            if random(2) == 0, alive[function, default: 0] > 0 {
                places.giveBack(of: function)
                alive[function, default: 0] -= 1
            } else {
                let below = alive[function, default: 0] < reserved[function, default: 0]
                let taken = places.take(for: function)
                #expect(taken || !below, "\(function) has \(alive) and is refused")
                if taken { alive[function, default: 0] += 1 }
            }
            #expect(alive.values.reduce(0, +) <= 20)
            let others = alive["c", default: 0] + alive["d", default: 0]
            #expect(others <= 12)
        }
    }
}
