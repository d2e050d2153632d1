// SPDX-License-Identifier: Apache-2.0
internal import Access
internal import Activation
internal import DequeModule
internal import FunctionModel
internal import InvocationQueue
internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import Tracing

/// Asynchronous calls: the whole request is read, handed to the queue, and answered by 202 once it is durable there, never before.
/// Source: Function Compute contract §7.7 and §9.
extension Exchange {
    /// Whether the caller wants the call made later.
    ///
    /// - Throws: ``ServiceError`` 400 `InvalidArgument` for a word that is neither `Sync` nor `Async`.
    func isAsync() throws(ServiceError) -> Bool {
        guard head.facts.has(.functionCompute), let given = head.headers.first(name: "x-fc-invocation-type") else { return false }
        let type = HeaderRules.unquoted(given)
        switch type.lowercased() {
        case "sync", "": return false
        case "async": return true
        default: throw .invalidArgument("x-fc-invocation-type '\(type)' is neither 'Sync' nor 'Async'")
        }
    }

    /// Begins to take in an event.
    func takeIn(event function: String, _ qualifier: String) {
        trace(.producer)
        takeIn(function, qualifier, .event(fields: written { writeTrace(to: &$0) }))
    }

    /// Begins to take in an HTTP call, to be replayed with its path, its fields and its body.
    func takeIn(http function: String, _ qualifier: String, target: String) {
        trace(.producer)
        let origin = client.origin(host: authority ?? "127.0.0.1")
        let path = target.utf8.firstIndex(of: UInt8(ascii: "?")).map { String(target[..<$0]) } ?? target
        let fields = written { out in
            HeaderRules.toFunction(&out, head, origin: origin)
            out.add("x-fc-client-ip", client.address)
            out.add("x-fc-base-path", path)
            for field in seldom?.claimFields ?? [] { out.add(name: field.name, field.value) }
            writeTrace(to: &out)
        }
        takeIn(function, qualifier, .http(method: head.method.rawValue, target: target, fields: fields))
    }

    /// The fields that would have been written to the function now.
    private func written(_ write: (inout HeadWriter) -> Void) -> [InvocationHead.Field] {
        var out = HeadWriter(start: ByteBuffer(), room: 1024)
        write(&out)
        return out.bytes.readableBytesView.split(separator: UInt8(ascii: "\n")).compactMap { line in
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return nil }
            let value = line[line.index(after: colon)...].drop { $0 == UInt8(ascii: " ") }
            return .init(
                String(decoding: line[..<colon], as: UTF8.self), String(decoding: value.prefix { $0 != UInt8(ascii: "\r") }, as: UTF8.self))
        }
    }

    private func takeIn(_ function: String, _ qualifier: String, _ call: InvocationHead) {
        guard loop.queue != nil else {
            return fail(ServiceError(status: 501, code: "NotImplemented", message: "this host has no queue for asynchronous invocations"))
        }
        let now = Timestamp(milliseconds: loop.clock.unixMilliseconds())
        var new = NewInvocation(
            lane: function, qualifier: qualifier, task: id.text, request: id, head: call, payload: [], accepted: now)
        do {
            if let task = try given(
                "x-fc-async-task-id", Self.isTaskID, "a letter or '_' first, then letters, digits, '_' and '-', at most 128")
            {
                (new.task, new.hasOwnTask) = (task, true)
            }
            new.deduplication = try given(
                "x-swiftlet-deduplication-key", { (1...128).contains($0.utf8.count) && $0.utf8.allSatisfy { (33...126).contains($0) } },
                "1 to 128 visible ASCII characters")
            if let delay = try given("x-fc-async-delay", { (1...3600).contains(Int($0) ?? 0) }, "a whole number of seconds from 1 to 3600")
            {
                new.due.milliseconds += (Int64(delay) ?? 0) * 1000
            }
        } catch { return fail(error) }
        kind = .queued(new)
        if max(body.contentLength ?? 0, bodyBytes) > loop.options.asyncBytes {
            return fail(.entityTooLarge(limit: loop.options.asyncBytes))
        }
        // The body may have come while the caller was being asked who it is.
        if requestEnded {
            do { try seldom?.payload?.finish() } catch { return fail(error) }
            return enqueue(new)
        }
        phase = .collecting
        client.setReading(true)
        if head.facts.expectsContinue {
            client.write(Self.goOn)
            client.flush()
        }
    }

    /// A header field of the caller's, where it is there.
    private func given(_ name: String, _ isAllowed: (String) -> Bool, _ rule: String) throws(ServiceError) -> String? {
        guard let text = head.headers.first(name: name).map(HeaderRules.unquoted), !text.isEmpty else { return nil }
        guard isAllowed(text) else { throw .invalidArgument("\(name): '\(text.prefix(200))' is not allowed; it must be \(rule)") }
        return text
    }

    private static func isTaskID(_ text: String) -> Bool {
        func isWord(_ byte: UInt8) -> Bool { (65...90).contains(byte) || (97...122).contains(byte) || byte == UInt8(ascii: "_") }
        guard let first = text.utf8.first, isWord(first), text.utf8.count <= 128 else { return false }
        return text.utf8.allSatisfy { isWord($0) || (48...57).contains($0) || $0 == UInt8(ascii: "-") }
    }

    /// The request is complete.
    func enqueue(_ new: NewInvocation) {
        guard let queue = loop.queue else { return }
        phase = .accepting
        var new = new
        new.payload.reserveCapacity(bodyBytes)
        while let bytes = seldom?.held.popFirst() { new.payload += bytes.readableBytesView }
        let (bound, task) = (NIOLoopBound(self, eventLoop: loop.eventLoop), new.task)
        queue.enqueue(new) { result in bound.eventLoop.execute { bound.value.enqueued(result, task) } }
    }

    private func enqueued(_ result: Result<Acceptance, any Error>, _ task: String) {
        if let spans, case .queued(let new) = kind {
            let error: String? = if case .failure(let error) = result { "\(error)" } else { nil }
            spans.end(enqueued: new.lane, at: loop.clock.now(), error: error)
        }
        // The caller has left: what was accepted stays accepted.
        guard !isOver else { return }
        switch result {
        case .success(.accepted): writeAccepted(task, isDuplicate: false)
        case .success(.duplicate(let first)): writeAccepted(first, isDuplicate: true)
        case .success(.taskExists):
            fail(
                ServiceError(
                    status: 409, code: "StatefulAsyncInvocationAlreadyExists",
                    message: "there is an asynchronous invocation '\(task)' already; choose another x-fc-async-task-id"))
        case .failure(let error):
            loop.logger.error("an asynchronous invocation was not accepted", metadata: ["request": "\(id)", "error": "\(error)"])
            fail(
                ServiceError(
                    status: 503, code: "ServiceUnavailable",
                    message: "the queue of this host cannot take the invocation at present; it was not accepted, send it again"),
                retryAfter: 1)
        }
    }

    private func writeAccepted(_ task: String, isDuplicate: Bool) {
        phase = .over
        keepAlive = mayKeepAlive
        var out = HeadWriter(.accepted)
        out.add(lines: loop.dateLine())
        out.add("X-Fc-Request-Id", id)
        out.add("X-Fc-Async-Task-Id", task)
        if isDuplicate { out.add("X-Swiftlet-Duplicate", "true") }
        out.add(contentLength: 0)
        if !keepAlive { out.add("Connection", "close") } else if head.version == .http1_0 { out.add("Connection", "keep-alive") }
        out.end()
        client.write(out.bytes)
        client.exchangeEnded(self, keepAlive: keepAlive)
    }
}
