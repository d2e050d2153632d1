// SPDX-License-Identifier: Apache-2.0
import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// Sends single requests: chooses the proxy, keeps to the connection limit, follows no redirect and tries nothing twice.
final class RegistryTransport: Sendable {
    /// A layer may take hours on a slow line; a server that says nothing for ``silence`` is gone.
    private static let requestBound = TimeAmount.hours(24)
    static let silence = TimeAmount.seconds(60)

    private let direct: HTTPClient
    private let proxied: [ProxyRules.Server: HTTPClient]
    private let proxies: ProxyRules

    init(settings: RegistrySettings, group: any EventLoopGroup) {
        func client(_ proxy: HTTPClient.Configuration.Proxy?) -> HTTPClient {
            var configuration = HTTPClient.Configuration()
            configuration.timeout = HTTPClient.Configuration.Timeout(connect: .seconds(10), read: Self.silence)
            configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = settings.connections
            configuration.connectionPool.idleTimeout = .seconds(5)
            // A certificate that is not trusted will not be trusted a second later.
            configuration.connectionPool.retryConnectionEstablishment = false
            configuration.httpVersion = .http1Only
            configuration.redirectConfiguration = .disallow
            configuration.proxy = proxy
            return HTTPClient(eventLoopGroupProvider: .shared(group), configuration: configuration)
        }
        direct = client(nil)
        proxies = settings.proxies
        proxied = Dictionary(
            uniqueKeysWithValues: proxies.servers.map { server in
                var login: HTTPClient.Authorization?
                if case .password(let user, let secret)? = server.login { login = .basic(username: user, password: secret.text) }
                return (server, client(.server(host: server.host, port: server.port, authorization: login)))
            })
    }

    /// - Parameter url: with the scheme http or https.
    func send(_ request: HTTPClientRequest, to url: URL) async throws -> HTTPClientResponse {
        let isTLS = url.scheme == "https"
        let server = proxies.server(for: url.host ?? "", isTLS: isTLS, port: url.port ?? (isTLS ? 443 : 80))
        return try await (server.flatMap { proxied[$0] } ?? direct).execute(request, timeout: Self.requestBound)
    }

    func shutDown() async throws {
        try await direct.shutdown()
        for client in proxied.values { try await client.shutdown() }
    }

    /// Why a connection could not be had, in words.
    static func words(_ error: any Error) -> String {
        if let error = error as? NIOConnectionError {
            let reason = error.connectionErrors.first?.error ?? error.dnsAError ?? error.dnsAAAAError
            return reason.map { "cannot connect to \(error.host):\(error.port): \(words($0))" }
                ?? "cannot connect to \(error.host):\(error.port)"
        }
        if let error = error as? IOError { return String(cString: strerror(error.errnoCode)) }
        if let error = error as? HTTPClientError {
            switch error {
            case .connectTimeout: return "no connection within 10 s"
            case .readTimeout: return "it said nothing for 60 s"
            case .remoteConnectionClosed, .uncleanShutdown: return "the connection was closed before the answer was whole"
            default: return "\(error.description)"
            }
        }
        if case .handshakeFailed(let reason)? = error as? NIOSSLError {
            let text = "\(reason)"
            if text.contains("CERTIFICATE_VERIFY_FAILED") {
                return "its certificate is not trusted"
            }
            if text.contains("WRONG_VERSION_NUMBER") || text.contains("HTTP_REQUEST") { return "it does not speak TLS" }
            return "TLS failed: \(printable(text))"
        }
        return printable("\(error)")
    }
}
