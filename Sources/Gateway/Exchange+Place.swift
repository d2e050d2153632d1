// SPDX-License-Identifier: Apache-2.0
internal import Activation
internal import DequeModule
internal import FunctionLog
internal import FunctionModel
internal import NIOCore
internal import NIOHTTP1
internal import Synchronization

/// A place on an instance, and a connection to it.
extension Exchange {
    /// How often a call that found nobody listening goes back to the queue.
    private static let mostReturns = 3

    func acquire() { if let version { acquire(of: version) } }

    func acquire(of version: ResolvedVersion) {
        if version.runsPerEvent { return runProgram(version) }
        switch version.activator.acquire(on: loop.eventLoop, now: loop.now, waiter: { waiter() }) {
        case .granted(let lease): granted(lease)
        case .refused(let refusal): fail(refusal.error, retryAfter: refusal.retryAfter)
        case .waiting(let ticket):
            waited = true
            phase = .waiting(ticket, version.activator)
        }
    }

    private func waiter() -> CallWaiter {
        let bound = NIOLoopBound(self, eventLoop: loop.eventLoop)
        return CallWaiter(loop: loop.eventLoop) { bound.value.admitted($0) }
    }

    private func admitted(_ result: Result<Lease, CallRefusal>) {
        switch result {
        // The client left while this was under way.
        case .success(let lease) where isOver: lease.finish(.broken)
        case .success(let lease): granted(lease)
        case .failure(let refusal):
            if !isOver { fail(refusal.error, retryAfter: refusal.retryAfter) }
        }
    }

    private func granted(_ lease: Lease) {
        self.lease = lease
        isFirstCall = lease.isFirst
        let instance = lease.instance
        servedBy = instance
        log = instance.log
        if lease.activator.concurrency == 1 {
            let before = instance.connectionHome.exchange(loop.number, ordering: .relaxed)
            if before >= 0, before != loop.number { loop.closeElsewhere(before, instance) }
        }
        connect(to: .instance(instance), ObjectIdentifier(instance), fresh: false)
    }

    func connect(to target: UpstreamConnection.Target, _ key: UpstreamPool.Key, fresh: Bool) {
        let http2 = needsHTTP2
        if !fresh, !http2, let idle = loop.idle.take(key, notOlderThan: loop.roughNow - loop.options.idleConnectionTime) {
            return forward(over: idle)
        }
        phase = .connecting
        UpstreamConnection.open(target, key, http2: http2, on: loop) { result in
            switch result {
            case .success(let connection) where self.isOver: connection.end(reusable: connection.isOpen)
            case .success(let connection): self.forward(over: connection)
            case .failure(let error): if !self.isOver { self.notConnected(error) }
            }
        }
    }

    /// Nobody listens where the call was sent to. Not a byte of it has gone out, so it may wait for another instance.
    private func notConnected(_ error: any Error) {
        guard let lease else {
            return fail(
                ServiceError(
                    status: 503, code: "ServiceUnavailable",
                    message: "the control API of this host does not answer (\(error)); retry in a moment"),
                retryAfter: 1)
        }
        returns += 1
        guard returns <= Self.mostReturns else { return crashed() }
        self.lease = nil
        phase = .waiting(lease.activator.giveBack(lease, waiter: waiter()), lease.activator)
    }

    private func forward(over upstream: UpstreamConnection) {
        guard upstream.isOpen else { return lost(upstream) }
        phase = .forwarding(upstream)
        upstream.begin(self)
        if forwardedAt == nil {
            forwardedAt = loop.now
            log?.requestStarted(id, trace: traceID)
        }
        upstream.send(head: forwardedHead(), chunked: body.chunked)
        if bodyBytes > 0 { while let bytes = seldom?.held.popFirst() { upstream.send(bytes) } }
        if requestEnded {
            if body.chunked { upstream.sendEnd(seldom?.passedTrailers ?? .none) }
        } else {
            lastBodyByte = loop.roughNow
            if head.facts.expectsContinue, bodyBytes == 0 {
                client.write(Self.goOn)
                client.flush()
            }
            client.setReading(upstream.isWritable)
        }
        if !client.isInRead { upstream.flush() }
    }

    /// The connection ended before the answer did.
    func upstreamLost() {
        switch phase {
        case .forwarding(let upstream): lost(upstream)
        case .tunnel: tunnelEnded()
        case .collecting, .waiting, .connecting, .accepting, .running, .awaitingLog, .over: break
        }
    }

    private func lost(_ upstream: UpstreamConnection) {
        // A connection that lay idle may have been closed just as the request went out: what may be repeated is, once, on a new one.
        if case .none = answer, upstream.used, !retried, !body.isThere, [.GET, .HEAD, .OPTIONS, .TRACE].contains(head.method) {
            retried = true
            if let lease { return connect(to: .instance(lease.instance), ObjectIdentifier(lease.instance), fresh: true) }
            if let socket = loop.options.apiSocket { return connect(to: .controlAPI(socket: socket), ObjectIdentifier(loop), fresh: true) }
        }
        crashed()
    }
}
