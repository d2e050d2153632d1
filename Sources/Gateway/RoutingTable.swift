// SPDX-License-Identifier: Apache-2.0
internal import Activation
internal import FunctionModel

/// A version that calls can go to, with everything about it that is the same for each call.
final class ResolvedVersion: Sendable {
    let version: RunnableVersion
    let activator: FunctionActivator
    let eventHeaders: [(String, String)]
    let httpHeaders: [(String, String)]
    /// What an image reads as `Host` where the client's own does not go on.
    let host: String

    init(_ version: RunnableVersion, _ activator: FunctionActivator, _ options: GatewayOptions) {
        self.version = version
        self.activator = activator
        host = "127.0.0.1:\(version.configuration.port)"
        let common = Self.headers(of: version, options)
        eventHeaders = common + [("x-fc-control-path", "/invoke")]
        httpHeaders = common + [("x-fc-control-path", "/http-invoke")]
    }

    var timeout: Int { version.configuration.timeout }
    var name: String { version.key.function }

    /// Source of names and of what is empty: Function Compute contract §7.3.
    private static func headers(of version: RunnableVersion, _ options: GatewayOptions) -> [(String, String)] {
        let configuration = version.configuration
        let latest = version.key.version == "LATEST"
        return [
            ("x-fc-access-key-id", ""), ("x-fc-access-key-secret", ""), ("x-fc-security-token", ""),
            ("x-fc-function-name", version.key.function), ("x-fc-function-handler", configuration.handler),
            ("x-fc-function-memory", String(configuration.memorySize)), ("x-fc-function-timeout", String(configuration.timeout)),
            ("x-fc-region", options.region), ("x-fc-account-id", options.accountID), ("x-fc-qualifier", version.key.version),
            ("x-fc-version-id", latest ? "" : version.key.version), ("x-fc-service-name", ""), ("x-fc-service-logproject", ""),
            ("x-fc-service-logstore", ""), ("x-fc-retry-count", "0"),
        ]
    }
}

/// The routing snapshot as an event loop holds it: no lock, and one look-up for a call.
struct RoutingTable: Sendable {
    private struct Entry: Sendable {
        var state: FunctionRoute.State
        var versions: [String: ResolvedVersion]
    }

    private var functions: [String: Entry] = [:]
    /// Host names come in lower case from browsers: names that differ in nothing but case are not found this way.
    private var lowerCase: [String: String?] = [:]

    init() {}

    init(_ snapshot: RoutingSnapshot, _ activation: ActivationService, _ options: GatewayOptions) {
        for (name, route) in snapshot.functions {
            functions[name] = Entry(
                state: route.state, versions: route.versions.mapValues { ResolvedVersion($0, activation.activator(for: $0), options) })
            let lowered = name.lowercased()
            lowerCase[lowered] = lowerCase[lowered] == nil ? name : .some(nil)
        }
    }

    /// - Parameter anyCase: whether a name that differs in case only will do, as in a host name.
    func find(_ function: String, _ qualifier: String, anyCase: Bool) throws(ServiceError) -> ResolvedVersion {
        let entry = functions[function] ?? (anyCase ? (lowerCase[function.lowercased()] ?? nil).flatMap { functions[$0] } : nil)
        guard let entry else { throw .functionNotFound(function) }
        let version = entry.versions[qualifier]
        if qualifier != "LATEST", let version { return version }
        switch entry.state {
        case .active: break
        case .pending:
            throw ServiceError(
                status: 412, code: "FunctionNotReady", message: "function '\(function)' is not ready: its image is being prepared")
        case .failed(let reason):
            throw ServiceError(status: 412, code: "FunctionNotReady", message: "function '\(function)' cannot run: \(reason)")
        }
        guard let version else {
            throw ServiceError(
                status: 404, code: "VersionNotFound", message: "version '\(qualifier)' of function '\(function)' does not exist")
        }
        return version
    }
}
