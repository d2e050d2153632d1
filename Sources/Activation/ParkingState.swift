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
        case park(InstanceID)
        case drop(InstanceID)
    }

    private struct Wanted {
        var starts: [NIODeadline] = []
        var lastStart: NIODeadline
        var maximum: Int
        /// In the order in which they were asked for.
        var coming: [Coming] = []
        var ready: [InstanceID] = []
    }

    private struct Coming {
        var id: InstanceID
        /// The launcher has been asked: from then on it may be claimed.
        var isAskedFor = false
    }

    package let limits: Limits
    private var versions: [RunnableVersion.Key: Wanted] = [:]
    /// Coming ones whose version is not wanted any more.
    private var abandoned: Set<InstanceID> = []
    private var pausedUntil: NIODeadline?
    /// How many were asked for and are neither there nor lost yet, nor claimed.
    package private(set) var preparing = 0

    package init(limits: Limits = Limits()) { self.limits = limits }

    package var count: Int { versions.values.reduce(0) { $0 + $1.coming.count + $1.ready.count } }

    /// The one that was prepared last, whose memory is the warmest; else the one that comes next, which is then the start's own: what is told of it does not
    /// matter here any more.
    package mutating func take(_ key: RunnableVersion.Key) -> InstanceID? {
        if let ready = versions[key]?.ready.popLast() { return ready }
        guard let index = versions[key]?.coming.firstIndex(where: \.isAskedFor) else { return nil }
        preparing -= 1
        return versions[key]?.coming.remove(at: index).id
    }

    /// An instance of a version has become ready: more may be needed.
    ///
    /// - Parameters:
    ///   - maximum: how many instances the version may have. One more may be prepared: it is needed while the last one is still leaving.
    ///   - newID: makes the id of one that is to be prepared.
    package mutating func started(_ key: RunnableVersion.Key, maximum: Int, now: NIODeadline, newID: () -> InstanceID) -> [Action] {
        var wanted = versions[key] ?? Wanted(lastStart: now, maximum: maximum)
        wanted.lastStart = now
        wanted.starts.removeAll { $0 + limits.window < now }
        if wanted.starts.count < limits.each { wanted.starts.append(now) }
        versions[key] = wanted
        var actions = tick(now: now)
        if let pausedUntil, now < pausedUntil { return actions }
        pausedUntil = nil
        while let entry = versions[key], count < limits.all,
            entry.coming.count + entry.ready.count < min(entry.starts.count, limits.each, entry.maximum + 1)
        {
            let id = newID()
            versions[key]?.coming.append(Coming(id: id))
            preparing += 1
            actions.append(.park(id))
        }
        return actions
    }

    /// The launcher has been asked for it: a start may claim it. It may be there, or lost, already.
    package mutating func askedFor(_ id: InstanceID, of key: RunnableVersion.Key) {
        if let index = place(of: id, key) { versions[key]?.coming[index].isAskedFor = true }
    }

    /// It is prepared. A start may have claimed it meanwhile, or the version may have gone.
    package mutating func parked(_ id: InstanceID, of key: RunnableVersion.Key) -> [Action] {
        if abandoned.remove(id) != nil {
            preparing -= 1
            return [.drop(id)]
        }
        guard let index = place(of: id, key) else { return [] }
        preparing -= 1
        versions[key]?.coming.remove(at: index)
        versions[key]?.ready.append(id)
        return []
    }

    /// It could not be prepared, or is gone.
    package mutating func lost(_ id: InstanceID, of key: RunnableVersion.Key) {
        versions[key]?.ready.removeAll { $0 == id }
        if let index = place(of: id, key) {
            preparing -= 1
            versions[key]?.coming.remove(at: index)
        } else if abandoned.remove(id) != nil {
            preparing -= 1
        }
    }

    private func place(of id: InstanceID, _ key: RunnableVersion.Key) -> Int? { versions[key]?.coming.firstIndex { $0.id == id } }

    /// No call reaches the version any more.
    package mutating func retire(_ key: RunnableVersion.Key) -> [Action] {
        guard let gone = versions.removeValue(forKey: key) else { return [] }
        abandoned.formUnion(gone.coming.map(\.id))
        return gone.ready.map { .drop($0) }
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
