// SPDX-License-Identifier: Apache-2.0
public import FunctionModel

/// One line of a function's log, as the API gives it and, but for begin and end of calls, as it lies in the log file: a JSON object on a line of its own.
public struct LogLine: Codable, Hashable, Sendable {
    public enum Stream: String, Codable, Sendable {
        case stdout, stderr
        /// Swiftlet's own words about the instance: start and end of invocations, how the program ended.
        case platform
    }

    /// RFC 3339, UTC, microseconds.
    public var time: String
    public var stream: Stream
    public var version: String
    public var instance: InstanceID
    /// Known while the instance serves just one invocation.
    public var request: RequestID?
    /// The W3C trace that the invocation belongs to, where somebody records one.
    public var trace: String?
    public var message: String

    public init(
        time: String, stream: Stream, version: String, instance: InstanceID, request: RequestID?, trace: String? = nil, message: String
    ) {
        self.time = time
        self.stream = stream
        self.version = version
        self.instance = instance
        self.request = request
        self.trace = trace
        self.message = message
    }
}
