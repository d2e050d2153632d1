// SPDX-License-Identifier: Apache-2.0
import AsyncInvocation
import Logging
import NATS

/// What `swiftlet serve` was asked for, parsed and checked; the daemon is made from it.
struct ServeOptions: Sendable {
    /// Where event calls, HTTP calls and, unless `controlListen` is set, the control API answer.
    var listen: ListenAddress
    /// A TCP address of the control API's own; nil leaves it on `listen`.
    var controlListen: ListenAddress?
    /// Where HTTPS is taken besides; nil takes none.
    var listenTLS: ListenAddress?
    /// Absolute paths of its PEM files; set where `listenTLS` is.
    var tlsCertificate: String?
    var tlsKey: String?
    /// Seconds; nil leaves a call to its function's own time limit.
    var firstByteTime: Int?
    var answerIdleTime: Int?
    /// Absolute, without `.` and `..`.
    var stateDirectory: String
    /// The user that the daemon runs as; nil lets the launcher choose `swiftlet`, else `nobody`.
    var user: String?
    /// Event loops of the gateway; at least one.
    var eventLoops: Int
    var logLevel: Logger.Level
    var logFormat: LogFormat
    /// Where spans go: the base URL of an OTLP/HTTP collector; nil for no tracing.
    var traceEndpoint: String?
    /// Of traces that begin here, the part that is recorded: 0 to 1.
    var traceShare: Double
    /// The most instances alive at once on this host, over all functions.
    var maximumInstances: Int
    var keepAlive: KeepAlive
    /// Seconds without a call after which an instance is frozen; nil freezes none.
    var freezeIdle: Int?
    var asynchronous: AsyncOptions
    /// Bytes of the largest payload of an asynchronous invocation.
    var asyncPayload: Int
    /// The NATS servers over which hosts share their queue and their definitions; nil for a host by itself.
    var cluster: NATSCluster?
    /// Where the zips of layers are kept; nil keeps them in the state directory.
    var objectStore: ObjectStoreChoice?
    /// Absolute; nil where nothing special is to be known of registries.
    var registriesFile: String?
    /// Bytes.
    var imageQuota: UInt64?
    var userNamespaces: String
    var internetAccess: Bool
    var nameServers: [String]
    /// `NAME=VALUE` words, checked.
    var imageLimits: [String]
    /// Lets everyone in, whatever the address and whatever keys there are.
    var insecure: Bool
}

/// A TCP address to listen on, as `HOST:PORT` or `[IPv6]:PORT`. Port 0 takes a free one.
struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
    var host: String
    var port: Int

    init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// - Returns: nil unless `text` has a host and a port from 0 to 65535.
    init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]), (0...65535).contains(port) else {
            return nil
        }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(":") {
            return nil
        }
        guard !host.isEmpty else { return nil }
        self.init(host: String(host), port: port)
    }

    var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
