// SPDX-License-Identifier: Apache-2.0
import Glibc
import LinuxSystem
import Sandbox

/// A network namespace with nothing but loopback, and a way to make sockets in it. It ends with its last process, socket and descriptor.
final class NetworkNamespace {
    let descriptor: Descriptor
    let home: Descriptor.Box
    var spare: [CInt]
    /// It has a way out: what other machines know of its address stays with that.
    let hasInternet: Bool

    fileprivate init(descriptor: consuming Descriptor, home: Descriptor.Box, hasInternet: Bool, spare: [CInt]) {
        self.descriptor = descriptor
        self.home = home
        self.hasInternet = hasInternet
        self.spare = spare
    }

    deinit { for socket in spare { close(socket) } }

    /// Unconnected, non-blocking TCP sockets: a socket belongs to the namespace in which it was made. The caller closes them.
    func sockets(_ count: Int) throws(SystemCallError) -> [CInt] {
        if count <= spare.count {
            defer { spare.removeLast(count) }
            return Array(spare.suffix(count))
        }
        return try inside { () throws(SystemCallError) in try NetworkNamespaces.makeSockets(count) }
    }

    /// Runs `body` with this thread in the namespace.
    func inside<Value>(_ body: () throws(SystemCallError) -> Value) throws(SystemCallError) -> Value {
        try enterNamespace(descriptor.number, Namespaces.network)
        let result = Result { () throws(SystemCallError) in try body() }
        try enterNamespace(home.number, Namespaces.network)
        return try result.get()
    }
}

/// Makes network namespaces ahead of need: one costs 0.4 ms and now and then ten times that, more than all the rest of a start.
final class NetworkNamespaces {
    /// The launcher's own, which is empty too: it needs no network.
    let home: Descriptor.Box
    private var ready: [NetworkNamespace] = []
    /// Those with a way out, kept ready from the first that was asked for.
    private var readyWithInternet: [NetworkNamespace] = []
    private var isInternetUsed = false
    /// nil where instances have none.
    var uplink: InternetUplink?
    private let wanted: Int
    let socketsEach: Int
    /// Of instances that have ended.
    var left = LeftBehind<NetworkNamespace>()

    /// Leaves the host's network namespace for good.
    ///
    /// - Parameters:
    ///   - wanted: how many to keep ready.
    ///   - socketsEach: sockets made in each ahead of time.
    init(wanted: Int, socketsEach: Int) throws(SystemCallError) {
        try unshareNamespaces(Namespaces.network)
        home = Descriptor.Box(try openAt(currentDirectory, "/proc/self/ns/net", flags: O_RDONLY))
        self.wanted = wanted
        self.socketsEach = socketsEach
    }

    var wantsMore: Bool { ready.count < wanted || wantsMoreInternet }
    private var wantsMoreInternet: Bool { uplink != nil && isInternetUsed && readyWithInternet.count < wanted }

    /// - Throws: `LaunchFailure` where the host gives no internet access.
    func take(for owner: String, internet: Bool) throws -> NetworkNamespace {
        guard internet else { return try takeLeft(by: owner) ?? ready.popLast() ?? make(nil) }
        guard let uplink else {
            throw LaunchFailure(step: "the host has no way out for instances (serve --internet-access makes one)", errno: 0)
        }
        isInternetUsed = true
        return try readyWithInternet.popLast() ?? make(uplink)
    }

    func prepareOne() throws(SystemCallError) {
        if wantsMoreInternet { return readyWithInternet.append(try make(uplink)) }
        ready.append(try make(nil))
    }

    /// No instance gets a way out any more.
    func forgetUplink() {
        uplink = nil
        readyWithInternet = []
    }

    private func make(_ uplink: InternetUplink?) throws(SystemCallError) -> NetworkNamespace {
        try unshareNamespaces(Namespaces.network)
        let made = Result { () throws(SystemCallError) in try furnish(uplink) }
        try enterNamespace(home.number, Namespaces.network)
        let (network, cable) = try made.get()
        if let cable { try uplink?.bringUp(cable) }
        return network
    }

    /// What the new network namespace, which this thread is in, has.
    private func furnish(_ uplink: InternetUplink?) throws(SystemCallError) -> (NetworkNamespace, cable: UInt32?) {
        let descriptor = try openAt(currentDirectory, "/proc/self/ns/net", flags: O_RDONLY)
        try bringLoopbackUp()
        // Servers that start as root on port 80 need no capability for it then.
        try writeText(currentDirectory, "/proc/sys/net/ipv4/ip_unprivileged_port_start", "0")
        var cable: UInt32?
        if let uplink { cable = try uplink.connect(descriptor.number) }
        let spare = try Self.makeSockets(socketsEach)
        return (NetworkNamespace(descriptor: descriptor, home: home, hasInternet: uplink != nil, spare: spare), cable)
    }

    static func makeSockets(_ count: Int) throws(SystemCallError) -> [CInt] {
        var sockets: [CInt] = []
        do {
            for _ in 0..<count {
                let kind = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
                sockets.append(try systemCall("socket") { socket(AF_INET, kind, 0) })
            }
        } catch {
            for socket in sockets { close(socket) }
            throw error
        }
        return sockets
    }
}
