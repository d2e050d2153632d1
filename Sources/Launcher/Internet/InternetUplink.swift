// SPDX-License-Identifier: Apache-2.0
import Glibc
import LinuxSystem
import Sandbox

/// The way of instances to other machines, made once when the launcher starts:
///
///     host's network ── swl… ═══ out ── launcher's own namespace ── i7 ═══ eth0 ── instance
///
/// Each `═══` is a veth pair. All of it hangs on the launcher's namespace and its two `nft`: when the launcher ends, however that comes, the kernel
/// takes interfaces and tables away.
final class InternetUplink {
    /// For instances whose function names none.
    let nameServers: [String]
    let filters: [FilterProcess]
    private let addresses: InternetAddresses
    private let interface: String
    private let host: Descriptor.Box
    private let home: Descriptor.Box
    /// Of the launcher's own namespace.
    private let routes: RouteSocket
    private var nextCable: UInt32 = 0
    private let othersForward: Bool

    /// - Parameters:
    ///   - host: the host's network namespace.
    ///   - home: the launcher's own, which this thread is in.
    ///   - name: the host's own among those of a machine.
    init(host: Descriptor.Box, home: Descriptor.Box, name: String, nameServers: [String], starter: InstanceStarter) throws {
        self.nameServers = nameServers
        self.home = home
        addresses = InternetAddresses(seed: name)
        // Names of interfaces have 15 bytes at most; this one is the table's too.
        interface = "swl" + (name.split(separator: "-").last ?? "").suffix(12)
        routes = try RouteSocket()
        try Self.forbidIPv6()
        try Self.setForwarding(true)
        try enterNamespace(host.number, Namespaces.network)
        let (addresses, interface) = (addresses, interface)
        let made = Result { () throws(SystemCallError) in try Self.connectHost(interface, addresses, to: home.number) }
        try enterNamespace(home.number, Namespaces.network)
        othersForward = try made.get()
        let table = interface
        filters = [
            try FilterProcess(FilterRules.between, network: home.number, starter: starter),
            try FilterProcess(
                FilterRules.host(table: table, interface: interface, othersForward: othersForward), network: host.number, starter: starter),
        ]
        self.host = host
        // Only now, when both sides are guarded, does a packet get through.
        try routes.bringUp(try interfaceNumber("out"), as: addresses.out, prefix: 31)
        try routes.addRoute(to: nil, via: addresses.host)
        try inHost(openInHost)
    }

    private func openInHost() throws(SystemCallError) {
        if !othersForward { try Self.setForwarding(true) }
        let routes = try RouteSocket()
        try routes.bringUp(try interfaceNumber(interface), as: addresses.host, prefix: 31)
        try routes.addRoute(to: (addresses.first, InternetAddresses.prefix), via: addresses.out)
    }

    /// Gives the network namespace of a descriptor, which this thread is in, an `eth0` with an address and the way out.
    ///
    /// - Returns: the number of the cable, for ``bringUp(_:)``.
    func connect(_ network: CInt) throws(SystemCallError) -> UInt32 {
        try Self.forbidIPv6()
        let cable = try makeCable(network)
        let own = try RouteSocket()
        try own.bringUp(try interfaceNumber("eth0"), as: addresses.instance(cable), prefix: 31)
        try own.addRoute(to: nil, via: addresses.gateway(cable))
        return cable
    }

    /// The other end of a cable. This thread is in the launcher's own namespace again.
    func bringUp(_ cable: UInt32) throws(SystemCallError) {
        try routes.bringUp(try interfaceNumber("i\(cable)"), as: addresses.gateway(cable), prefix: 31)
    }

    /// Cables of instances that have ended go when their namespace goes, some time later; until then another number is taken.
    private func makeCable(_ network: CInt) throws(SystemCallError) -> UInt32 {
        for _ in 0..<InternetAddresses.cables {
            let cable = nextCable
            nextCable = (nextCable + 1) % InternetAddresses.cables
            do {
                try routes.makePair("i\(cable)", peer: "eth0", in: network)
                return cable
            } catch  where error.errno == EEXIST { continue }
        }
        throw SystemCallError(call: "make one more than \(InternetAddresses.cables) interfaces", errno: ENOSPC)
    }

    /// Nothing gets through any more.
    func cut() throws(SystemCallError) {
        try inHost(cutInHost)
    }

    private func cutInHost() throws(SystemCallError) {
        let routes = try RouteSocket()
        do { try routes.remove(interface) } catch  where error.errno == ENODEV {}
        if !othersForward { try Self.setForwarding(false) }
    }

    private func inHost(_ body: () throws(SystemCallError) -> Void) throws(SystemCallError) {
        try enterNamespace(host.number, Namespaces.network)
        let done = Result { () throws(SystemCallError) in try body() }
        try enterNamespace(home.number, Namespaces.network)
        try done.get()
    }

    /// - Returns: whether the host forwards packets already.
    private static func connectHost(_ interface: String, _ addresses: InternetAddresses, to home: CInt) throws(SystemCallError) -> Bool {
        let routes = try RouteSocket()
        // A launcher that was killed a moment ago may have left it, for the kernel to take away soon.
        do { try routes.remove(interface) } catch  where error.errno == ENODEV {}
        try routes.makePair(interface, peer: "out", in: home)
        try setOption("ipv6/conf/\(interface)/disable_ipv6", "1")
        let file = try openAt(currentDirectory, options + "ipv4/ip_forward", flags: O_RDONLY)
        return try file.readAll(limit: 16)?.first == 49
    }

    /// Of the network namespace that this thread is in.
    private static let options = "/proc/sys/net/"
    private static func setForwarding(_ on: Bool) throws(SystemCallError) {
        try writeText(currentDirectory, options + "ipv4/ip_forward", on ? "1" : "0")
    }

    /// For interfaces to come. Only IPv4 is forwarded and filtered; loopback keeps both.
    private static func forbidIPv6() throws(SystemCallError) { try setOption("ipv6/conf/default/disable_ipv6", "1") }

    /// A kernel without IPv6 has no options of it.
    private static func setOption(_ name: String, _ value: String) throws(SystemCallError) {
        do { try writeText(currentDirectory, options + name, value) } catch  where error.errno == ENOENT {}
    }
}
