// SPDX-License-Identifier: Apache-2.0
internal import NIOCore
internal import NIOHTTP1

/// Writes the head of an answer as bytes. Values come from ``HeaderRules`` or from here, so none holds a line break.
struct AnswerHead {
    private(set) var bytes: ByteBuffer

    init(_ status: HTTPResponseStatus, allocator: ByteBufferAllocator, capacity: Int = 512) {
        bytes = allocator.buffer(capacity: capacity)
        bytes.writeStaticString("HTTP/1.1 ")
        Self.write(UInt64(status.code), to: &bytes)
        bytes.writeStaticString(" ")
        let reason = status.reasonPhrase
        if HeaderRules.isClean(reason) { bytes.writeString(reason) }
        bytes.writeStaticString("\r\n")
    }

    mutating func add(_ name: String, _ value: String) {
        bytes.writeString(name)
        bytes.writeStaticString(": ")
        bytes.writeString(value)
        bytes.writeStaticString("\r\n")
    }

    mutating func add(contentLength: Int) {
        bytes.writeStaticString("Content-Length: ")
        Self.write(UInt64(contentLength), to: &bytes)
        bytes.writeStaticString("\r\n")
    }

    mutating func end() { bytes.writeStaticString("\r\n") }

    private static func write(_ number: UInt64, to bytes: inout ByteBuffer) { bytes.writeString(String(number)) }
}
