// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Store

/// Everything that is stored about one function beside its newest state, and that its route is made of.
struct RouteParts {
    var versions: [VersionRecord] = []
    var aliases: [AliasRecord] = []
    var triggers: [TriggerRecord] = []
    var settings: [SettingKind: [SettingRecord]] = [:]
    var asyncConfigs: [AsyncConfigRecord] = []
    var preparation: PreparationRecord?

    /// - Returns: the parts of every function that has any.
    static func all(_ store: Store) async throws -> [String: RouteParts] {
        var all: [String: RouteParts] = [:]
        for record in try await store.versions() { all[record.function, default: RouteParts()].versions.append(record) }
        for record in try await store.aliases() { all[record.function, default: RouteParts()].aliases.append(record) }
        for record in try await store.triggers() { all[record.function, default: RouteParts()].triggers.append(record) }
        for record in try await store.asyncConfigs() { all[record.function, default: RouteParts()].asyncConfigs.append(record) }
        for record in try await store.preparations() { all[record.function, default: RouteParts()].preparation = record }
        for kind in routed {
            for record in try await store.settings(kind) {
                all[record.function, default: RouteParts()].settings[kind, default: []].append(record)
            }
        }
        return all
    }

    static func of(_ function: String, _ store: Store) async throws -> RouteParts {
        var parts = RouteParts()
        parts.versions = try await store.versions(of: function)
        parts.aliases = try await store.aliases(of: function)
        parts.triggers = try await store.triggers(of: function)
        parts.asyncConfigs = try await store.asyncConfigs(of: function)
        parts.preparation = try await store.preparation(of: function)
        for kind in routed { parts.settings[kind] = try await store.settings(kind, of: function) }
        return parts
    }

    /// The settings that decide about calls.
    private static let routed = [SettingKind.concurrency, .invocation, .provision, .scaling]

    /// A route that has all but the versions.
    var route: FunctionRoute {
        var route = FunctionRoute(state: .active, versions: [:])
        for record in aliases { route.aliases[record.alias.name] = record.alias }
        route.triggers = triggers.map(\.trigger)
        for record in asyncConfigs { route.asyncConfigs[record.qualifier] = record.config }
        route.timers = triggers.compactMap { record in
            guard case .timer(let timer) = record.trigger.kind, timer.isEnabled else { return nil }
            return RoutedTimer(
                id: record.id, name: record.trigger.name, qualifier: record.trigger.qualifier, timer: timer, since: record.modified)
        }
        route.reservedConcurrency = settings[.concurrency]?.first?.content["reservedConcurrency"]?.integer
        route.restriction = settings[.invocation]?.first.map {
            InvocationRestriction(reason: $0.content["reason"]?.string ?? "", modified: $0.modified)
        }
        for (kind, meaning) in [(SettingKind.provision, CapacitySetting.Kind.provision), (.scaling, .scaling)] {
            for record in settings[kind] ?? [] {
                route.capacity.append(
                    CapacitySetting(kind: meaning, qualifier: record.qualifier, content: record.content, since: record.modified))
            }
        }
        return route
    }
}
