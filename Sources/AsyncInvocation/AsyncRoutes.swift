// SPDX-License-Identifier: Apache-2.0
internal import FunctionModel
internal import Synchronization

/// What asynchronous invocations are routed by.
final class AsyncRoutes: Sendable {
    private struct Guarded {
        var snapshot = RoutingSnapshot()
        /// How often each alias was called; its versions share the calls by it.
        var calls: [String: UInt64] = [:]
    }

    private let guarded = Mutex(Guarded())

    func publish(_ snapshot: RoutingSnapshot) { guarded.withLock { $0.snapshot = snapshot } }

    /// The version that an invocation goes to.
    ///
    /// - Throws: ``ServiceError`` 404 for what does not exist, 403 and 412 for what cannot run at present.
    func find(_ function: String, _ qualifier: String) throws(ServiceError) -> RunnableVersion {
        let found = guarded.withLock { guarded -> (route: FunctionRoute, version: String)? in
            guard let route = guarded.snapshot.functions[function] else { return nil }
            guard route.restriction == nil else { return (route, qualifier) }
            guard let alias = route.aliases[qualifier] else { return (route, qualifier) }
            guard let additional = alias.additional else { return (route, alias.version) }
            let call = guarded.calls["\(function)/\(qualifier)", default: 0]
            guarded.calls["\(function)/\(qualifier)"] = call + 1
            return (route, additional.share.takes(call: call) ? additional.version : alias.version)
        }
        guard let (route, name) = found else { throw .functionNotFound(function) }
        if let restriction = route.restriction { throw InvocationRestriction.error(function, reason: restriction.reason) }
        if let version = route.versions[name] { return version }
        switch route.state {
        case .active:
            throw ServiceError(
                status: 404, code: "VersionNotFound",
                message: "'\(qualifier)' of function '\(function)' does not exist, or its image is gone")
        case .pending:
            throw ServiceError(
                status: 412, code: "FunctionNotReady", message: "function '\(function)' is not ready: its image is being prepared")
        case .failed(let reason):
            throw ServiceError(status: 412, code: "FunctionNotReady", message: "function '\(function)' cannot run: \(reason)")
        }
    }

    func config(_ function: String, _ qualifier: String) -> AsyncInvokeConfig {
        guarded.withLock { $0.snapshot.functions[function]?.asyncConfigs[qualifier] } ?? AsyncInvokeConfig()
    }

    /// How many calls a function can take at once, of all its versions the one that stands the most.
    func concurrency(_ function: String) -> Int? {
        guarded.withLock { guarded in
            let functions = guarded.snapshot.functions
            return functions[function]?.versions.values.map {
                let instances = min($0.configuration.maximumInstances ?? .max / 256, functions[function]?.reservedConcurrency ?? .max / 256)
                return instances * max(1, $0.configuration.instanceConcurrency)
            }.max()
        }
    }
}
