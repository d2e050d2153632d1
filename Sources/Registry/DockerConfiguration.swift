// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import OCI

/// The part of Docker's `config.json` (and of Podman's `auth.json`) that tells how to log in. Source: Docker CLI, "docker login", credential stores.
public struct DockerConfiguration: Sendable {
    /// How to get the credentials of one registry.
    enum Entry: Hashable, Sendable {
        case stored(RegistryCredentials)
        /// `docker-credential-NAME`, asked for `server`.
        case helper(name: String, server: String)
    }

    /// Bytes of such a file at most.
    static let sizeLimit = 1 << 20

    /// Where it was read; errors name it.
    let path: String
    private var stored: [String: RegistryCredentials] = [:]
    private var helpers: [String: String] = [:]
    private var defaultHelper: String?

    /// The file that Docker's own client reads: below `DOCKER_CONFIG`, else `~/.docker`.
    public static func defaultPath(environment: [String: String]) -> String? {
        if let folder = environment["DOCKER_CONFIG"], !folder.isEmpty { return folder + "/config.json" }
        return environment["HOME"].flatMap { $0.isEmpty ? nil : $0 + "/.docker/config.json" }
    }

    /// Reads a file. It blocks on the disk.
    ///
    /// - Returns: nil where there is no such file.
    /// - Throws: ``ServiceError`` `InvalidArgument` naming the file and what in it is wrong; never a part of the content.
    public init?(reading path: String) throws {
        guard let handle = FileHandle(forReadingAtPath: path) else {
            if FileManager.default.fileExists(atPath: path) { throw Self.refusal(path, "it cannot be opened; may this user read it?") }
            return nil
        }
        defer { handle.closeFile() }
        let data = try handle.read(upToCount: Self.sizeLimit + 1) ?? Data()
        guard data.count <= Self.sizeLimit else { throw Self.refusal(path, "it is larger than the limit of \(Self.sizeLimit) bytes") }
        try self.init(Array(data), path: path)
    }

    init(_ bytes: [UInt8], path: String) throws(ServiceError) {
        self.path = path
        let value: JSONValue?
        do { value = try JSONValue(parsing: bytes) } catch { value = nil }
        guard let members = value?.object else { throw Self.refusal(path, "it is no JSON object") }
        for (server, entry) in members["auths"]?.object ?? [:] {
            if let credentials = try Self.credentials(entry, server, path) { stored[Self.key(server)] = credentials }
        }
        for (server, helper) in members["credHelpers"]?.object ?? [:] {
            guard let name = helper.string else { throw Self.refusal(path, "credHelpers names no program for '\(printable(server))'") }
            helpers[Self.key(server)] = try Self.checked(name, path)
        }
        if let name = members["credsStore"]?.string, !name.isEmpty { defaultHelper = try Self.checked(name, path) }
    }

    /// The entry for an image: the longest of `registry/repository`, `registry/part`, `registry` that is there.
    func entry(for registry: String, repository: String) -> Entry? {
        let key = Self.key(registry)
        var parts = repository.split(separator: "/")
        while true {
            let name = ([Substring(key)] + parts).joined(separator: "/")
            if let helper = helpers[name] { return .helper(name: helper, server: Self.serverName(registry)) }
            if let credentials = stored[name] { return .stored(credentials) }
            if parts.popLast() == nil { break }
        }
        return defaultHelper.map { .helper(name: $0, server: Self.serverName(registry)) }
    }

    /// The name under which Docker's tools keep the credentials of a registry.
    static func serverName(_ registry: String) -> String {
        registry == ImageReference.defaultRegistry ? "https://index.docker.io/v1/" : registry
    }

    /// Keys are written as URLs, with `/v1/`, or as names: `https://index.docker.io/v1/` and `docker.io` are one.
    private static func key(_ server: String) -> String {
        var name = Substring(server)
        for scheme in ["https://", "http://"] where name.hasPrefix(scheme) { name = name.dropFirst(scheme.count) }
        while name.hasSuffix("/") { name = name.dropLast() }
        for version in ["/v1", "/v2"] where name.hasSuffix(version) { name = name.dropLast(3) }
        let aliases = ["index.docker.io": "docker.io", "registry-1.docker.io": "docker.io"]
        return aliases[String(name)] ?? String(name)
    }

    private static func credentials(_ entry: JSONValue, _ server: String, _ path: String) throws(ServiceError) -> RegistryCredentials? {
        let members = entry.object ?? [:]
        if let token = members["identitytoken"]?.string, !token.isEmpty { return .identityToken(Secret(token)) }
        if let user = members["username"]?.string, let password = members["password"]?.string, !user.isEmpty {
            return .password(user: user, Secret(password))
        }
        // Where a credential store has the password, an empty object is left here.
        guard let encoded = members["auth"]?.string, !encoded.isEmpty else { return nil }
        guard let data = Data(base64Encoded: encoded), let text = String(validating: data, as: UTF8.self),
            let colon = text.firstIndex(of: ":")
        else { throw refusal(path, "'auth' of '\(printable(server))' is not base64 of USER:PASSWORD") }
        let password = text[text.index(after: colon)...].prefix { $0 != "\0" }
        return .password(user: String(text[..<colon]), Secret(String(password)))
    }

    /// A name of a program, not a path: the file must not make us run anything at all.
    private static func checked(_ helper: String, _ path: String) throws(ServiceError) -> String {
        let allowed = helper.utf8.allSatisfy {
            (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || $0 == 45 || $0 == 95
        }
        guard allowed, (1...64).contains(helper.utf8.count) else {
            throw refusal(path, "'\(printable(helper))' is no name of a credential helper; docker-credential-NAME is what is run")
        }
        return helper
    }

    private static func refusal(_ path: String, _ reason: String) -> ServiceError {
        .invalidArgument("the registry logins in \(path) cannot be used: \(reason)")
    }
}
