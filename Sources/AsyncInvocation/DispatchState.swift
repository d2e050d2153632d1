// SPDX-License-Identifier: Apache-2.0
package import FunctionModel
package import InvocationQueue

/// Decides whose turn it is. A lane has as many places as its function stands; where the places of the host run short, the lane that holds the fewest
/// gets the next one. So neither a slow nor a failing function holds up another.
package struct DispatchState {
    private struct Lane {
        /// When the first invocation that waits is due; nil where none does.
        var due: Timestamp?
        /// Claimed, or about to be.
        var places = 0
        /// The host could not serve the lane: no further attempt before this.
        var pausedUntil: Timestamp?

        var next: Timestamp? { due.map { max($0, pausedUntil ?? $0) } }
    }

    /// Places of all lanes together.
    private let total: Int
    private var taken = 0
    private var lanes: [String: Lane] = [:]

    package init(total: Int) { self.total = total }

    package var inFlight: Int { taken }

    /// A lane has something to do at a time.
    package mutating func hasWork(_ lane: String, due: Timestamp) {
        let known = lanes[lane]?.due ?? due
        lanes[lane, default: Lane()].due = min(known, due)
    }

    /// What to claim now; the places are taken by this, and given back by ``claimed(_:wanted:)`` and ``finished(_:)``.
    package mutating func wants(now: Timestamp, places: (String) -> Int) -> [LaneWant] {
        var free = total - taken
        var open: [(lane: String, room: Int, places: Int)] = []
        for (name, lane) in lanes {
            guard free > 0, let next = lane.next, next <= now else { continue }
            let room = places(name) - lane.places
            if room > 0 { open.append((name, room, lane.places)) }
        }
        open.sort { ($0.places, $0.lane) < ($1.places, $1.lane) }
        var wants: [String: Int] = [:]
        while free > 0, !open.isEmpty {
            for index in open.indices where free > 0 && open[index].room > 0 {
                wants[open[index].lane, default: 0] += 1
                open[index].room -= 1
                free -= 1
            }
            open.removeAll { $0.room == 0 }
        }
        for (name, count) in wants {
            lanes[name]?.places += count
            lanes[name]?.due = nil
            taken += count
        }
        return wants.sorted { $0.key < $1.key }.map { LaneWant(lane: $0.key, count: $0.value) }
    }

    /// The queue has answered a want.
    package mutating func claimed(_ claims: LaneClaims, wanted: Int) {
        if let next = claims.nextDue { hasWork(claims.lane, due: next) }
        giveBack(claims.lane, wanted - claims.claimed.count)
    }

    /// An invocation is worked on no more.
    ///
    /// - Parameter throttledUntil: where the host could not serve it, when the lane may try again.
    package mutating func finished(_ lane: String, throttledUntil: Timestamp? = nil) {
        if let throttledUntil {
            let known = lanes[lane]?.pausedUntil ?? throttledUntil
            lanes[lane]?.pausedUntil = max(known, throttledUntil)
        }
        giveBack(lane, 1)
    }

    private mutating func giveBack(_ lane: String, _ count: Int) {
        taken -= count
        lanes[lane]?.places -= count
        if let known = lanes[lane], known.places == 0, known.due == nil { lanes[lane] = nil }
    }

    /// When there is something to claim next, of the lanes that have a place free; nil where only ends of invocations change anything.
    package func nextTime(places: (String) -> Int) -> Timestamp? {
        guard taken < total else { return nil }
        return lanes.filter { $0.value.places < places($0.key) }.compactMap(\.value.next).min()
    }
}
