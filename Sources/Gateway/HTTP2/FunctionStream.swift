// SPDX-License-Identifier: Apache-2.0
internal import NIOCore
internal import NIOHPACK
internal import NIOHTTP2

/// One HTTP/2 stream to a function, told to the gateway as an HTTP/1.1 connection: what ``ClientStream`` does on the other side.
final class FunctionStream: ChannelDuplexHandler {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = HTTP2Frame.FramePayload

    private enum Answer {
        case awaited
        case body(chunked: Bool)
        case ended
    }

    private var answer = Answer.awaited
    private var parser = RequestParser(isStream: true)
    private var unread = ByteBuffer()

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .headers(let frame):
            switch answer {
            case .awaited: head(frame, context)
            case .body(let chunked): end(chunked, frame.headers, context)
            case .ended: break
            }
        case .data(let frame):
            guard case .body(let chunked) = answer, case .byteBuffer(let bytes) = frame.data else { return }
            if bytes.readableBytes > 0 {
                context.fireChannelRead(wrapInboundOut(chunked ? HTTP2Fields.chunk(bytes, context.channel.allocator) : bytes))
            }
            if frame.endStream { end(chunked, HPACKHeaders(), context) }
        default: break
        }
    }

    private func head(_ frame: HTTP2Frame.FramePayload.Headers, _ context: ChannelHandlerContext) {
        let status = frame.headers.first(name: ":status") ?? ""
        let isInterim = status.hasPrefix("1")
        let (head, chunked) = HTTP2Fields.answerHead(
            frame.headers, status, isInterim: isInterim, endStream: frame.endStream, context.channel.allocator)
        if !isInterim { answer = frame.endStream ? .ended : .body(chunked: chunked) }
        context.fireChannelRead(wrapInboundOut(head))
    }

    private func end(_ chunked: Bool, _ trailers: HPACKHeaders, _ context: ChannelHandlerContext) {
        answer = .ended
        guard chunked else { return }
        context.fireChannelRead(wrapInboundOut(HTTP2Fields.chunkedEnd(trailers, context.channel.allocator)))
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        var bytes = unwrapOutboundIn(data)
        unread.writeBuffer(&bytes)
        do throws(Malformed) {
            while let part = try parser.next(&unread) {
                switch part {
                case .head(let head):
                    let frame = HTTP2Frame.FramePayload.Headers(headers: HTTP2Fields.request(head), endStream: !head.facts.body.isThere)
                    context.write(wrapOutboundOut(.headers(frame)), promise: nil)
                case .body(let bytes): context.write(wrapOutboundOut(.data(.init(data: .byteBuffer(bytes)))), promise: nil)
                case .end(let trailers):
                    if let last = HTTP2Fields.ended(nil, trailers, before: {}) { context.write(wrapOutboundOut(last), promise: nil) }
                }
            }
            promise?.succeed()
        } catch {
            promise?.fail(error)
            context.close(promise: nil)
        }
        unread.discardReadBytes()
    }
}
