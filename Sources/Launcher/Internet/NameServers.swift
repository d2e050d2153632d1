// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Glibc
import LinuxSystem

/// The name servers of this host that an instance can reach too.
enum NameServers {
    /// Where a resolver of the machine's own, on a loopback address, tells whom it asks in turn (systemd-resolved.service(8)).
    private static let files = ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"]

    /// - Parameter named: what the operator says, which wins.
    static func find(_ named: [String]) throws -> [String] {
        if !named.isEmpty { return named }
        for path in files {
            guard let file = try? openAt(currentDirectory, path, flags: O_RDONLY), let bytes = try file.readAll(limit: 1 << 16) else {
                continue
            }
            let found = reachable(String(decoding: bytes, as: UTF8.self))
            if !found.isEmpty { return found }
        }
        throw LauncherRefusal(
            "/etc/resolv.conf of this host names no server that instances can reach, only itself or none: name one with --dns 192.0.2.53")
    }

    /// The IPv4 addresses of a resolv.conf that are not the host's own.
    static func reachable(_ text: String) -> [String] {
        let servers = text.split(separator: "\n").map { $0.split { $0 == " " || $0 == "\t" } }.filter {
            $0.count >= 2 && $0[0] == "nameserver"
        }
        return Array(
            servers.map { String($0[1]) }.filter { NameService.isAddress($0) && !$0.hasPrefix("127.") && $0 != "0.0.0.0" }.prefix(3))
    }
}
