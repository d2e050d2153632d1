// SPDX-License-Identifier: Apache-2.0
import AsyncInvocation
import Catalog
import FunctionModel
import Glibc
import InvocationQueue
import Logging
import NATS
import NIOCore

/// The queue of this host: a file of its own, or what it shares with the hosts of its cluster.
struct HostQueue {
    let queue: any InvocationQueue
    /// What workers are bounded by, with what a shared queue asks for.
    let options: AsyncOptions
    /// Nil for a host by itself.
    let jetStream: JetStream?
    let close: @Sendable () async throws -> Void

    /// Waits for NATS servers that are not there yet for so long.
    private static let patience = Duration.seconds(30)

    /// - Throws: ``CommandFailure`` where the cluster cannot be used, and says why.
    static func open(
        _ options: ServeOptions, data: String, group: any EventLoopGroup, now: Timestamp, logger: Logger
    ) async throws -> HostQueue {
        guard var cluster = options.cluster else {
            let queue = try EmbeddedQueue(path: data + "/queue.db", now: now)
            return HostQueue(queue: queue, options: options.asynchronous, jetStream: nil, close: { try queue.close() })
        }
        cluster.login = try login()
        let client = NATSClient(cluster, group: group, random: { .random(in: .min ... .max) }, logger: logger)
        let server = try await reach(client, logger)
        try check(server, cluster, options, logger)
        let jetStream = JetStream(client)
        let host = try HostID.read(in: data)
        let queue: SharedQueue
        do {
            queue = try await SharedQueue.open(
                jetStream, .init(host: host, path: data + "/shared-queue.db"), now: now, random: .random(in: .min ... .max), logger: logger)
        } catch {
            await client.close()
            throw CommandFailure("cannot use the queue of the cluster \(cluster.text): \(error)")
        }
        var asynchronous = options.asynchronous
        // What a host had when it was lost is somebody else's this much later.
        asynchronous.lease = 15_000
        asynchronous.definitionDelay = 30_000
        return HostQueue(
            queue: queue, options: asynchronous, jetStream: jetStream,
            close: {
                try await queue.close()
                await client.close()
            })
    }

    /// Joins the definitions of the cluster; nil for a host by itself.
    func definitions(of catalog: Catalog, logger: Logger) async throws -> ClusterDefinitions? {
        guard let jetStream else { return nil }
        let definitions = try await ClusterDefinitions(jetStream, logger: logger)
        try await definitions.begin(catalog)
        return definitions
    }

    private static func login() throws -> NATSCluster.Login? {
        func variable(_ name: String) -> String? { getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 } }
        switch (variable("SWIFTLET_NATS_USER"), variable("SWIFTLET_NATS_PASSWORD")) {
        case (nil, nil): return nil
        case (let user?, let password?): return .init(user: user, password: password)
        default: throw CommandFailure("SWIFTLET_NATS_USER and SWIFTLET_NATS_PASSWORD go together: set both, or neither")
        }
    }

    private static func reach(_ client: NATSClient, _ logger: Logger) async throws -> NATSServerInfo {
        let begun = ContinuousClock.now
        while true {
            do { return try await client.connection().server } catch {
                guard begun.duration(to: .now) < patience else {
                    throw CommandFailure("--cluster \(client.cluster.text): \(error); start the NATS servers first, or leave --cluster out")
                }
                logger.notice("waiting for NATS", metadata: ["error": "\(error)"])
                try await Task.sleep(for: .seconds(1))
            }
        }
    }

    /// What an acknowledgement of this server is worth is said once, when the host starts.
    private static func check(_ server: NATSServerInfo, _ cluster: NATSCluster, _ options: ServeOptions, _ logger: Logger) throws {
        guard server.isAtLeast(2, 9) else {
            throw CommandFailure("the NATS server is version \(server.version); Swiftlet needs 2.9 or newer")
        }
        // The record of an invocation for its destination holds its payload as text, in which a byte may take six.
        guard options.asyncPayload + (256 << 10) <= server.largestMessage else {
            throw CommandFailure(
                "the NATS server takes messages of \(server.largestMessage) bytes, too few for --async-payload \(options.asyncPayload): set its"
                    + " max_payload to at least \(options.asyncPayload * 6 + (512 << 10))")
        }
        let metadata: Logger.Metadata = ["version": "\(server.version)", "replicas": "\(cluster.replicas)"]
        switch (server.isAtLeast(2, 10), cluster.replicas) {
        case (false, 1):
            logger.warning(
                """
                an invocation is accepted before it is on a disk: this NATS server cannot sync each message, and there is one copy of the queue; \
                have three servers and ?replicas=3, or NATS 2.10 with sync_interval: always
                """, metadata: metadata)
        case (false, _):
            logger.notice(
                "an invocation is accepted when most servers of the cluster have it, and on their disks up to two minutes later",
                metadata: metadata)
        case (true, _):
            logger.notice(
                "an invocation is accepted when most of its copies have it; on disk where the servers are set to sync_interval: always",
                metadata: metadata)
        }
    }
}
