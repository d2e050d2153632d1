// SPDX-License-Identifier: Apache-2.0
import Glibc
import LinuxSystem
import Sandbox

/// What the kernel still holds for a network namespace.
struct NetworkRemains: Equatable {
    /// Of every family, also those that nobody has a descriptor of any more.
    var sockets: Int
    /// Closed connections whose port the kernel keeps for a minute.
    var waiting: Int
    /// Bytes of packets that came in part.
    var fragments: Int

    private static let kinds = ["sockets:", "TCP:", "FRAG:", "FRAG6:"]

    init(sockets: Int, waiting: Int, fragments: Int) { (self.sockets, self.waiting, self.fragments) = (sockets, waiting, fragments) }

    /// - Parameter text: of `/proc/net/sockstat` and `sockstat6`, as the namespace shows them. Source: net/ipv4/proc.c, net/ipv6/proc.c.
    /// - Returns: nil where a number is missing.
    init?(_ text: String) {
        var numbers: [String: Int] = [:]
        // By bytes: to find where characters end takes longer than the kernel takes to write this.
        for line in text.utf8.split(separator: 10) where Self.kinds.contains(where: { line.starts(with: $0.utf8) }) {
            let words = line.split(separator: 32).map { String(decoding: $0, as: UTF8.self) }
            for (name, value) in zip(words.dropFirst(), words.dropFirst(2)) { numbers["\(words[0]) \(name)"] = Int(value) }
        }
        guard let sockets = numbers["sockets: used"], let waiting = numbers["TCP: tw"], let fragments = numbers["FRAG: memory"] else {
            return nil
        }
        self.sockets = sockets
        self.waiting = waiting
        self.fragments = fragments + (numbers["FRAG6: memory"] ?? 0)
    }
}

/// To make a network namespace and to take it down is a fifth of what the kernel does for a start, so it is used again. All that a program can have in one is
/// sockets: addresses, routes, rules and settings are the host's own, and no instance has a capability for them. So a namespace without a socket, a
/// closed connection that waits, or a part of a packet is as a new one but for numbers: counters, what TCP has learnt about the loopback, labels of IPv6
/// that end within a minute. These an owner leaves to itself.
extension NetworkNamespaces {
    /// An instance has ended. Sockets that the daemon has of it are about to be closed, so it is looked at when the next one wants it.
    func giveBack(_ network: NetworkNamespace, of owner: String) {
        if !network.hasInternet, !owner.isEmpty { _ = left.add(network, of: owner) }
    }

    func takeLeft(by owner: String) throws(SystemCallError) -> NetworkNamespace? {
        try left.take(by: owner) { network throws(SystemCallError) in
            // One that cannot be looked at is not taken, and goes when its time is over.
            do throws(SystemCallError) { return try renew(network) } catch { return false }
        }
    }

    /// Makes it as it was at first.
    ///
    /// - Returns: false where something is left in it.
    private func renew(_ network: NetworkNamespace) throws(SystemCallError) -> Bool {
        try network.inside { () throws(SystemCallError) in
            var text = ""
            for name in ["sockstat", "sockstat6"] {
                do throws(SystemCallError) {
                    let file = try openAt(currentDirectory, "/proc/thread-self/net/\(name)", flags: O_RDONLY)
                    text += String(decoding: try file.readAll(limit: 4096) ?? [], as: UTF8.self)
                } catch  where error.errno == ENOENT {}  // A kernel without IPv6 has no file for it.
            }
            let spare = network.spare.count
            guard let remains = NetworkRemains(text), remains == NetworkRemains(sockets: spare, waiting: 0, fragments: 0) else {
                return false
            }
            network.spare += try NetworkNamespaces.makeSockets(socketsEach - spare)
            return true
        }
    }
}
