// SPDX-License-Identifier: Apache-2.0
internal import Access
internal import Activation
internal import FunctionModel
internal import NIOCore
internal import NIOHTTP1

/// From the head to the call: what is asked for, of whom, and whether it may.
extension Exchange {
    func begin() {
        guard let (target, host) = originForm() else {
            isSuspect = true
            return fail(.invalidArgument("the request target must be a path, or a URL that begins with http:// and names a host alone"))
        }
        authority = host
        if loop.table.hasDomains, let domain = loop.table.domain(host: host) { return come(by: domain, target) }
        switch client.destination(head.method, target, host) {
        case .event(let function, let qualifier): event(function, qualifier)
        case .http(let function, let qualifier, let target, let byPath): http(function, qualifier, target, byPath: byPath)
        case .controlAPI: controlAPI(target)
        }
    }

    /// A URL as request target names the host itself, and wins over the `Host` header (RFC 9112 §3.2.2).
    private func originForm() -> (target: String, host: String?)? {
        let uri = head.uri
        if uri.utf8.first == UInt8(ascii: "/") { return (uri, head.facts.host) }
        guard uri.lowercased().hasPrefix("http://") else { return nil }
        let rest = uri.dropFirst(7)
        let end = rest.firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? rest.endIndex
        let path = rest[end...]
        // A user before the host, or anything else that no host has, would lead one reader elsewhere than the other.
        guard !rest[..<end].isEmpty, rest[..<end].utf8.allSatisfy(Grammar.isHost) else { return nil }
        return (path.first == "/" ? String(path) : "/" + path, String(rest[..<end]))
    }

    private func event(_ function: String, _ qualifier: String) {
        guard withinLimits(), authorize(event: function) else { return }
        var withLog = false
        if head.facts.has(.functionCompute) {
            let headers = head.headers
            if let given = headers.first(name: "x-fc-request-id").flatMap({ RequestID(HeaderRules.unquoted($0)) }) { id = given }
            withLog = headers.first(name: "x-fc-log-type").map { HeaderRules.unquoted($0).lowercased() == "tail" } ?? false
        }
        guard let version = find(function, qualifier, anyCase: false) else { return }
        do { if try isAsync() { return takeIn(event: function, qualifier) } } catch { return fail(error) }
        kind = .event(version, withLog: withLog && version.version.configuration.instanceConcurrency == 1)
        trace()
        if let length = body.contentLength, length > loop.options.eventBytes {
            return fail(.entityTooLarge(limit: loop.options.eventBytes))
        }
        if requestEnded {
            do { try seldom?.payload?.finish() } catch { return fail(error) }
            acquire(of: version)
        } else if body.chunked || seldom?.payload != nil || version.runsPerEvent {
            phase = .collecting
            if head.facts.expectsContinue {
                client.write(Self.goOn)
                client.flush()
            }
        } else {
            acquire(of: version)
        }
    }

    private func http(_ function: String, _ qualifier: String, _ target: String, byPath: Bool) {
        guard withinLimits() else { return }
        if let version = loop.table.open(function, qualifier) {
            guard authorize(call: { function }) else { return }
            return call(version, qualifier, target)
        }
        do {
            guard let trigger = try loop.table.httpTrigger(function, qualifier, anyCase: true) else {
                guard authorize(call: { loop.table.exactName(function) }) else { return }
                return call(function, qualifier, target)
            }
            come(by: trigger, function, qualifier, target, byPath: byPath)
        } catch { fail(error) }
    }

    /// The call may go on, as far as the gateway is asked.
    func call(_ function: String, _ qualifier: String, _ target: String) {
        if let version = find(function, qualifier, anyCase: true) { call(version, qualifier, target) }
    }

    private func call(_ version: ResolvedVersion, _ qualifier: String, _ target: String) {
        guard !version.runsPerEvent else {
            return fail(
                .invalidArgument("function '\(version.name)' has no server (its webServerMode is false); call it by InvokeFunction"))
        }
        do { if try isAsync() { return takeIn(http: version.name, qualifier, target: target) } } catch { return fail(error) }
        kind = .http(version, target: target)
        trace()
        acquire(of: version)
    }

    private func controlAPI(_ target: String) {
        guard let socket = loop.options.apiSocket else {
            return fail(
                ServiceError(
                    status: 404, code: "PathNotSupported", message: "'\(head.method)' against '\(target)' is not served on this address"))
        }
        kind = .controlAPI(target: target)
        connect(to: .controlAPI(socket: socket), ObjectIdentifier(loop), fresh: false)
    }

    private func find(_ function: String, _ qualifier: String, anyCase: Bool) -> ResolvedVersion? {
        do {
            return try loop.table.find(function, qualifier, anyCase: anyCase) { key in
                switch key {
                case .header(let name): head.headers.first(name: name)
                case .cookie(let name): HeaderRules.cookie(name, in: head.headers)
                }
            }
        } catch {
            fail(error)
            return nil
        }
    }

