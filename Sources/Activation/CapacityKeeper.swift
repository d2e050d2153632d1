// SPDX-License-Identifier: Apache-2.0
internal import FunctionModel
internal import Logging
internal import NIOCore
internal import Schedules
internal import Synchronization

/// Holds instances at the numbers that the functions' plans ask for, second by second.
final class CapacityKeeper: Sendable {
    struct Key: Hashable {
        var function: String
        var qualifier: String
    }

    /// One qualifier: what was planned for it, and the versions that it stands for.
    private struct Kept {
        var plans: [CapacityPlan]
        /// The part of the calls that each version gets.
        var parts: [(activator: FunctionActivator, share: Double)]
        var load = LoadHistory()
        var target = 0
    }

    private struct Wanted {
        var activator: FunctionActivator
        var instances = 0
        var startsOnDemand = true

        var isOrdinary: Bool { instances == 0 && startsOnDemand }
    }

    private struct Guarded {
        var kept: [Key: Kept] = [:]
        /// Whoever is not as it would be without any plan.
        var provisioned: [ObjectIdentifier: FunctionActivator] = [:]
        var ticking: RepeatedTask?
        var isOver = false
    }

    private let host: HostContext
    private let guarded = Mutex(Guarded())

    init(_ host: HostContext) { self.host = host }

    /// Takes over the plans of a snapshot, and holds to them at once.
    ///
    /// - Parameter activator: finds the activator of a version.
    func adopt(_ snapshot: RoutingSnapshot, activator: (RunnableVersion) -> FunctionActivator) {
        var kept: [Key: Kept] = [:]
        for (name, route) in snapshot.functions {
            for setting in route.capacity {
                let key = Key(function: name, qualifier: setting.qualifier)
                guard let plan = plan(setting, of: name) else { continue }
                kept[key, default: Kept(plans: [], parts: Self.parts(of: route, setting.qualifier, activator))].plans.append(plan)
            }
        }
        guarded.withLock { guarded in
            for (key, old) in guarded.kept { kept[key]?.load = old.load }
            guarded.kept = kept
        }
        hold()
        tickWhereNeeded()
    }

    func stop() {
        guarded.withLock { guarded in
            guarded.isOver = true
            guarded.kept = [:]
            guarded.ticking?.cancel()
            guarded.ticking = nil
        }
    }

    /// How a qualifier stands: instances that are ready for it, the number that is aimed at, and why it is not reached.
    func standing(_ key: Key) -> (current: Int, target: Int, error: String?)? {
        guard let kept = guarded.withLock({ $0.kept[key] }) else { return nil }
        var (current, error): (Int, String?) = (0, nil)
        for part in kept.parts {
            let standing = part.activator.provisionStanding()
            current += standing.current
            error = error ?? standing.error
        }
        return (min(current, kept.target), kept.target, current < kept.target ? error : nil)
    }

    private func plan(_ setting: CapacitySetting, of function: String) -> CapacityPlan? {
        do throws(ServiceError) {
            switch setting.kind {
            case .provision: return try CapacityPlan(provision: setting.content, since: setting.since)
            case .scaling: return try CapacityPlan(scaling: setting.content, since: setting.since)
            }
        } catch {
            host.logger.error(
                "a stored plan of provisioned instances cannot be read and is left out",
                metadata: ["function": "\(function)", "qualifier": "\(setting.qualifier)", "error": "\(error)"])
            return nil
        }
    }

    private static func parts(
        of route: FunctionRoute, _ qualifier: String, _ activator: (RunnableVersion) -> FunctionActivator
    ) -> [(activator: FunctionActivator, share: Double)] {
        let alias = route.aliases[qualifier] ?? FunctionAlias(name: qualifier, version: qualifier)
        let share = alias.additional?.share.fraction ?? 0
        return [(alias.version, 1 - share), (alias.additional?.version, share)].compactMap { version, share in
            guard share > 0, let version, let runnable = route.versions[version] else { return nil }
            return (activator(runnable), share)
        }
    }

    private func hold() {
        let now = Timestamp(milliseconds: host.clock.unixMilliseconds())
        let wanted = guarded.withLock { guarded -> [Wanted] in
            var wanted: [ObjectIdentifier: Wanted] = [:]
            for activator in guarded.provisioned.values { wanted[ObjectIdentifier(activator)] = Wanted(activator: activator) }
            for key in guarded.kept.keys {
                guard var kept = guarded.kept[key] else { continue }
                let concurrency = kept.parts.first.map { max(1, $0.activator.version.configuration.instanceConcurrency) } ?? 1
                kept.target = kept.plans.map { $0.target(at: now, load: kept.load, concurrency: concurrency) }.max() ?? 0
                guarded.kept[key] = kept
                for part in kept.parts {
                    var one = wanted[ObjectIdentifier(part.activator)] ?? Wanted(activator: part.activator)
                    // Rounded up, so that a version with few of the calls is warm for them too.
                    one.instances += Int((Double(kept.target) * part.share).rounded(.up))
                    one.startsOnDemand = one.startsOnDemand && kept.plans.allSatisfy(\.startsOnDemand)
                    wanted[ObjectIdentifier(part.activator)] = one
                }
            }
            guarded.provisioned = wanted.compactMapValues { $0.isOrdinary ? nil : $0.activator }
            return Array(wanted.values)
        }
        for one in wanted { one.activator.provision(one.instances, startsOnDemand: one.startsOnDemand) }
    }

    private func tickWhereNeeded() {
        guarded.withLock { guarded in
            if guarded.kept.isEmpty || guarded.isOver {
                guarded.ticking?.cancel()
                guarded.ticking = nil
            } else if guarded.ticking == nil {
                guarded.ticking = host.loops.next().scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { _ in self.tick() }
            }
        }
    }

    private func tick() {
        guarded.withLock { guarded in
            for key in guarded.kept.keys {
                let calls = guarded.kept[key]?.parts.reduce(0) { $0 + $1.activator.callsInProgress } ?? 0
                guarded.kept[key]?.load.add(calls)
            }
        }
        hold()
    }
}
