// SPDX-License-Identifier: Apache-2.0
internal import FunctionModel

/// What a server says of itself when a connection begins.
public struct NATSServerInfo: Hashable, Sendable {
    public var name: String
    public var version: String
    /// Bytes of the largest message that it takes.
    public var largestMessage: Int
    public var hasJetStream: Bool

    init(_ json: JSONValue) throws {
        guard let members = json.object, let version = members["version"]?.string, let largest = members["max_payload"]?.integer else {
            throw NATSProtocolError(description: "an INFO without version or max_payload")
        }
        name = members["server_name"]?.string ?? ""
        self.version = version
        largestMessage = largest
        hasJetStream = members["jetstream"]?.bool ?? false
    }

    /// Whether the version is at least the given one.
    public func isAtLeast(_ major: Int, _ minor: Int) -> Bool {
        let parts = version.split { $0 == "." || $0 == "-" }.prefix(2).map { Int($0) ?? 0 }
        guard parts.count == 2 else { return false }
        return (parts[0], parts[1]) >= (major, minor)
    }
}

/// Why a server cannot be talked to.
public enum NATSFailure: Error, Hashable, CustomStringConvertible {
    case closed
    case silent
    case refused(String)
    case nobodyThere(subject: String)
    case tooSlow(subject: String)
    case noServer(String)

    public var description: String {
        switch self {
        case .closed: "the connection to the NATS server has ended"
        case .silent: "the NATS server does not answer pings"
        case .refused(let text): "the NATS server says \(text)"
        case .nobodyThere(let subject): "nobody answers on '\(subject)': is JetStream on, and has it a leader?"
        case .tooSlow(let subject): "no answer on '\(subject)' in time"
        case .noServer(let reasons): "no NATS server can be reached: \(reasons)"
        }
    }
}
