// SPDX-License-Identifier: Apache-2.0
internal import NIOCore
internal import NIOHTTP1

/// Writes the head of an answer, or of a request to a function, as bytes. Values come from ``HeaderRules`` or from here, so none holds a line break.
struct HeadWriter {
    private(set) var bytes: ByteBuffer

    init(_ status: HTTPResponseStatus, allocator: ByteBufferAllocator, capacity: Int = 512) {
        bytes = allocator.buffer(capacity: capacity)
        bytes.writeStaticString("HTTP/1.1 ")
        bytes.writeDecimal(Int(status.code))
        bytes.writeStaticString(" ")
        bytes.writeString(status.reasonPhrase)
        bytes.writeStaticString("\r\n")
    }

    /// The status line of an answer, with the words that came.
    init(_ head: ResponseHead, allocator: ByteBufferAllocator) {
        bytes = allocator.buffer(capacity: head.headers.bytes.readableBytes + 384)
        bytes.writeStaticString("HTTP/1.1 ")
        bytes.writeDecimal(head.status)
        bytes.writeStaticString(" ")
        bytes.write(head.headers.bytes, head.reason)
        bytes.writeStaticString("\r\n")
    }

    init(_ method: HTTPMethod, _ target: String, allocator: ByteBufferAllocator, capacity: Int) {
        bytes = allocator.buffer(capacity: capacity)
        bytes.writeString(method.rawValue)
        bytes.writeStaticString(" ")
        bytes.writeString(target)
        bytes.writeStaticString(" HTTP/1.1\r\n")
    }

    /// - Parameter start: a start line with some fields behind it, made before.
    init(start: ByteBuffer, allocator: ByteBufferAllocator, room: Int) {
        bytes = allocator.buffer(capacity: start.readableBytes + room)
        bytes.writeImmutableBuffer(start)
    }

    mutating func add(_ name: StaticString, _ value: String) {
        bytes.writeStaticString(name)
        bytes.writeStaticString(": ")
        bytes.writeString(value)
        bytes.writeStaticString("\r\n")
    }

    /// A list that came, with one more member, which is given in pieces.
    mutating func add(_ name: StaticString, _ before: [String], _ last: [String]) {
        bytes.writeStaticString(name)
        bytes.writeStaticString(": ")
        for member in before {
            bytes.writeString(member)
            bytes.writeStaticString(", ")
        }
        for piece in last { bytes.writeString(piece) }
        bytes.writeStaticString("\r\n")
    }

    mutating func add(_ name: StaticString, _ number: Int) {
        bytes.writeStaticString(name)
        bytes.writeStaticString(": ")
        bytes.writeDecimal(number)
        bytes.writeStaticString("\r\n")
    }

    /// A field whose name is known only here; like its value it has no line break.
    mutating func add(name: String, _ value: String) { bytes.writeLine(name, value) }

    mutating func add(contentLength: Int) { add("Content-Length", contentLength) }

    /// The lines of a head that came, those that `keeps` says.
    mutating func add(_ fields: HeaderFields, where keeps: (FieldLine) -> Bool) { bytes.write(fields, where: keeps) }

    /// Lines made before, each with its line break.
    mutating func add(lines: ByteBuffer) { bytes.writeImmutableBuffer(lines) }

    mutating func end() { bytes.writeStaticString("\r\n") }
}

extension ByteBuffer {
    /// The part `range` of another one.
    mutating func write(_ other: ByteBuffer, _ range: Range<Int>) {
        other.withUnsafeReadableBytes { _ = writeBytes(UnsafeRawBufferPointer(rebasing: $0[range])) }
    }

    /// A number that is not negative.
    mutating func writeDecimal(_ number: Int) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var (at, rest) = (20, number)
            repeat {
                at -= 1
                digits[at] = UInt8(48 + rest % 10)
                rest /= 10
            } while rest > 0
            writeBytes(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(digits)[at...]))
        }
    }

    mutating func writeHexadecimal(_ number: Int) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 16) { digits in
            var (at, rest) = (16, number)
            repeat {
                at -= 1
                let digit = UInt8(rest & 15)
                digits[at] = digit < 10 ? 48 + digit : 87 + digit
                rest >>= 4
            } while rest > 0
            writeBytes(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(digits)[at...]))
        }
    }

    mutating func writeLine(_ name: String, _ value: String) {
        writeString(name)
        writeStaticString(": ")
        writeString(value)
        writeStaticString("\r\n")
    }
}
