// SPDX-License-Identifier: Apache-2.0
public import FunctionModel

/// Which lines of a log are wanted.
public struct LogFilter: Hashable, Sendable {
    /// RFC 3339 as the log itself writes it; nil for all.
    public var since: String?
    public var request: RequestID?

    /// - Parameter since: lines from this moment on.
    public init(since: LogTime? = nil, request: RequestID? = nil) {
        self.since = since?.text
        self.request = request
    }

    public var isEmpty: Bool { since == nil && request == nil }

    /// Times of one format and zone compare as texts.
    public func matches(_ line: LogLine) -> Bool {
        (since.map { line.time >= $0 } ?? true) && (request.map { line.request == $0 } ?? true)
    }
}
