// SPDX-License-Identifier: Apache-2.0

/// Where a cluster of NATS servers is reached, and what of it is ours.
public struct NATSCluster: Hashable, Sendable {
    public struct Server: Hashable, Sendable {
        public var host: String
        public var port: Int

        public init(host: String, port: Int) { (self.host, self.port) = (host, port) }
    }

    public struct Login: Hashable, Sendable {
        public var user: String
        public var password: String

        public init(user: String, password: String) { (self.user, self.password) = (user, password) }
    }

    public var servers: [Server]
    /// No part of the address, which everyone on the machine may read.
    public var login: Login?
    /// Begins the name of every stream and subject.
    public var name = "swiftlet"
    /// On how many servers each stream lies.
    public var replicas = 1

    /// `nats://HOST[:PORT][,HOST[:PORT]…][/NAME][?replicas=N]`.
    ///
    /// - Returns: nil for anything else.
    public init?(_ text: String) {
        guard text.hasPrefix("nats://") else { return nil }
        var rest = text.dropFirst(7)
        if let mark = rest.firstIndex(of: "?") {
            let query = rest[rest.index(after: mark)...]
            guard query.hasPrefix("replicas="), let count = Int(query.dropFirst(9)), [1, 3, 5].contains(count) else { return nil }
            (replicas, rest) = (count, rest[..<mark])
        }
        if let slash = rest.firstIndex(of: "/") {
            let name = rest[rest.index(after: slash)...]
            guard (1...32).contains(name.utf8.count), name.utf8.allSatisfy(Self.isNameByte) else { return nil }
            (self.name, rest) = (String(name), rest[..<slash])
        }
        servers = []
        for part in rest.split(separator: ",", omittingEmptySubsequences: false) {
            guard let server = Server(part) else { return nil }
            servers.append(server)
        }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        (97...122).contains(byte) || (65...90).contains(byte) || (48...57).contains(byte) || byte == UInt8(ascii: "_")
            || byte == UInt8(ascii: "-")
    }

    /// The address, with every part of it.
    public var text: String { "nats://\(servers.map(\.description).joined(separator: ","))/\(name)?replicas=\(replicas)" }
}

extension NATSCluster.Server: CustomStringConvertible {
    /// `HOST[:PORT]` or `[IPv6]:PORT`; the port is 4222 where none is given.
    init?(_ text: Substring) {
        var (host, port) = (text, 4222)
        if let colon = text.lastIndex(of: ":"), !text.hasSuffix("]") {
            guard let number = Int(text[text.index(after: colon)...]), (1...65535).contains(number) else { return nil }
            (host, port) = (text[..<colon], number)
        }
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() } else if host.contains(":") { return nil }
        guard !host.isEmpty, !host.contains("@") else { return nil }
        self.init(host: String(host), port: port)
    }

    public var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}
