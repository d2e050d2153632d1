// SPDX-License-Identifier: Apache-2.0

/// A call that the host makes to an instance of its own accord: before its first invocation, or before its end.
///
/// Source: InstanceLifecycleConfig of Function Compute API 2023-03-30, and Function Compute contract §7.4.
public struct LifecycleHook: Hashable, Sendable {
    /// Seconds that it may take.
    public var timeout: Int

    private static let defaultTimeout = 3

    /// - Returns: nil where the hook is not configured: no such object, an empty one, or one whose handler is empty.
    init?(_ json: JSONValue?) {
        guard let members = json?.object, !members.isEmpty, members["handler"] != "" else { return nil }
        timeout = members["timeout"]?.integer ?? Self.defaultTimeout
    }

    /// Checks an InstanceLifecycleConfig.
    static func check(_ reader: FieldReader) throws(ServiceError) {
        for (name, bounds) in [("initializer", FunctionLimits.initializerTimeout), ("preStop", FunctionLimits.preStopTimeout)] {
            guard let hook = try reader.object(name) else { continue }
            _ = try hook.string("handler", maximumBytes: 128)
            _ = try hook.integer("timeout", bounds, unit: " seconds")
            if let command = hook.members["command"], !command.isEmpty {
                throw .invalid(
                    hook.field("command"), command, "only functions with a GPU have it; give a handler, and answer the hook over HTTP")
            }
        }
    }
}

extension FunctionConfiguration {
    /// `POST /initialize`, before the first invocation.
    public var initializer: LifecycleHook? { LifecycleHook(stored["instanceLifecycleConfig"]?.object?["initializer"]) }

    /// `GET /pre-stop`, before the instance ends.
    public var preStop: LifecycleHook? { LifecycleHook(stored["instanceLifecycleConfig"]?.object?["preStop"]) }

    /// Whether calls may start instances; where not, only provisioned ones serve.
    public var isOnDemandDisabled: Bool { stored["disableOndemand"] == true }

    /// Whether the image has no server: its program is run to its end for each event.
    public var runsPerEvent: Bool { storedContainer["webServerMode"] == false }

    /// What needs a server cannot be asked of an image without one.
    func checkServer() throws(ServiceError) {
        guard runsPerEvent else { return }
        let asked: [(Bool, String)] = [
            (instanceConcurrency > 1, "instanceConcurrency above 1"), (healthCheck != nil, "a health check"),
            (initializer != nil, "an initializer"),
            (preStop != nil, "a preStop hook"), (isOnDemandDisabled, "disableOndemand"),
        ]
        guard let words = asked.first(where: \.0)?.1 else { return }
        throw .invalidArgument(
            "customContainerConfig.webServerMode: false does not go with \(words): the program is started for each event, and serves no port"
        )
    }
}
