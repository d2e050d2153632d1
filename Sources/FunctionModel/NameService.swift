// SPDX-License-Identifier: Apache-2.0

/// How the programs of a function find addresses of names: what `/etc/resolv.conf` says. Source: `CustomDNS` of Function Compute API 2023-03-30
/// (`nameServers`, `searches`, `dnsOptions`), and resolv.conf(5) for the bounds.
public struct NameService: Hashable, Sendable {
    /// IPv4 addresses, asked in this order; at most three. Empty stands for those of the host.
    public var servers: [String] = []
    /// Domains to try for a name without dots; at most six.
    public var searches: [String] = []
    /// `name` or `name:value`, as in resolv.conf; at most ten.
    public var options: [String] = []

    public init(servers: [String] = [], searches: [String] = [], options: [String] = []) {
        (self.servers, self.searches, self.options) = (servers, searches, options)
    }

    /// Bounds of the C library: MAXNS, what it took of domains for long, and more options than there are.
    public static let (mostServers, mostSearches, mostOptions) = (3, 6, 10)

    /// What is wrong with it: the name of a list, one of its entries, and the rule.
    public var fault: (field: String, value: String, rule: String)? {
        if servers.count > Self.mostServers { return ("nameServers", "\(servers.count) addresses", "at most \(Self.mostServers)") }
        if searches.count > Self.mostSearches { return ("searches", "\(searches.count) domains", "at most \(Self.mostSearches)") }
        if options.count > Self.mostOptions { return ("dnsOptions", "\(options.count) options", "at most \(Self.mostOptions)") }
        if let server = servers.first(where: { !Self.isAddress($0) }) {
            return ("nameServers", server, "an IPv4 address, for example 192.0.2.53")
        }
        if let domain = searches.first(where: { !Self.isWord($0, longest: 253, also: "-._") }) {
            return ("searches", domain, "a domain of letters, digits, '-', '_' and '.'")
        }
        if let option = options.first(where: { !Self.isWord($0, longest: 64, also: "-:") }) {
            return ("dnsOptions", option, "an option of resolv.conf, for example ndots:2")
        }
        return nil
    }

    /// - Parameter standard: asked where no server is named.
    public func resolverFile(standard: [String]) -> String {
        var lines = (servers.isEmpty ? standard : servers).map { "nameserver \($0)" }
        if !searches.isEmpty { lines.append("search " + searches.joined(separator: " ")) }
        if !options.isEmpty { lines.append("options " + options.joined(separator: " ")) }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Four numbers, written without superfluous zeros.
    public static func isAddress(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { part in UInt8(part).map { "\($0)" == part } ?? false }
    }

    private static func isWord(_ text: String, longest: Int, also marks: String) -> Bool {
        (1...longest).contains(text.utf8.count)
            && text.utf8.allSatisfy { (97...122).contains($0 | 32) || (48...57).contains($0) || marks.utf8.contains($0) }
    }
}

extension FunctionConfiguration {
    /// Whether its instances reach more than themselves. A function that does not say so does not: Function Compute's own default is true, but
    /// here a network costs time and memory in each start, and whoever needs none is safer without.
    public var internetAccess: Bool { stored["internetAccess"]?.bool ?? false }

    /// What `customDNS` says; it was checked when it was stored.
    public var nameService: NameService {
        guard let members = stored["customDNS"]?.object, let service = try? NameService(FieldReader(members, path: "customDNS.")) else {
            return NameService()
        }
        return service
    }
}

extension NameService {
    /// - Throws: ``ServiceError`` that names the entry and the rule.
    init(_ reader: FieldReader) throws(ServiceError) {
        servers = try reader.strings("nameServers", maximumBytes: 1024) ?? []
        searches = try reader.strings("searches", maximumBytes: 2048) ?? []
        for (index, entry) in (reader.members["dnsOptions"]?.array ?? []).enumerated() {
            guard let members = entry.object, let name = members["name"]?.string else {
                throw .invalid(reader.field("dnsOptions[\(index)]"), entry, "it must be an object with name, and value where there is one")
            }
            let value = members["value"]?.string ?? ""
            options.append(value.isEmpty ? name : "\(name):\(value)")
        }
        if let fault { throw .invalid(reader.field(fault.field), .string(fault.value), "it must be \(fault.rule)") }
    }
}
