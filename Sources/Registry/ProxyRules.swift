// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Which requests go through a proxy, by the variables that curl and Go's programs read: `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`, or the same in
/// lower case, which is looked at first. Addresses of the loopback never do.
public struct ProxyRules: Hashable, Sendable {
    package struct Server: Hashable, Sendable {
        package var host: String
        var port: Int
        var login: RegistryCredentials?
    }

    private var https: Server?
    private var http: Server?
    /// Host names, each with the domains below it; `*` for all.
    private var direct: [String] = []

    public init() {}

    /// - Throws: ``ServiceError`` naming the variable that is no proxy.
    public init(environment: [String: String]) throws {
        func value(_ name: String) -> String? {
            [name.lowercased(), name].lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
        }
        https = try value("HTTPS_PROXY").map { try Self.server($0, "HTTPS_PROXY") }
        http = try value("HTTP_PROXY").map { try Self.server($0, "HTTP_PROXY") }
        direct = (value("NO_PROXY") ?? "").split { $0 == "," || $0 == " " }.map { $0.lowercased() }
    }

    /// Each proxy that a request may go through.
    var servers: Set<Server> { Set([https, http].compactMap { $0 }) }

    /// - Parameter host: without its port.
    package func server(for host: String, isTLS: Bool, port: Int) -> Server? {
        guard let server = isTLS ? https : http else { return nil }
        let name = host.lowercased()
        if name == "localhost" || name.hasSuffix(".localhost") || name.hasPrefix("127.") || name == "::1" { return nil }
        for rule in direct {
            let domain = rule.hasPrefix("*.") ? rule.dropFirst() : rule[...]
            if rule == "*" || name == domain || "\(name):\(port)" == rule { return nil }
            if name.hasSuffix(domain.hasPrefix(".") ? String(domain) : ".\(domain)") { return nil }
        }
        return server
    }

    private static func server(_ text: String, _ variable: String) throws -> Server {
        let url = URLComponents(string: text.contains("://") ? text : "http://\(text)")
        guard let url, url.scheme == "http", let host = url.host, !host.isEmpty else {
            // The text may have a password in it, so it is not shown.
            throw RegistrySettings.refusal(variable, "it must be http://[USER:PASSWORD@]HOST[:PORT]")
        }
        let login = url.user.map { RegistryCredentials.password(user: $0, Secret(url.password ?? "")) }
        return Server(host: host, port: url.port ?? 80, login: login)
    }
}