    func withinLimits() -> Bool {
        // The options are many: a copy of them for each call would show.
        if head.facts.headerBytes > loop.options.requestHeaderBytes {
            fail(
                .invalidArgument("the header fields have \(head.facts.headerBytes) bytes; the limit is \(loop.options.requestHeaderBytes)"))
            return false
        }
        if head.uri.utf8.count > loop.options.requestTargetBytes {
            fail(.invalidArgument("path and query have \(head.uri.utf8.count) bytes; the limit is \(loop.options.requestTargetBytes)"))
            return false
        }
        return true
    }

    /// The head that goes on.
    func forwardedHead() -> ByteBuffer {
        switch kind {
        case .event(let version, _): return eventHead(version)
        case .http(let version, let target): return httpHead(version, target)
        case .controlAPI(let target):
            var out = HeadWriter(head.method, target, capacity: head.headers.bytes.readableBytes + 64)
            out.add(head.headers) { HeaderRules.passesToAPI($0, head) }
            out.add("X-Forwarded-For", client.address)
            if client.isSecure { out.add("X-Forwarded-Proto", "https") }
            HeaderRules.frame(&out, head.method, body)
            out.end()
            return out.bytes
        case .unknown, .queued: return head.headers.bytes
        }
    }

    private func eventHead(_ version: ResolvedVersion) -> ByteBuffer {
        var out = HeadWriter(start: version.eventStart, room: 256, in: loop.scratch)
        addCredentials(version, to: &out)
        out.add(contentLength: body.contentLength ?? 0)
        out.add("x-fc-request-id", id)
        writeTrace(to: &out)
        out.end()
        return bytes(of: out)
    }

    func writeTrace(to out: inout HeadWriter) {
        guard let spans else { return TraceContext.write(head, to: &out, loop) }
        for (name, value) in spans.fields { out.add(name: name, value) }
    }

    private func httpHead(_ version: ResolvedVersion, _ target: String) -> ByteBuffer {
        var out = httpHeadStart(version, target)
        addCredentials(version, to: &out)
        out.add("x-fc-request-id", id)
        if let seldom { for field in seldom.claimFields { out.add(name: field.name, field.value) } }
        writeTrace(to: &out)
        if let upgrade = webSocket {
            out.add("Connection", "Upgrade")
            out.add("Upgrade", upgrade)
        }
        HeaderRules.frame(&out, head.method, body)
        out.end()
        return bytes(of: out)
    }

    /// What is the same for each request with this head.
    private func httpHeadStart(_ version: ResolvedVersion, _ target: String) -> HeadWriter {
        if let known = head.toFunction, known.version === version, known.target == target {
            return HeadWriter(start: known.bytes, room: 512, in: loop.scratch)
        }
        let path = target.utf8.firstIndex(of: UInt8(ascii: "?")).map { String(target[..<$0]) } ?? target
        let origin = client.origin(host: authority ?? version.host)
        var out = HeadWriter(
            head.method, target,
            capacity: head.headers.bytes.readableBytes + version.httpLines.readableBytes + origin.lines.readableBytes
                + 2 * target.utf8.count + 512, in: loop.scratch)
        HeaderRules.toFunction(&out, head, origin: origin)
        out.add(lines: version.httpLines)
        out.add("x-fc-client-ip", client.address)
        out.add("x-fc-base-path", path)
        if head.isRepeated { head.toFunction = KnownLines(version: version, target: target, bytes: out.bytes) }
        return out
    }

    /// With room for a short body behind it.
    private func bytes(of head: borrowing HeadWriter) -> ByteBuffer {
        loop.bytes(of: head, room: min(body.contentLength ?? 0, PendingWrite.together))
    }

    /// gRPC is HTTP/2 all the way. A client of HTTP/1.1 that says so of its body speaks something else.
    var needsHTTP2: Bool {
        guard loop.sockets == nil, head.facts.has(.contentType), case .http = kind, let type = head.headers.first(.contentType) else {
            return false
        }
        return type.hasPrefix("application/grpc")
    }

    /// The one protocol that an HTTP call may change to; an upgrade to anything else is not passed on, which a server may do (RFC 9110 §7.8).
    var webSocket: String? {
        guard head.facts.has(.upgrade), !body.isThere, head.method == .GET, let upgrade = head.facts.upgrade,
            upgrade.lowercased() == "websocket"
        else {
            return nil
        }
        return upgrade
    }
}

extension ServiceError {
    static func entityTooLarge(limit: Int) -> ServiceError {
        ServiceError(status: 400, code: "EntityTooLarge", message: "payload size exceeds maximum allowed size (\(limit) bytes)")
    }
}
