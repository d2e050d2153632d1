// SPDX-License-Identifier: Apache-2.0

/// The bounds of a function's fields.
///
/// Source: Function Compute 3.0, data model of API 2023-03-30 and its quotas; the ones marked "here" are Swiftlet's, where no source gives any.
public enum FunctionLimits {
    public static let nameLength = 1...64
    /// Virtual CPUs, in steps of 0.05.
    public static let cpu = 0.05...16.0
    /// Megabytes, in steps of 64.
    public static let memorySize = 128...32768
    public static let memoryStep = 64
    /// Gigabytes of memory for each virtual CPU.
    public static let memoryPerCPU = 1.0...4.0
    /// Megabytes.
    public static let diskSizes = [512, 10240]
    /// Seconds.
    public static let timeout = 1...86400
    public static let instanceConcurrency = 1...200
    /// Here: 0 ends an instance as soon as it is idle.
    public static let idleTimeout = 0...86400
    /// Here.
    public static let maximumInstances = 1...10000
    public static let port = 1...65535
    /// Bytes of all names and values together.
    public static let environmentBytes = 4096
    public static let layers = 5
    /// Seconds.
    public static let initializerTimeout = 1...300
    /// Seconds.
    public static let preStopTimeout = 1...90
    public static let healthPathLength = 2048
    public static let healthInitialDelay = 0...120
    public static let healthPeriod = 1...120
    public static let healthTimeout = 1...3
    public static let healthThreshold = 1...120
    /// Here: bytes of the image's name.
    public static let imageLength = 512
    /// Here: bytes of one description.
    public static let descriptionBytes = 1024
    /// Here: bytes of all words of `entrypoint` or of `command`.
    public static let argumentBytes = 65536
    /// Here: bytes of JSON that are kept for fields without a meaning to this host.
    public static let storedBytes = 65536
    /// Here.
    public static let tags = 20
    /// Here: what a function may ask for beyond an ordinary user, by the names of capabilities(7) without `CAP_`.
    public static let capabilities = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID"]
    /// Here: lists of the system calls that a function may make; docs/sandbox.md has them.
    public static let seccompProfiles = ["default", "strict"]
}

extension ServiceError {
    /// A violated rule: names the field, what it held, and what it may hold.
    public static func invalid(_ field: String, _ value: JSONValue, _ rule: String) -> ServiceError {
        let text = value.text
        let shown = text.utf8.count <= 120 ? text : String(text.prefix(100)) + "…"
        return invalidArgument("\(field): \(shown) is not allowed; \(rule)")
    }

    /// A required field that is not there.
    public static func missing(_ field: String, _ rule: String) -> ServiceError {
        invalidArgument("\(field) is required but not provided; \(rule)")
    }
}
