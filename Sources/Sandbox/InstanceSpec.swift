// SPDX-License-Identifier: Apache-2.0
public import FunctionModel

/// What the daemon asks of the launcher for one instance: intent only. It has no host path and no mount flag in it, and of
/// capabilities only those that reach nothing outside.
public struct InstanceSpec: Hashable, Sendable {
    public var id: InstanceID
    /// The same for all instances of one frozen version of one function, and for no other; empty stands for an instance that is like no other. What the
    /// kernel remembers of a network when all in it is closed may be seen by the next instance of the same owner, and by nobody else.
    public var owner = ""
    /// Diff ids of the read-only layers, lowest first.
    public var layers: [Digest]
    /// Program and arguments. A program without a slash is looked up in the `PATH` of `environment`, inside the root.
    public var arguments: [String]
    /// `NAME=value`.
    public var environment: [String]
    /// Absolute, inside the root. A missing one is an error that names it. Empty stands for `/`.
    public var workingDirectory: String
    /// As the image writes it: `name`, `uid`, `name:group`, `uid:gid`; empty stands for root. Names are looked up in the image's own files.
    public var user: String
    public var hostname: String
    public var limits: InstanceLimits
    /// What the program has beyond an ordinary user, within its own ids.
    public var capabilities: InstanceCapabilities = []
    /// How it finds names on a network outside of itself; nil for an instance that has only its own loopback.
    public var internet: NameService?
    public var profile = SystemCallProfile.standard
    /// The port whose `listen(2)` is reported as ``InstanceEvent/listening``.
    public var port: UInt16
    /// Whether that is reported at all. The report holds the program up for a tenth of a millisecond; who knows that it listens sooner than it is worth
    /// tells the launcher with ``LauncherRequest/listens(_:)``.
    public var reportsListen = true

    public init(
        id: InstanceID, layers: [Digest], arguments: [String], environment: [String], workingDirectory: String, user: String,
        hostname: String, limits: InstanceLimits, port: UInt16
    ) {
        self.id = id
        self.layers = layers
        self.arguments = arguments
        self.environment = environment
        self.workingDirectory = workingDirectory
        self.user = user
        self.hostname = hostname
        self.limits = limits
        self.port = port
    }
}

/// Which system calls a program may make. docs/sandbox.md has the lists.
public enum SystemCallProfile: String, CaseIterable, Hashable, Sendable {
    /// What container engines allow by default.
    case standard = "default"
    /// What a server that talks IP, runs threads and programs, and reads and writes files gets by with.
    case strict

    var number: UInt8 { self == .standard ? 0 : 1 }
}

/// What one instance may use.
public struct InstanceLimits: Hashable, Sendable {
    /// Bytes, memory and swap together.
    public var memory: UInt64
    /// Thousandths of a CPU.
    public var milliCPU: UInt32
    /// Processes and threads. Source of the default: Function Compute's quota of 1024 for one instance.
    public var processes: UInt32 = 1024
    /// Open descriptors of one process. Source of the default: Function Compute's quota of 100000 for one instance.
    public var openFiles: UInt64 = 100_000
    /// Bytes of the writable `/tmp`.
    public var temporary: UInt64

    public init(memory: UInt64, milliCPU: UInt32, temporary: UInt64) {
        self.memory = memory
        self.milliCPU = milliCPU
        self.temporary = temporary
    }
}

/// How an instance's program ended.
public enum InstanceExit: Hashable, Sendable {
    case exited(status: Int32)
    case signaled(Int32)
    /// The kernel killed a process of the instance because its cgroup was over its memory limit.
    case outOfMemory
}

/// A failure to start, in the step where it happened, for example step `mount overlay` with `EINVAL`.
public struct LaunchFailure: Error, Hashable, Sendable, CustomStringConvertible {
    /// Which step failed and on what, in words; never a host path.
    public var step: String
    /// `errno` of the failed call, or 0 where none failed, for example for a spec that was refused.
    public var errno: Int32

    public init(step: String, errno: Int32) {
        self.step = step
        self.errno = errno
    }

    public var description: String { errno == 0 ? step : "\(step): errno \(errno)" }
}
