// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel

/// What the operator of the host says of registries: a JSON file, `swiftlet serve --registries FILE`.
///
///     {"registries": {
///        "registry.example.org": {"mirrors": ["https://mirror.example.org"], "caFile": "ca.pem",
///                                 "signatures": "require", "publicKeys": ["cosign.pub"]},
///        "localhost:5000": {"plainHTTP": true},
///        "*": {"signatures": "warn", "publicKeys": ["cosign.pub"]}},
///      "loginFile": "/etc/swiftlet/logins.json"}
///
/// Relative paths count from the file's folder. A name that is not known is an error: a policy must not get lost by a typing error.
public struct RegistrySettings: Sendable {
    /// What is said of one registry.
    struct Host: Sendable {
        /// URLs that are asked first, in this order.
        var mirrors: [String] = []
        var security = RegistryAccess.Security.verified
        /// PEM texts.
        var authorities: [[UInt8]] = []
        var signatures = SignaturePolicy()
    }

    private var hosts: [String: Host] = [:]
    /// For registries that have no entry of their own: the entry `*`.
    private var others = Host()
    public private(set) var logins = CredentialSource(path: nil)
    /// Proxies by the names that curl and Go read from the environment.
    public var proxies = ProxyRules()
    /// Connections to one server at once.
    public var connections = 4

    public init() {}

    func host(_ registry: String) -> Host { hosts[registry] ?? others }

    /// Reads a file, and the files that it names. It blocks on the disk.
    ///
    /// - Throws: ``ServiceError`` `InvalidArgument` naming the file and the field.
    public init(reading path: String) throws {
        let value: JSONValue
        let bytes = try Self.contents(path)
        do { value = try JSONValue(parsing: bytes) } catch { throw Self.refusal(path, "it is \(error)") }
        guard let members = value.object else { throw Self.refusal(path, "it is no JSON object") }
        try Self.check(members, ["registries", "loginFile"], "", path)
        let folder = path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        func absolute(_ name: String) -> String {
            name.hasPrefix("/") ? name : folder.isEmpty && !path.hasPrefix("/") ? name : "\(folder)/\(name)"
        }
        if let file = members["loginFile"] {
            guard let name = file.string, !name.isEmpty else { throw Self.refusal(path, "loginFile must be a path") }
            logins = CredentialSource(path: absolute(name), isRequired: true)
        }
        guard let registries = (members["registries"] ?? [:]).object else { throw Self.refusal(path, "registries must be an object") }
        for (name, entry) in registries.sorted(by: { $0.key < $1.key }) {
            guard let fields = entry.object else { throw Self.refusal(path, "registries.\(printable(name)) must be an object") }
            let host = try Self.host(fields, "registries.\(printable(name)).", path, absolute)
            if name == "*" { others = host } else { hosts[name] = host }
        }
    }

    private static func host(
        _ fields: [String: JSONValue], _ prefix: String, _ path: String, _ absolute: (String) -> String
    ) throws -> Host {
        try check(fields, ["mirrors", "plainHTTP", "insecure", "caFile", "signatures", "publicKeys"], prefix, path)
        var host = Host()
        host.mirrors = try strings(fields, "mirrors", prefix, path).map { mirror in
            var url = mirror
            while url.hasSuffix("/") { url.removeLast() }
            guard ["http://", "https://"].contains(where: { url.hasPrefix($0) && url.count > $0.count }) else {
                throw refusal(path, "\(prefix)mirrors: '\(printable(mirror))' must begin with http:// or https://")
            }
            return url
        }
        if try flag(fields, "insecure", prefix, path) { host.security = .unverified }
        if try flag(fields, "plainHTTP", prefix, path) { host.security = .plain }
        if let file = fields["caFile"] {
            guard let name = file.string else { throw refusal(path, "\(prefix)caFile must be a path") }
            host.authorities = [try contents(absolute(name))]
        }
        if let word = fields["signatures"] {
            guard let mode = word.string.flatMap(SignaturePolicy.Mode.init) else {
                throw refusal(path, "\(prefix)signatures must be require, warn or off")
            }
            host.signatures.mode = mode
        }
        host.signatures.keys = try strings(fields, "publicKeys", prefix, path).map { name in
            try PublicKey(pem: String(decoding: contents(absolute(name)), as: UTF8.self), name: absolute(name))
        }
        if host.signatures.mode != .off, host.signatures.keys.isEmpty {
            throw refusal(
                path, "\(prefix)signatures is \(host.signatures.mode.rawValue), and \(prefix)publicKeys names no key to check them by")
        }
        return host
    }

    private static func flag(_ fields: [String: JSONValue], _ name: String, _ prefix: String, _ path: String) throws -> Bool {
        guard let value = fields[name] else { return false }
        guard let flag = value.bool else { throw refusal(path, "\(prefix)\(name) must be true or false") }
        return flag
    }

    private static func strings(_ fields: [String: JSONValue], _ name: String, _ prefix: String, _ path: String) throws -> [String] {
        guard let value = fields[name] else { return [] }
        guard let words = value.array?.compactMap(\.string), words.count == value.array?.count else {
            throw refusal(path, "\(prefix)\(name) must be a list of strings")
        }
        return words
    }

    private static func check(_ fields: [String: JSONValue], _ known: [String], _ prefix: String, _ path: String) throws {
        if let unknown = fields.keys.sorted().first(where: { !known.contains($0) }) {
            throw refusal(path, "'\(prefix)\(printable(unknown))' is no name that is known here; there is \(known.joined(separator: ", "))")
        }
    }

    private static func contents(_ path: String) throws -> [UInt8] {
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw refusal(path, "it cannot be opened; the host reads it as the user that it runs as")
        }
        defer { handle.closeFile() }
        let data = try handle.read(upToCount: DockerConfiguration.sizeLimit + 1) ?? Data()
        guard data.count <= DockerConfiguration.sizeLimit else {
            throw refusal(path, "it is larger than the limit of \(DockerConfiguration.sizeLimit) bytes")
        }
        return Array(data)
    }

    static func refusal(_ path: String, _ reason: String) -> ServiceError { .invalidArgument("\(path) cannot be used: \(reason)") }
}
