// SPDX-License-Identifier: Apache-2.0
internal import FunctionModel
internal import Synchronization

/// An alias with the versions that it leads to, as calls find it. One for all event loops: they share the count by which its calls are split.
final class ResolvedAlias: Sendable {
    let alias: FunctionAlias
    /// By number or `LATEST`; one that the host does not have any more is missing.
    let versions: [String: ResolvedVersion]
    private let calls: Atomic<UInt64>

    init(_ alias: FunctionAlias, _ known: [String: ResolvedVersion], _ options: GatewayOptions, previous: ResolvedAlias?) {
        self.alias = alias
        var versions: [String: ResolvedVersion] = [:]
        for name in [alias.version, alias.additional?.version].compactMap({ $0 }) {
            versions[name] = known[name].map { ResolvedVersion($0.version, $0.activator, options, qualifier: alias.name, meter: $0.meter) }
        }
        self.versions = versions
        calls = Atomic(previous.flatMap { $0.alias == alias ? $0.calls.load(ordering: .relaxed) : nil } ?? 0)
    }

    /// The version that the next call goes to.
    ///
    /// - Parameter caller: what the request says at a key; nil where it says nothing there, and the call is split as if the alias were not sticky.
    func pick(_ caller: (StickyKey) -> String?) -> String {
        guard let additional = alias.additional else { return alias.version }
        let takes =
            if let key = alias.sticky, let caller = caller(key) { additional.share.takes(caller: caller, of: alias.name) } else {
                additional.share.takes(call: calls.add(1, ordering: .relaxed).oldValue)
            }
        return takes ? additional.version : alias.version
    }
}
