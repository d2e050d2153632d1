// SPDX-License-Identifier: Apache-2.0
internal import NIOCore
internal import Sockets

/// What is about to be written on a connection: small pieces are put together, so that a short message is one write; large ones go as they are.
struct PendingWrite {
    /// Copying so much costs less than a further piece of a gathered write.
    static let together = 8 << 10

    private var gathered: ByteBuffer?

    /// - Parameter wire: looked up only where it is needed.
    mutating func add(_ bytes: consuming ByteBuffer, to wire: @autoclosure () -> (any Wire)?) {
        guard var before = gathered.take() else {
            gathered = bytes
            return
        }
        if before.readableBytes + bytes.readableBytes <= Self.together {
            before.writeImmutableBuffer(bytes)
            gathered = before
        } else {
            wire()?.write(before)
            gathered = bytes
        }
    }

    /// One chunk of a chunked body.
    mutating func add(chunk: ByteBuffer, allocator: ByteBufferAllocator, to wire: @autoclosure () -> (any Wire)?) {
        guard chunk.readableBytes > 0 else { return }
        var size = allocator.buffer(capacity: 20)
        size.writeHexadecimal(chunk.readableBytes)
        size.writeStaticString("\r\n")
        add(size, to: wire())
        add(chunk, to: wire())
        add(Self.lineEnd, to: wire())
    }

    /// The end of a chunked body, with those trailers that may follow one.
    mutating func add(chunkedEnd trailers: HeaderFields, to wire: @autoclosure () -> (any Wire)?) {
        guard !trailers.lines.isEmpty else { return add(Self.end, to: wire()) }
        var bytes = ByteBuffer()
        bytes.writeStaticString("0\r\n")
        bytes.write(trailers, where: HeaderRules.isTrailer)
        bytes.writeStaticString("\r\n")
        add(bytes, to: wire())
    }

    mutating func flush(to wire: @autoclosure () -> (any Wire)?) {
        guard let bytes = gathered.take() else { return }
        wire()?.send(bytes)
    }

    private static let lineEnd = ByteBuffer(staticString: "\r\n")
    private static let end = ByteBuffer(staticString: "0\r\n\r\n")
}
