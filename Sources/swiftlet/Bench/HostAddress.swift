// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The host's address for a plain connection, without an HTTP library in between.
struct HostAddress: Sendable {
    var text: String
    var socket: sockaddr_in

    static func of(_ url: String) throws -> HostAddress {
        let rest = url.dropFirst("http://".count)
        let authority = String(rest.prefix { $0 != "/" })
        guard url.hasPrefix("http://"), let address = ListenAddress(authority.contains(":") ? authority : "\(authority):80") else {
            throw CommandFailure("bench speaks plain HTTP to one host and port, for example http://127.0.0.1:8080; it cannot use '\(url)'")
        }
        var hints = addrinfo()
        hints.ai_family = AF_INET
        var found: UnsafeMutablePointer<addrinfo>?
        let error = getaddrinfo(address.host, "\(address.port)", &hints, &found)
        defer { if let found { freeaddrinfo(found) } }
        guard error == 0, let first = found?.pointee, let bytes = first.ai_addr else {
            throw CommandFailure("cannot find '\(address.host)': \(String(cString: gai_strerror(error)))")
        }
        return HostAddress(text: authority, socket: bytes.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { $0.pointee })
    }
}
