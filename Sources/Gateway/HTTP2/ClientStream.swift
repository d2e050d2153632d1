// SPDX-License-Identifier: Apache-2.0
internal import NIOCore
internal import NIOHPACK
internal import NIOHTTP2

/// One HTTP/2 stream of a client, told to the gateway as an HTTP/1.1 connection with one request on it: so there is one set of rules for heads, and one
/// way through the house. Nothing of a stream is passed on that those rules have not read.
final class ClientStream: ChannelDuplexHandler {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = HTTP2Frame.FramePayload

    private enum Request {
        case awaited
        case body(chunked: Bool)
        case ended
    }

    private var request = Request.awaited
    private var parser = ResponseParser(isStream: true)
    private var unread = ByteBuffer()
    private var answerEnded = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        do throws(Malformed) {
            switch unwrapInboundIn(data) {
            case .headers(let frame): try headers(frame, context)
            case .data(let frame):
                guard case .body(let chunked) = request, case .byteBuffer(let bytes) = frame.data else { return }
                if bytes.readableBytes > 0 {
                    context.fireChannelRead(wrapInboundOut(chunked ? HTTP2Fields.chunk(bytes, context.channel.allocator) : bytes))
                }
                if frame.endStream { end(chunked, HPACKHeaders(), context) }
            default: break
            }
        } catch {
            // RFC 9113 §8.1.1: a malformed request is a stream error.
            request = .ended
            context.writeAndFlush(wrapOutboundOut(.rstStream(.protocolError)), promise: nil)
            context.close(promise: nil)
        }
    }

    private func headers(_ frame: HTTP2Frame.FramePayload.Headers, _ context: ChannelHandlerContext) throws(Malformed) {
        switch request {
        case .awaited:
            let (head, chunked) = try HTTP2Fields.requestHead(frame.headers, endStream: frame.endStream, context.channel.allocator)
            parser.answersHEAD = frame.headers.first(name: ":method") == "HEAD"
            request = frame.endStream ? .ended : .body(chunked: chunked)
            context.fireChannelRead(wrapInboundOut(head))
        case .body(let chunked): end(chunked, frame.headers, context)
        case .ended: break
        }
    }

    private func end(_ chunked: Bool, _ trailers: HPACKHeaders, _ context: ChannelHandlerContext) {
        request = .ended
        guard chunked else { return }
        context.fireChannelRead(wrapInboundOut(HTTP2Fields.chunkedEnd(trailers, context.channel.allocator)))
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        var bytes = unwrapOutboundIn(data)
        unread.writeBuffer(&bytes)
        var last: HTTP2Frame.FramePayload?
        func put(_ next: HTTP2Frame.FramePayload) {
            if let last { context.write(wrapOutboundOut(last), promise: nil) }
            last = next
        }
        do throws(Malformed) {
            while !answerEnded, let part = try parser.next(&unread) {
                switch part {
                case .head(let head): put(.headers(.init(headers: HTTP2Fields.answer(head))))
                case .body(let bytes): put(.data(.init(data: .byteBuffer(bytes))))
                case .end(let trailers):
                    answerEnded = true
                    last = HTTP2Fields.ended(last, trailers) { if let last { context.write(wrapOutboundOut(last), promise: nil) } }
                }
            }
        } catch {
            context.close(promise: promise)
            return
        }
        unread.discardReadBytes()
        if let last { context.write(wrapOutboundOut(last), promise: promise) } else { promise?.succeed() }
    }

    /// The end of the answer says itself that no more comes.
    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if mode == .output { promise?.succeed() } else { context.close(mode: mode, promise: promise) }
    }
}
