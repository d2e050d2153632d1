// SPDX-License-Identifier: Apache-2.0
package import FunctionModel
package import NIOCore

/// Decides for which versions instances are prepared ahead of need, and how many. A pure value: it is told what happened, and answers with what to do.
///
/// A version is wanted from the first start that came to be ready: as many as started in the last two seconds, at least one, and none any more
/// after ten minutes without a start. Under memory pressure everything goes, and nothing is prepared for a while.
package struct ParkingState {
    package struct Limits: Sendable {
        /// Of one version, and of the host.
        package var each = 16
        package var all = 64
        package var window: TimeAmount = .seconds(2)
        package var keep: TimeAmount = .minutes(10)
        package var pressurePause: TimeAmount = .seconds(30)

        package init() {}
    }

    package enum Action: Hashable, Sendable {
        case park(RunnableVersion.Key)
        case drop(InstanceID)
    }

    private struct Wanted {
        var starts: [NIODeadline] = []
        var lastStart: NIODeadline
        var maximum: Int
        var coming = 0
        var ready: [InstanceID] = []
    }

    package let limits: Limits
    private var versions: [RunnableVersion.Key: Wanted] = [:]
    private var pausedUntil: NIODeadline?
    /// How many were asked for and are neither there nor lost yet.
    package private(set) var preparing = 0

    package init(limits: Limits = Limits()) { self.limits = limits }

    package var count: Int { versions.values.reduce(0) { $0 + $1.coming + $1.ready.count } }

    /// The one that was prepared last, whose memory is the warmest.
    package mutating func take(_ key: RunnableVersion.Key) -> InstanceID? { versions[key]?.ready.popLast() }

    /// An instance of a version has become ready: more may be needed.
    ///
    /// - Parameter maximum: how many instances the version may have. One more may be prepared: it is needed while the last one is still leaving.
    package mutating func started(_ key: RunnableVersion.Key, maximum: Int, now: NIODeadline) -> [Action] {
        var wanted = versions[key] ?? Wanted(lastStart: now, maximum: maximum)
        wanted.lastStart = now
        wanted.starts.removeAll { $0 + limits.window < now }
        if wanted.starts.count < limits.each { wanted.starts.append(now) }
        versions[key] = wanted
        var actions = tick(now: now)
        if let pausedUntil, now < pausedUntil { return actions }
        pausedUntil = nil
        while let entry = versions[key], entry.coming + entry.ready.count < min(entry.starts.count, limits.each, entry.maximum + 1),
            count < limits.all
        {
            versions[key]?.coming += 1
            preparing += 1
            actions.append(.park(key))
        }
        return actions
    }

    /// It is prepared. The version may have gone meanwhile.
    package mutating func parked(_ id: InstanceID, of key: RunnableVersion.Key) -> [Action] {
        preparing -= 1
        guard versions[key] != nil else { return [.drop(id)] }
        versions[key]?.coming -= 1
        versions[key]?.ready.append(id)
        return []
    }

    /// It could not be prepared, or is gone.
    package mutating func lost(_ id: InstanceID, of key: RunnableVersion.Key) {
        if let index = versions[key]?.ready.firstIndex(of: id) {
            versions[key]?.ready.remove(at: index)
            return
        }
        preparing -= 1
        if let coming = versions[key]?.coming, coming > 0 { versions[key]?.coming = coming - 1 }
    }

    /// No call reaches the version any more.
    package mutating func retire(_ key: RunnableVersion.Key) -> [Action] {
        versions.removeValue(forKey: key)?.ready.map { .drop($0) } ?? []
    }

    /// Versions without a start for long give theirs up.
    package mutating func tick(now: NIODeadline) -> [Action] {
        versions.filter { $0.value.lastStart + limits.keep < now }.keys.flatMap { retire($0) }
    }

    /// The host is short of memory.
    package mutating func pressure(now: NIODeadline) -> [Action] {
        pausedUntil = now + limits.pressurePause
        return Array(versions.keys).flatMap { retire($0) }
    }
}
