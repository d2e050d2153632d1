// SPDX-License-Identifier: Apache-2.0
import AsyncHTTPClient
import Foundation
import FunctionModel
import Logging
import NIOCore
import NIOHTTP1
import NIOSSL

/// One server of a session: makes a request as often as it takes, with the login that the server asks for, and behind its redirects without it.
final class RegistryServer: Sendable {
    /// Source: RFC 9110, 15.4, which asks to notice loops; five is what others allow at least.
    private static let redirects = 5
    /// Bytes of an error's body, and of a token server's answer, that are read.
    private static let wordsLimit = 1 << 20

    let endpoint: RegistryEndpoint
    let repository: String
    let authorizer: Authorizer
    private let client: RegistryClient

    init(endpoint: RegistryEndpoint, repository: String, known: KnownCredentials?, client: RegistryClient) {
        self.endpoint = endpoint
        self.repository = repository
        self.client = client
        authorizer = Authorizer(endpoint: endpoint, repository: repository, known: known, now: client.now) {
            [transport = client.transport] url, form, authorization in
            var request = HTTPClientRequest(url: url.absoluteString)
            request.tlsConfiguration = endpoint.tls
            if let authorization { request.headers.add(name: "authorization", value: authorization) }
            if let form {
                request.method = .POST
                request.headers.add(name: "content-type", value: "application/x-www-form-urlencoded")
                request.body = .bytes(ByteBuffer(string: form))
            }
            let response = try await transport.send(request, to: url)
            return (response.status.code, Array(try await response.body.collect(upTo: Self.wordsLimit).readableBytesView))
        }
    }

    /// Asks for a path of the repository, for example `manifests/1`.
    ///
    /// - Parameters:
    ///   - subject: what that is, for errors.
    ///   - expected: statuses that are handed back; every other one is thrown.
    /// - Throws: ``RegistryError``, `CancellationError`.
    func get(_ path: String, headers: [(String, String)], subject: String, expected: Set<UInt>) async throws -> HTTPClientResponse {
        var attempt = 0
        while true {
            attempt += 1
            switch try await attemptOnce(path, headers, subject, expected) {
            case .answer(let response): return response
            case .passing(var failure, let retryAfter):
                let delay = RetryPolicy.delay(attempt: attempt, retryAfter: retryAfter, now: client.now(), random: client.random())
                guard let delay else {
                    if let retryAfter { failure.advice = "It asks to wait: Retry-After \(printable(retryAfter))" }
                    throw failure
                }
                client.logger.debug("a registry is asked again", metadata: ["error": "\(failure)", "after": "\(delay) ms"])
                try await client.sleep(.milliseconds(delay))
            }
        }
    }

    private enum Attempt {
        case answer(HTTPClientResponse)
        /// A later request may have more luck.
        case passing(RegistryError, retryAfter: String?)
    }

    private func attemptOnce(
        _ path: String, _ headers: [(String, String)], _ subject: String, _ expected: Set<UInt>
    ) async throws -> Attempt {
        do {
            let response = try await answer(path, headers, subject)
            let status = response.status.code
            if expected.contains(status) { return .answer(response) }
            let failure = try await failure(response, subject)
            guard RetryPolicy.isPassing(status) else { throw failure }
            return .passing(failure, retryAfter: response.headers.first(name: "retry-after"))
        } catch let error as RegistryError where error.reason == .unreachable && error.advice == nil {
            return .passing(error, retryAfter: nil)
        }
    }

    /// One answer, behind logins and redirects.
    private func answer(_ path: String, _ headers: [(String, String)], _ subject: String) async throws -> HTTPClientResponse {
        guard let start = URL(string: "\(endpoint.base)/v2/\(repository)/\(path)") else {
            throw error(.invalid, subject, "its address cannot be written as a URL")
        }
        var authorization = await authorizer.current()
        var challenged = 0
        while true {
            let response = try await follow(start, headers, authorization, subject)
            guard response.status == .unauthorized, challenged < 2 else { return response }
            challenged += 1
            let challenges = response.headers["www-authenticate"].flatMap(AuthenticationChallenge.parse)
            let refusal = try await failure(response, subject)
            do {
                authorization = try await authorizer.answer(challenges, rejected: authorization)
            } catch Authorizer.Rejection.refused {
                throw refusal
            } catch Authorizer.Rejection.tokenServer(let name, let status) {
                let words =
                    "its token server \(printable(name)) answered \(status) \(HTTPResponseStatus(statusCode: Int(status)).reasonPhrase)"
                throw error([401, 403].contains(status) ? .unauthorized : .status(Int(status)), subject, words)
            } catch Authorizer.Rejection.invalid(let words) {
                throw error(.invalid, subject, words)
            } catch let failed where !(failed is CancellationError) {
                throw error(.unreachable, subject, "its token server: \(RegistryTransport.words(failed))")
            }
        }
    }

