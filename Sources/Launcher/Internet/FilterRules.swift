// SPDX-License-Identifier: Apache-2.0

/// What nftables is told, once. The tables belong to the `nft` processes that made them (`flags owner`): when these end, however that comes, the
/// kernel takes the tables away.
enum FilterRules {
    /// In the launcher's own network namespace, through which every packet of an instance goes: out to the host and answers back, and nothing else.
    /// So no instance reaches another, and nobody outside opens a connection to one.
    static let between = """
        add table inet swiftlet { flags owner; }
        add chain inet swiftlet pass { type filter hook forward priority 0; policy drop; }
        add rule inet swiftlet pass iifname "i*" oifname "out" meta nfproto ipv4 accept
        add rule inet swiftlet pass iifname "out" oifname "i*" ct state established,related accept
        add chain inet swiftlet here { type filter hook input priority 0; policy drop; }
        add chain inet swiftlet from { type filter hook output priority 0; policy drop; }
        add rule inet swiftlet from ct state related accept
        """

    /// In the host's network namespace. What comes from instances goes on to other machines, with the host's address; the host itself, in whatever
    /// way it is addressed, link-local addresses (where clouds keep their metadata), and everything that is no unicast address stay out of reach.
    /// Before the translation of addresses, so that a port which the host forwards is no way around.
    ///
    /// - Parameters:
    ///   - table: its name, one for each host on a machine.
    ///   - interface: the host's end of the cable to the launcher's namespace.
    ///   - othersForward: whether the machine forwarded packets before; where it did not, only ours are.
    static func host(table: String, interface: String, othersForward: Bool) -> String {
        """
        add table inet \(table) { flags owner; }
        add chain inet \(table) early { type filter hook prerouting priority -310; policy accept; }
        add rule inet \(table) early iifname "\(interface)" meta nfproto ipv6 drop
        add rule inet \(table) early iifname "\(interface)" fib daddr type { local, broadcast, multicast } drop
        add rule inet \(table) early iifname "\(interface)" ip daddr { 0.0.0.0/8, 127.0.0.0/8, 169.254.0.0/16, 224.0.0.0/3 } drop
        add chain inet \(table) pass { type filter hook forward priority -10; policy accept; }
        add rule inet \(table) pass oifname "\(interface)" ct state established,related accept
        add rule inet \(table) pass oifname "\(interface)" drop
        \(othersForward ? "" : "add rule inet \(table) pass iifname != \"\(interface)\" drop")
        add chain inet \(table) from { type filter hook output priority -10; policy accept; }
        add rule inet \(table) from oifname "\(interface)" ct state related accept
        add rule inet \(table) from oifname "\(interface)" drop
        add chain inet \(table) leave { type nat hook postrouting priority 100; policy accept; }
        add rule inet \(table) leave iifname "\(interface)" masquerade
        """
    }
}
