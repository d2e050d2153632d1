// SPDX-License-Identifier: Apache-2.0
public import Logging
public import NIOCore
public import OCI

/// The host's client of registries: connections and settings that all pulls share. Logins are not among them.
///
/// Source: OCI distribution specification 1.1, "Pull"; Docker registry HTTP API V2 where a registry has only that.
public final class RegistryClient: Sendable {
    let settings: RegistrySettings
    let transport: RegistryTransport
    let logger: Logger
    let now: @Sendable () -> Int64
    let random: @Sendable () -> Double
    let sleep: @Sendable (Duration) async throws -> Void

    /// - Parameters:
    ///   - now: Unix time in milliseconds.
    ///   - random: 0 to 1, spreads retries.
    ///   - sleep: waits before a retry.
    public init(
        settings: RegistrySettings, group: any EventLoopGroup, logger: Logger, now: @escaping @Sendable () -> Int64,
        random: @escaping @Sendable () -> Double = { .random(in: 0...1) },
        sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    ) {
        self.settings = settings
        self.logger = logger
        self.now = now
        self.random = random
        self.sleep = sleep
        transport = RegistryTransport(settings: settings, group: group)
    }

    /// A view of one repository for one pull. Nothing is sent yet.
    ///
    /// - Throws: ``ServiceError`` where a file of logins, a credential helper or a certificate cannot be used.
    public func session(_ reference: ImageReference, access: RegistryAccess) async throws -> RegistrySession {
        var servers: [RegistryServer] = []
        for endpoint in try RegistryEndpoint.all(for: reference, access: access, settings: settings) {
            // A login given for the registry is for no mirror's eyes.
            var known = endpoint.isMirror ? nil : access.credentials
            if known == nil { known = try await settings.logins.credentials(for: endpoint.name, repository: reference.repository) }
            servers.append(RegistryServer(endpoint: endpoint, repository: reference.repository, known: known, client: self))
        }
        return RegistrySession(reference: reference, servers: servers, client: self)
    }

    /// Ends idle connections. Call it once, after the last pull.
    public func shutDown() async throws { try await transport.shutDown() }
}
