// SPDX-License-Identifier: Apache-2.0

/// What a function is made of: everything that a version freezes. Defaults are Swiftlet's where Function Compute leaves them to its tools.
///
/// It is read from and written as the JSON of the API (``apply(_:)``, ``json``), also where it is stored: what an older Swiftlet wrote has the
/// defaults of today in the fields that it did not know.
public struct FunctionConfiguration: Hashable, Sendable {
    /// The image as the user named it, for example `hello:1`.
    public var image: String
    /// Overrides the image's ENTRYPOINT; nil keeps the image's own.
    public var entrypoint: [String]?
    /// Overrides the image's CMD; nil keeps the image's own, unless `entrypoint` is set.
    public var command: [String]?
    /// The TCP port on which the image's server listens.
    public var port: Int = 9000
    public var environment: [String: String] = [:]
    /// Laid under `/opt` in this order, later ones over earlier ones.
    public var layers: [FunctionLayer] = []
    public var healthCheck: HealthCheck?
    /// Names of ``FunctionLimits/capabilities`` that the program has within its own ids, sorted. Swiftlet's own; by default it has none.
    public var capabilities: [String] = []
    /// One of ``FunctionLimits/seccompProfiles``. Swiftlet's own.
    public var seccompProfile: String = "default"
    /// Megabytes (2^20 bytes).
    public var memorySize: Int = 512
    /// Virtual CPUs.
    public var cpu: Double = 0.35
    /// Megabytes (2^20 bytes) for the writable `/tmp`.
    public var diskSize: Int = 512
    /// Seconds that one invocation may take.
    public var timeout: Int = 60
    /// Invocations that one instance serves at once.
    public var instanceConcurrency: Int = 1
    /// The most instances alive at once; nil leaves only the host's own bound.
    public var maximumInstances: Int?
    /// Seconds without an invocation after which an instance ends.
    public var idleTimeout: Int = 300
    public var description: String = ""
    public var handler: String = "index.handler"
    /// Fields of the API that mean nothing to this host (yet): checked where a rule is known, kept, and echoed.
    public var stored: [String: JSONValue] = [:]
    /// The same for the fields inside `customContainerConfig`.
    public var storedContainer: [String: JSONValue] = [:]

    public init(image: String) { self.image = image }
}

/// Probes an instance with `GET path`; an answer from 200 to 399 is healthy.
///
/// Source: CustomHealthCheckConfig of Function Compute API 2023-03-30, which also sets these defaults and bounds.
public struct HealthCheck: Hashable, Sendable {
    public var path: String
    /// Seconds, 0 to 120.
    public var initialDelay: Int = 0
    /// Seconds, 1 to 120, between probes of a running instance. Until the first success the host probes as fast as the instance answers.
    public var period: Int = 3
    /// Seconds, 1 to 3, for one probe.
    public var timeout: Int = 1
    public var failureThreshold: Int = 3
    public var successThreshold: Int = 1

    public init(path: String) { self.path = path }
}
