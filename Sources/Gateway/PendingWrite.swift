// SPDX-License-Identifier: Apache-2.0
internal import NIOCore

/// What is about to be written on a connection: small pieces are put together, so that a short message is one write; large ones go as they are.
struct PendingWrite {
    /// Copying so much costs less than a further piece of a gathered write.
    static let together = 8 << 10

    private var gathered: ByteBuffer?
    /// Where short messages go past the channel; nil where the channel changes what is written to it.
    private var socket: BareSocket?
    /// Something was written to the channel, and may still lie there: nothing may overtake it.
    private var isInChannel = false

    /// - Parameter socket: nil before it is closed.
    mutating func goStraight(to socket: BareSocket?) { self.socket = socket }

    mutating func add(_ bytes: ByteBuffer, to context: ChannelHandlerContext?) {
        guard var before = gathered.take() else {
            gathered = bytes
            return
        }
        if before.readableBytes + bytes.readableBytes <= Self.together {
            before.writeImmutableBuffer(bytes)
            gathered = before
        } else {
            isInChannel = true
            context?.write(NIOAny(before), promise: nil)
            gathered = bytes
        }
    }

    /// One chunk of a chunked body.
    mutating func add(chunk: ByteBuffer, allocator: ByteBufferAllocator, to context: ChannelHandlerContext?) {
        guard chunk.readableBytes > 0 else { return }
        var size = allocator.buffer(capacity: 20)
        size.writeHexadecimal(chunk.readableBytes)
        size.writeStaticString("\r\n")
        add(size, to: context)
        add(chunk, to: context)
        add(Self.lineEnd, to: context)
    }

    /// The end of a chunked body, with those trailers that may follow one.
    mutating func add(chunkedEnd trailers: HeaderFields, to context: ChannelHandlerContext?) {
        guard !trailers.lines.isEmpty else { return add(Self.end, to: context) }
        var bytes = ByteBuffer()
        bytes.writeStaticString("0\r\n")
        bytes.write(trailers, where: HeaderRules.isTrailer)
        bytes.writeStaticString("\r\n")
        add(bytes, to: context)
    }

    mutating func flush(to context: ChannelHandlerContext?, of loop: GatewayLoop) {
        guard var bytes = gathered.take() else { return }
        if let socket, !isInChannel || isDrained(context) {
            let sent = socket.send(bytes)
            if sent == bytes.readableBytes { return loop.giveBack(bytes) }
            bytes.moveReaderIndex(forwardBy: sent)
        }
        isInChannel = true
        context?.writeAndFlush(NIOAny(bytes), promise: nil)
    }

    /// Whether nothing lies in the channel any more that was written before.
    private mutating func isDrained(_ context: ChannelHandlerContext?) -> Bool {
        guard let options = context?.channel.syncOptions else { return false }
        do { isInChannel = try options.getOption(.bufferedWritableBytes) > 0 } catch { return false }
        return !isInChannel
    }

    mutating func take() -> ByteBuffer? { gathered.take() }

    private static let lineEnd = ByteBuffer(staticString: "\r\n")
    private static let end = ByteBuffer(staticString: "0\r\n\r\n")
}
