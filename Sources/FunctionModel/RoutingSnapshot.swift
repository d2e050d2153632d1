// SPDX-License-Identifier: Apache-2.0

/// Everything needed to start an instance and to send it a call, with the image already resolved. It never changes; an update makes a new one.
public struct RunnableVersion: Hashable, Sendable {
    /// Names one frozen state of one function: changes whenever anything that an instance is started from changes.
    public struct Key: Hashable, Sendable {
        public var function: String
        /// `LATEST` or digits.
        public var version: String
        /// Counts updates of `LATEST`, so that instances of the old code are never taken for the new.
        public var revision: Int64

        public init(function: String, version: String, revision: Int64) {
            self.function = function
            self.version = version
            self.revision = revision
        }
    }

    public var key: Key
    public var configuration: FunctionConfiguration
    /// The manifest that the image reference was pinned to.
    public var manifest: Digest
    /// Trees of the image's layers and over them of the function's own, lowest first.
    public var layers: [Digest]
    /// Program and arguments, already merged from image and configuration.
    public var arguments: [String]
    /// `NAME=value`, already merged from image and configuration; the `FC_*` variables of one instance are added when it starts.
    public var environment: [String]
    public var workingDirectory: String
    /// The image's USER as written: `name`, `uid`, `name:group`, `uid:gid` or empty.
    public var user: String

    public init(
        key: Key, configuration: FunctionConfiguration, manifest: Digest, layers: [Digest], arguments: [String], environment: [String],
        workingDirectory: String, user: String
    ) {
        self.key = key
        self.configuration = configuration
        self.manifest = manifest
        self.layers = layers
        self.arguments = arguments
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.user = user
    }
}

/// What a function answers to at one moment.
public struct FunctionRoute: Hashable, Sendable {
    /// Why the function cannot be called yet, or at all, in the words of the service; nil where it can.
    public enum State: Hashable, Sendable {
        case active
        case pending
        case failed(reason: String)
    }

    public var state: State
    /// By version: `LATEST` and digits.
    public var versions: [String: RunnableVersion]
    /// By name. A version that an alias names may be missing from ``versions``: it was deleted, or its image is gone.
    public var aliases: [String: FunctionAlias]
    /// Set where somebody has switched the function off.
    public var restriction: InvocationRestriction?
    /// The most instances that may be at work at once, over all versions; 0 forbids all calls, nil leaves the bounds of configuration and host.
    public var reservedConcurrency: Int?
    public var triggers: [FunctionTrigger] = []
    /// By qualifier: how asynchronous invocations of it are retried. One that has none goes by the defaults.
    public var asyncConfigs: [String: AsyncInvokeConfig] = [:]
    /// Timer triggers that are enabled.
    public var timers: [RoutedTimer] = []
    public var capacity: [CapacitySetting] = []

    public init(state: State, versions: [String: RunnableVersion], aliases: [String: FunctionAlias] = [:]) {
        self.state = state
        self.versions = versions
        self.aliases = aliases
    }
}

/// What was put to keep instances of a qualifier alive.
public struct CapacitySetting: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        /// A PutProvisionConfigInput.
        case provision
        /// A PutScalingConfigInput.
        case scaling
    }

    public var kind: Kind
    /// `LATEST` or an alias.
    public var qualifier: String
    public var content: [String: JSONValue]
    public var since: Timestamp

    public init(kind: Kind, qualifier: String, content: [String: JSONValue], since: Timestamp) {
        self.kind = kind
        self.qualifier = qualifier
        self.content = content
        self.since = since
    }
}

/// All functions at one moment. The gateway reads it without a lock: each event loop holds the newest one that was published to it.
public struct RoutingSnapshot: Sendable {
    public var functions: [String: FunctionRoute]
    /// By name, in lower case.
    public var domains: [String: CustomDomain]

    public init(functions: [String: FunctionRoute] = [:], domains: [String: CustomDomain] = [:]) {
        self.functions = functions
        self.domains = domains
    }
}

/// Takes each new snapshot. When `publish` returns, every call that arrives from then on is routed by it.
public protocol RoutingSubscriber: Sendable {
    func publish(_ snapshot: RoutingSnapshot) async
}
