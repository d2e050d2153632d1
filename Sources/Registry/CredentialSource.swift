// SPDX-License-Identifier: Apache-2.0

/// Where logins are looked up that nobody gave with a pull: a Docker configuration, and the helpers that it names. Nothing of it is remembered.
public struct CredentialSource: Sendable {
    private let path: String?
    private let isRequired: Bool

    /// - Parameters:
    ///   - path: a file in the format of `~/.docker/config.json`, read anew for each pull; nil for no logins.
    ///   - isRequired: whether a file that is not there is an error.
    public init(path: String?, isRequired: Bool = false) {
        self.path = path
        self.isRequired = isRequired
    }

    /// - Returns: nil where the file is not there, or has nothing for this registry.
    /// - Throws: ``ServiceError`` naming the file or program that is of no use.
    public func credentials(for registry: String, repository: String) async throws -> KnownCredentials? {
        guard let path, let configuration = try DockerConfiguration(reading: path) else {
            if let path, isRequired { throw RegistrySettings.refusal(path, "there is no such file") }
            return nil
        }
        switch configuration.entry(for: registry, repository: repository) {
        case .stored(let credentials): return KnownCredentials(credentials, origin: path)
        case .helper(let name, let server):
            return try await CredentialHelper.credentials(of: name, server: server).map {
                KnownCredentials($0, origin: "docker-credential-\(name)")
            }
        case nil: return nil
        }
    }
}
