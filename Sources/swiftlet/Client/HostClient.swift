// SPDX-License-Identifier: Apache-2.0
import AsyncHTTPClient
import FoundationEssentials
import FunctionModel
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix

/// Speaks to a host's API. A proxy named in the environment is never used: AsyncHTTPClient reads none, and none is set here.
struct HostClient {
    /// Long enough for `image load` of a large archive; a call is bounded by its function's own timeout.
    private static let requestBound = TimeAmount.hours(24)

    enum Method: String {
        case delete = "DELETE"
        case get = "GET"
        case post = "POST"
        case put = "PUT"
    }

    let url: String
    private let client: HTTPClient
    private let signer: RequestSigner?

    /// Runs `body` with a client that is closed afterwards.
    static func with<Result>(_ options: HostOptions, _ body: (HostClient) async throws -> Result) async throws -> Result {
        var configuration = HTTPClient.Configuration()
        configuration.timeout.connect = .seconds(5)
        configuration.httpVersion = .http1Only
        configuration.redirectConfiguration = .disallow
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        do {
            let result = try await body(HostClient(url: options.url, client: client, signer: try .fromEnvironment()))
            try await client.shutdown()
            return result
        } catch {
            try await client.shutdown()
            throw readable(error, url: options.url)
        }
    }

    /// Sends one request and hands back its answer, whatever its status.
    ///
    /// - Parameters:
    ///   - content: the body.
    ///   - stream: a body that is made while it is sent; only what takes uploads takes it.
    func send(
        _ method: Method, _ path: String, headers: [String: String] = [:], content: Data? = nil, stream: HTTPClientRequest.Body? = nil
    ) async throws -> HTTPClientResponse {
        var request = HTTPClientRequest(url: url + path)
        request.method = HTTPMethod(rawValue: method.rawValue)
        request.headers = HTTPHeaders(headers.map { ($0.key, $0.value) })
        request.headers.replaceOrAdd(name: "user-agent", value: "swiftlet/\(swiftletVersion)")
        if let signer {
            let host = url.split(separator: "/").last.map(String.init) ?? ""
            let signed = try signer.headers(method.rawValue, path, host: host, content: stream == nil ? content ?? Data() : nil)
            for (name, value) in signed { request.headers.replaceOrAdd(name: name, value: value) }
        }
        request.body = stream ?? content.map { .bytes(ByteBuffer(bytes: $0)) }
        return try await client.execute(request, timeout: Self.requestBound)
    }

    /// Sends one request, and throws unless it succeeds.
    func checked(
        _ method: Method, _ path: String, headers: [String: String] = [:], content: Data? = nil, stream: HTTPClientRequest.Body? = nil
    ) async throws -> HTTPClientResponse {
        let response = try await send(method, path, headers: headers, content: content, stream: stream)
        guard (200..<300).contains(response.status.code) else { throw try await Self.failure(of: response) }
        return response
    }

    /// The answer as a value, of a call whose answers are small.
    func json(_ method: Method, _ path: String) async throws -> JSONValue {
        try JSONValue(parsing: Array(try await data(method, path)))
    }

    /// The answer's whole body as it came, for `--json`.
    func data(_ method: Method, _ path: String, body: (any Encodable)? = nil) async throws -> Data {
        var headers: [String: String] = [:]
        var content: Data?
        if let body {
            headers["content-type"] = "application/json"
            content = try JSONEncoder().encode(body)
        }
        return try await Self.collect(try await checked(method, path, headers: headers, content: content))
    }

    /// The same, of a request whose body is a value.
    func data(_ method: Method, _ path: String, json: JSONValue) async throws -> Data {
        let content = Data(json.text.utf8)
        return try await Self.collect(try await checked(method, path, headers: ["content-type": "application/json"], content: content))
    }

    /// All elements of a list that comes in pages.
    func pages(_ path: String, _ name: String, query: String = "", atMost limit: Int = .max) async throws -> [JSONValue] {
        var elements: [JSONValue] = []
        var token: String?
        repeat {
            let next = token.map { "&nextToken=\(Self.escape($0))" } ?? ""
            let page = try await json(.get, "\(path)?limit=100\(query)\(next)").object ?? [:]
            elements += page[name]?.array ?? []
            token = page["nextToken"]?.string
        } while !(token ?? "").isEmpty && elements.count < limit
        return Array(elements.prefix(limit))
    }

    static func collect(_ response: HTTPClientResponse) async throws -> Data {
        Data(try await response.body.collect(upTo: 64 << 20).readableBytesView)
    }

    /// What an error answer says: `{"Code","Message","RequestId"}`, or whatever stands in its place.
    static func failure(of response: HTTPClientResponse) async throws -> CommandFailure {
        let body = try await collect(response)
        do {
            return CommandFailure(printable(try JSONDecoder().decode(ErrorAnswer.self, from: body).text))
        } catch {
            let text = printable(String(decoding: body.prefix(500), as: UTF8.self))
            return CommandFailure("the host answered \(response.status)\(text.isEmpty ? "" : ": \(text)")")
        }
    }

    /// A segment of a path: everything but letters, digits, `-`, `_`, `.` and `~` is escaped.
    static func escape(_ segment: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        let bytes = segment.utf8.flatMap { byte -> [UInt8] in
            switch byte {
            case 48...57, 65...90, 97...122, 45, 46, 95, 126: [byte]
            default: [37, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func readable(_ error: any Error, url: String) -> any Error {
        // A name may stand for several addresses; each has its own reason.
        let reasons = (error as? NIOConnectionError)?.connectionErrors.map(\.error) ?? [error]
        if reasons.contains(where: { ($0 as? IOError)?.errnoCode == ECONNREFUSED }) {
            return CommandFailure("no host at \(url): start one with `swiftlet serve`, or name another with --host or SWIFTLET_HOST")
        }
        let isTimeout = reasons.contains { reason in
            if case .connectTimeout? = reason as? ChannelError { return true }
            return reason as? HTTPClientError == .connectTimeout
        }
        if isTimeout { return CommandFailure("no answer from \(url) within 5 s: check the address in --host or SWIFTLET_HOST") }
        if let error = error as? NIOConnectionError {
            let words = (reasons.first ?? error.dnsAError ?? error.dnsAAAAError).map { "\($0)" } ?? "unknown reason"
            return CommandFailure("cannot connect to \(url): \(words); check the address in --host or SWIFTLET_HOST")
        }
        if let error = error as? HTTPClientError, error == .remoteConnectionClosed {
            return CommandFailure("the host at \(url) closed the connection before it had answered: see what it printed")
        }
        return error
    }
}

struct ErrorAnswer: Decodable {
    var code: String
    var message: String
    var request: String?

    var text: String { "\(code): \(message)" + (request.map { " (request \($0))" } ?? "") }

    enum CodingKeys: String, CodingKey {
        case code = "Code"
        case message = "Message"
        case request = "RequestId"
    }
}