    private func follow(
        _ start: URL, _ headers: [(String, String)], _ authorization: String?, _ subject: String
    ) async throws -> HTTPClientResponse {
        var url = start
        for _ in 0...Self.redirects {
            var request = HTTPClientRequest(url: url.absoluteString)
            request.tlsConfiguration = url.scheme == "https" ? endpoint.tls ?? .makeClientConfiguration() : nil
            for (name, value) in headers { request.headers.add(name: name, value: value) }
            request.headers.add(name: "user-agent", value: "swiftlet")
            // The login is for this one server: a redirect leads to blob stores of others, with a signature of its own in the address.
            if let authorization, Self.origin(url) == Self.origin(start) {
                request.headers.add(name: "authorization", value: authorization)
            }
            let response: HTTPClientResponse
            do { response = try await client.transport.send(request, to: url) } catch let failed where !(failed is CancellationError) {
                if Task.isCancelled { throw CancellationError() }
                throw unreachable(failed, url, subject)
            }
            guard [301, 302, 303, 307, 308].contains(response.status.code), let location = response.headers.first(name: "location") else {
                return response
            }
            _ = try await Self.words(response)
            guard let next = URL(string: location, relativeTo: url)?.absoluteURL, ["http", "https"].contains(next.scheme), next.host != nil
            else {
                throw error(.invalid, subject, "it redirects to '\(printable(location))', which is no http or https address")
            }
            if url.scheme == "https", next.scheme == "http", endpoint.security == .verified {
                throw error(.invalid, subject, "it redirects from https to plain http at \(printable(next.host ?? ""))")
            }
            url = next
        }
        throw error(.invalid, subject, "it redirects more than \(Self.redirects) times")
    }

    private static func origin(_ url: URL) -> String {
        "\(url.scheme ?? "")://\(url.host ?? ""):\(url.port ?? (url.scheme == "https" ? 443 : 80))"
    }

    private func unreachable(_ failed: any Error, _ url: URL, _ subject: String) -> RegistryError {
        let words = RegistryTransport.words(failed)
        let place = url.host == URL(string: endpoint.base)?.host ? "" : "behind a redirect to \(printable(url.host ?? "")): "
        var error = error(.unreachable, subject, place + words)
        error.login = nil
        if words.contains("not trusted") {
            error.advice = "Give the certificate of its authority (--ca FILE, rootCaCertBase64, or caFile of the host's --registries)"
        } else if words.contains("speak TLS") {
            error.advice = "Say that it speaks plain HTTP (--plain-http, or plainHTTP of the host's --registries)"
        }
        return error
    }

    /// What an answer with an error's status says.
    private func failure(_ response: HTTPClientResponse, _ subject: String) async throws -> RegistryError {
        let status = response.status
        var words = "\(status.code) \(status.reasonPhrase)"
        let body = try await Self.words(response)
        if let own = Self.message(body) { words += " (\(own))" }
        if status == .badRequest, endpoint.security == .plain, Self.wantsTLS(body) {
            return error(
                .invalid, subject, "it speaks TLS there, and was asked by plain HTTP",
                "Leave out --plain-http (plainHTTP of the host's --registries), or name the port at which it speaks plain HTTP")
        }
        switch status {
        case .unauthorized:
            let way =
                "give another (--user and --password-stdin, registryConfig.authConfig), or `docker login \(endpoint.name)` and pull again"
            return error(
                .unauthorized, subject, words,
                authorizer.known == nil ? "It wants a login: \(way)" : "It does not take this login: \(way)")
        case .forbidden: return error(.forbidden, subject, words, "This login may not pull from the repository: ask who owns it")
        case .notFound:
            return error(
                .notFound, subject, words,
                "Check the name; some registries answer so for what a login may not see")
        case .tooManyRequests: return error(.throttled, subject, words, "Log in, or wait: it limits how much may be pulled")
        default: return error(.status(Int(status.code)), subject, words)
        }
    }

    func error(_ reason: RegistryError.Reason, _ subject: String, _ event: String, _ advice: String? = nil) -> RegistryError {
        RegistryError(
            reason: reason, registry: endpoint.isMirror ? "mirror \(endpoint.name)" : endpoint.name, repository: repository,
            subject: subject,
            event: redacted(event), login: authorizer.words, advice: advice)
    }

    /// A server may send back what it was sent.
    private func redacted(_ text: String) -> String {
        guard let secret = authorizer.known?.credentials.secret.text, !secret.isEmpty else { return text }
        return text.replacingOccurrences(of: secret, with: "•••")
    }

    private static func words(_ response: HTTPClientResponse) async throws -> [UInt8] {
        do { return Array(try await response.body.collect(upTo: wordsLimit).readableBytesView) } catch is NIOTooManyBytesError { return [] }
    }

    /// Whether the answer is that of a server which got plain HTTP where it speaks TLS. Sources: Go's net/http ("Client sent an HTTP request to an HTTPS
    /// server."), which the distribution project's registry, Harbor and Gitea are made with; nginx ("The plain HTTP request was sent to HTTPS port");
    /// Apache httpd ("You're speaking plain HTTP to an SSL-enabled server port.").
    private static func wantsTLS(_ body: [UInt8]) -> Bool {
        let text = String(decoding: body.prefix(4096), as: UTF8.self).lowercased()
        return ["http request to an https server", "plain http request was sent to https port", "speaking plain http to an ssl-enabled"]
            .contains { text.contains($0) }
    }

    /// The first error of `{"errors": [{"code", "message"}]}`. Source: distribution specification 1.1, "Error Codes".
    private static func message(_ body: [UInt8]) -> String? {
        let value: JSONValue?
        do { value = try JSONValue(parsing: body) } catch { value = nil }
        guard let first = value?.object?["errors"]?.array?.first?.object else { return nil }
        let words = [first["code"]?.string, first["message"]?.string].compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: ": ")
        return words.isEmpty ? nil : printable(words)
    }
}
