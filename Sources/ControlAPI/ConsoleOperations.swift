// SPDX-License-Identifier: Apache-2.0
import Access
import Catalog
import Console
import FunctionLog
import FunctionModel
import HTTPTypes
import Hummingbird
import NIOCore
import ServiceLifecycle

extension ControlResponder {
    /// A page, a form of one, or the live log.
    func consoleAnswer(_ segments: [String], _ request: Request, _ query: QueryItems) async throws -> Response {
        guard let console else {
            throw ServiceError(status: 404, code: "NotFound", message: "this host has no console")
        }
        guard request.method == .get || request.method == .post else {
            throw ServiceError(status: 405, code: "MethodNotAllowed", message: "pages take GET and POST")
        }
        let asked = ConsoleRequest(
            method: request.method.rawValue, segments: segments, query: query.all,
            form: request.method == .post ? try await form(request) : [:], cookie: request.cookie(Console.cookieName),
            origin: request.headers[.origin], host: request.head.authority, fetchSite: request.headers[HTTPField.Name("sec-fetch-site")!],
            address: request.headers[HTTPField.Name("x-forwarded-for")!] ?? "",
            isSecure: request.headers[HTTPField.Name("x-forwarded-proto")!]?.lowercased() == "https")
        let caller = self.caller(console.visitor(asked))
        return try await RequestAuthorization.$caller.withValue(caller ?? .nobody) {
            if request.method == .get, let other = try await unframed(segments, request, caller, { console.visitor(asked, isUse: false) }) {
                return other
            }
            return response(try await console.respond(asked))
        }
    }

    /// What of the console is no page: the live log, and the numbers as they are.
    private func unframed(
        _ segments: [String], _ request: Request, _ caller: AccessCaller?, _ visitor: @escaping @Sendable () -> ConsoleVisitor
    ) async throws -> Response? {
        let isLog = segments.count == 3 && segments[0] == "functions" && segments[2] == "log"
        guard isLog || segments == ["metrics"] else { return nil }
        guard let caller else { throw ServiceError(status: 401, code: "Unauthorized", message: "sign in at /console/ first") }
        try caller.require(.read, function: isLog ? segments[1] : nil)
        guard isLog else { return await metricsText() }
        let begun = visitor()
        return try await logStream(segments[1], request) { visitor() == begun }
    }

    /// Nil for who is not signed in; who has lost the key meanwhile is nobody, too.
    private func caller(_ visitor: ConsoleVisitor) -> AccessCaller? {
        switch visitor {
        case .nobody: nil
        case .anyone: .anyone
        case .key(let id): access?.authority.caller(key: id)
        }
    }

    private func response(_ answer: ConsoleAnswer) -> Response {
        var response = Response(
            status: HTTPResponse.Status(code: answer.status), body: ResponseBody(byteBuffer: ByteBuffer(string: answer.body)))
        for (name, value) in answer.headers {
            if let name = HTTPField.Name(name) { response.headers.append(HTTPField(name: name, value: value)) }
        }
        return response
    }

    /// The fields of `application/x-www-form-urlencoded`, which is what browsers send of these pages.
    private func form(_ request: Request) async throws -> [String: String] {
        var bytes: [UInt8] = []
        for try await buffer in request.body {
            guard bytes.count + buffer.readableBytes <= Request.maximumJSONBytes else {
                throw ServiceError(status: 413, code: "EntityTooLarge", message: "a form may have \(Request.maximumJSONBytes) bytes")
            }
            bytes += buffer.readableBytesView
        }
        return try QueryItems(raw: String(decoding: bytes, as: UTF8.self)).all
    }

    /// Server-sent events: a line of the log each. Source: WHATWG HTML, section 9.2.
    ///
    /// - Parameter mayGoOn: asked before each line, since a session may end while its log is read.
    private func logStream(_ name: String, _ request: Request, mayGoOn: @escaping @Sendable () -> Bool) async throws -> Response {
        _ = try await catalog.get(name)
        let lines = logs.lines(name, tail: 200, follow: true)
        let requestBody = request.body
        let body = ResponseBody { writer in
            do {
                try await writer.write(ByteBuffer(string: "retry: 2000\n\n"))
                try await requestBody.consumeWithCancellationOnInboundClose { _ in
                    for try await line in lines.cancelOnGracefulShutdown() {
                        guard mayGoOn() else { return }
                        var bytes = Array("data: ".utf8)
                        // The line's own end is one of the two that end an event.
                        line.write(to: &bytes)
                        bytes.append(UInt8(ascii: "\n"))
                        try await writer.write(ByteBuffer(bytes: bytes))
                    }
                }
            } catch is CancellationError {
                // The page was left, or the host stops.
            }
            try await writer.finish(nil)
        }
        return Response(status: .ok, headers: [.contentType: "text/event-stream", .cacheControl: "no-store"], body: body)
    }

    /// How the console asks the API: the same operations, in this process, as far as the key of the page's session may.
    func ask(_ method: String, _ path: String, _ body: JSONValue?) async throws -> JSONValue {
        guard let method = HTTPRequest.Method(method) else { throw ServiceError.invalidArgument("'\(method)' is no method") }
        let head = HTTPRequest(method: method, scheme: "http", authority: "localhost", path: path)
        let bytes = body.map { ByteBuffer(string: $0.text) } ?? ByteBuffer()
        let request = Request(head: head, body: RequestBody(buffer: bytes))
        let (path, query) = (try ControlPath(raw: request.target.path), try QueryItems(raw: request.target.query))
        if path != .functions || request.method == .get {
            try RequestAuthorization.caller.require(path.action(request.method), function: path.function)
        }
        let response = try await operate(request, path, query, requestID(request))
        let collected = CollectedBody()
        try await response.body.write(CollectingWriter(collected: collected))
        let text = collected.bytes
        return text.isEmpty ? [:] : try JSONValue(parsing: text)
    }
}

extension Request {
    /// The value of a cookie. Source: RFC 6265 §5.4.
    fileprivate func cookie(_ name: String) -> String? {
        for field in headers[values: .cookie] {
            for pair in field.split(separator: ";") {
                let parts = pair.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
                if parts.count == 2, parts[0] == name { return String(parts[1]) }
            }
        }
        return nil
    }
}
