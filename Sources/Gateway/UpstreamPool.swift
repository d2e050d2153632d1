// SPDX-License-Identifier: Apache-2.0
internal import Activation
internal import NIOCore

/// The idle connections of one event loop to instances and to the control API. The last one given back is the first one taken.
///
/// Closing a connection calls back into ``remove(_:)`` at once, so each is out of the table before it is closed.
final class UpstreamPool {
    /// Where a connection leads: an instance, or the control API.
    typealias Key = ObjectIdentifier

    private var idle: [Key: [UpstreamConnection]] = [:]

    var isEmpty: Bool { idle.isEmpty }
    var count: Int { idle.values.reduce(0) { $0 + $1.count } }

    func take(_ key: Key, notOlderThan oldest: NIODeadline) -> UpstreamConnection? {
        // An empty list stays for the next one that comes back; ``closeOlder(than:)`` takes it away.
        while let connection = idle[key]?.popLast() {
            if connection.isOpen, connection.idleSince >= oldest { return connection }
            connection.close()
        }
        return nil
    }

    func put(_ connection: UpstreamConnection, now: NIODeadline) {
        connection.idleSince = now
        idle[connection.key, default: []].append(connection)
    }

    /// The connection was closed by the other side.
    func remove(_ connection: UpstreamConnection) {
        idle[connection.key]?.removeAll { $0 === connection }
    }

    func closeOlder(than oldest: NIODeadline) {
        for (key, connections) in idle where connections.isEmpty || connections.contains(where: { $0.idleSince < oldest }) {
            idle[key] = nil
            for connection in connections {
                if connection.idleSince < oldest { connection.close() } else { idle[key, default: []].append(connection) }
            }
        }
    }

    func close(_ key: Key) {
        for connection in idle.removeValue(forKey: key) ?? [] { connection.close() }
    }

    func closeAll() {
        let all = idle.values.flatMap { $0 }
        idle = [:]
        for connection in all { connection.close() }
    }
}
