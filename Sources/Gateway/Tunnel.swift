// SPDX-License-Identifier: Apache-2.0
internal import Activation
internal import FunctionModel
internal import NIOCore
internal import NIOHTTP1

extension Exchange {
    /// The function agreed to speak WebSocket: from here on bytes go both ways unread, until one side ends or the function's time limit passes.
    func switchProtocols(_ head: ResponseHead, _ upstream: UpstreamConnection) {
        guard webSocket != nil, requestEnded else {
            return badAnswer("it switches protocols to '\(head.headers.first(.upgrade) ?? "")', which was not asked for")
        }
        var out = HeadWriter(.switchingProtocols)
        out.add(head.headers) { HeaderRules.passesToClient($0, of: head.headers) }
        out.add("Connection", "Upgrade")
        out.add("Upgrade", "websocket")
        out.add("X-Fc-Request-Id", id.text)
        out.end()
        client.write(out.bytes)
        answer = .streaming(.untilClose)
        phase = .tunnel(upstream)
        client.write(upstream.becomeTunnel())
        client.flush()
        guard let early = client.becomeTunnel(self) else { return tunnelEnded() }
        upstream.send(early)
        upstream.flush()
    }

    func tunnelled(toClient bytes: ByteBuffer) {
        guard case .tunnel(let upstream) = phase else { return }
        client.write(bytes)
        if !client.isWritable { upstream.setReading(false) }
    }

    func tunnelled(toFunction bytes: ByteBuffer) {
        guard case .tunnel(let upstream) = phase else { return }
        upstream.send(bytes)
        if !upstream.isWritable { client.setReading(false) }
    }

    /// One side has closed: so does the other, and the call is over.
    func tunnelEnded() {
        guard case .tunnel(let upstream) = phase else { return }
        phase = .over
        upstream.end(reusable: false)
        ended(.success)
        finishLease(.completed, error: nil)
        client.tunnelEnded()
    }
}
