// SPDX-License-Identifier: Apache-2.0
public import Logging
public import NIOCore

/// Keeps a connection to one of a cluster's servers; where it breaks, the next call makes one to the next server.
public actor NATSClient {
    public nonisolated let cluster: NATSCluster
    private let group: any EventLoopGroup
    private let random: @Sendable () -> UInt64
    private let logger: Logger
    private var next = 0
    private var current: NATSConnection?
    private var connecting: Task<NATSConnection, any Error>?
    private var isClosed = false

    /// - Parameter random: for names of inboxes, which nobody may guess.
    public init(_ cluster: NATSCluster, group: any EventLoopGroup, random: @escaping @Sendable () -> UInt64, logger: Logger) {
        self.cluster = cluster
        self.group = group
        self.random = random
        self.logger = logger
        next = Int(random() % UInt64(cluster.servers.count))
    }

    /// The connection that there is, or a new one.
    ///
    /// - Throws: ``NATSFailure/noServer(_:)`` where each server has been tried once.
    public func connection() async throws -> NATSConnection {
        if let current, current.isOpen { return current }
        if let connecting { return try await connecting.value }
        let task = Task { try await connect() }
        connecting = task
        defer { connecting = nil }
        let connection = try await task.value
        current = connection
        return connection
    }

    private func connect() async throws -> NATSConnection {
        guard !isClosed else { throw NATSFailure.closed }
        var reasons: [String] = []
        for _ in cluster.servers {
            let server = cluster.servers[next % cluster.servers.count]
            do {
                let connection = try await NATSConnection.connect(to: server, login: cluster.login, group: group, random: random())
                logger.notice("connected to NATS", metadata: ["server": "\(server)", "version": "\(connection.server.version)"])
                return connection
            } catch {
                reasons.append("\(server): \(error)")
                next += 1
            }
        }
        throw NATSFailure.noServer(reasons.joined(separator: "; "))
    }

    /// Gives up the connection, so that the next call takes another server: this one does not do what it should.
    public func leave(_ connection: NATSConnection) {
        guard current === connection else { return }
        connection.close()
        current = nil
        next += 1
    }

    public func close() {
        isClosed = true
        current?.close()
        current = nil
    }
}
