// SPDX-License-Identifier: Apache-2.0
internal import FunctionModel
internal import NIOCore
internal import NIOHTTP1

/// Writes the head of an answer, or of a request to a function, as bytes. Values come from ``HeaderRules`` or from here, so none holds a line break.
///
/// A head is some dozens of short pieces: they are laid into memory of its own one behind the other, and become a buffer when the head is complete. A
/// buffer would ask for each of them whether it is its only owner.
struct HeadWriter: ~Copyable {
    private var memory: UnsafeMutableRawBufferPointer
    private(set) var count = 0
    private let scratch: HeadScratch?

    private init(capacity: Int, in scratch: HeadScratch? = nil) {
        self.scratch = scratch
        memory = scratch?.take(capacity) ?? .allocate(byteCount: capacity, alignment: 16)
    }

    deinit { if let scratch { scratch.giveBack(memory) } else { memory.deallocate() } }

    init(_ status: HTTPResponseStatus, capacity: Int = 512, in scratch: HeadScratch? = nil) {
        self.init(capacity: capacity, in: scratch)
        put("HTTP/1.1 ")
        put(number: Int(status.code))
        put(" ")
        put(text: status.reasonPhrase)
        put("\r\n")
    }

    /// The status line of an answer, with the words that came.
    init(_ head: ResponseHead, in scratch: HeadScratch? = nil) {
        self.init(capacity: head.headers.bytes.readableBytes + 384, in: scratch)
        put("HTTP/1.1 ")
        put(number: head.status)
        put(" ")
        head.headers.bytes.withUnsafeReadableBytes { put(UnsafeRawBufferPointer(rebasing: $0[head.reason])) }
        put("\r\n")
    }

    init(_ method: HTTPMethod, _ target: String, capacity: Int, in scratch: HeadScratch? = nil) {
        self.init(capacity: capacity, in: scratch)
        put(text: method.rawValue)
        put(" ")
        put(text: target)
        put(" HTTP/1.1\r\n")
    }

    /// - Parameter start: a start line with some fields behind it, made before.
    init(start: ByteBuffer, room: Int, in scratch: HeadScratch? = nil) {
        self.init(capacity: start.readableBytes + room, in: scratch)
        add(lines: start)
    }

    /// What has been written.
    var bytes: ByteBuffer { bytes(in: ByteBuffer()) }

    /// - Parameters:
    ///   - buffer: an empty one, to be filled.
    ///   - room: bytes that are likely to be put behind it.
    func bytes(in buffer: consuming ByteBuffer, room: Int = 0) -> ByteBuffer {
        var bytes = buffer
        bytes.reserveCapacity(count + room)
        bytes.writeBytes(UnsafeRawBufferPointer(rebasing: memory[..<count]))
        return bytes
    }

    mutating func add(_ name: StaticString, _ value: String) {
        // `withUTF8` would do, but asks for a string that it may change, and so for another reference to it.
        if value.utf8.withContiguousStorageIfAvailable({ add(name, UnsafeRawBufferPointer($0)) }) != nil { return }
        var value = value
        value.withUTF8 { add(name, UnsafeRawBufferPointer($0)) }
    }

    mutating func add(_ name: StaticString, _ id: RequestID) {
        withUnsafeTemporaryAllocation(byteCount: RequestID.mostBytes, alignment: 8) { text in
            add(name, UnsafeRawBufferPointer(rebasing: text[..<id.copyText(to: text)]))
        }
    }

    /// A whole line at once.
    private mutating func add(_ name: StaticString, _ value: UnsafeRawBufferPointer) {
        let (length, end) = (name.utf8CodeUnitCount, name.utf8CodeUnitCount + 2 + value.count)
        makeRoom(end + 2)
        // There is room behind `count`, so there is a base.
        guard let line = memory.baseAddress?.advanced(by: count) else { return }
        line.copyMemory(from: name.utf8Start, byteCount: length)
        line.storeBytes(of: Self.colon, toByteOffset: length, as: UInt16.self)
        if let value = value.baseAddress { (line + length + 2).copyMemory(from: value, byteCount: end - length - 2) }
        line.storeBytes(of: Self.lineBreak, toByteOffset: end, as: UInt16.self)
        count += end + 2
    }

    /// As they lie in memory.
    private static var colon: UInt16 { UInt16(bigEndian: 0x3a20) }
    private static var lineBreak: UInt16 { UInt16(bigEndian: 0x0d0a) }

    /// A list that came, with one more member, which `last` writes.
    mutating func add(_ name: StaticString, _ before: [String], _ last: (inout HeadWriter) -> Void) {
        put(name)
        put(": ")
        for member in before {
            put(text: member)
            put(", ")
        }
        last(&self)
        put("\r\n")
    }

    mutating func add(_ name: StaticString, _ number: Int) {
        put(name)
        put(": ")
        put(number: number)
        put("\r\n")
    }

    /// A field whose name is known only here; like its value it has no line break.
    mutating func add(name: String, _ value: String) {
        put(text: name)
        put(": ")
        put(text: value)
        put("\r\n")
    }

    mutating func add(contentLength: Int) { add("Content-Length", contentLength) }

    /// The lines of a head that came, those that `keeps` says. What lies side by side is copied in one go.
    mutating func add(_ fields: HeaderFields, where keeps: (FieldLine) -> Bool) {
        fields.bytes.withUnsafeReadableBytes { bytes in
            fields.runs(where: keeps) { put(UnsafeRawBufferPointer(rebasing: bytes[$0])) }
        }
    }

    /// Lines made before, each with its line break.
    mutating func add(lines: ByteBuffer) { lines.withUnsafeReadableBytes { put($0) } }

    mutating func end() { put("\r\n") }

    // MARK: Pieces

    mutating func put(_ text: StaticString) { put(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)) }

    mutating func put(text: String) {
        // `withUTF8` would do, but asks for a string that it may change, and so for another reference to it.
        if text.utf8.withContiguousStorageIfAvailable({ put(UnsafeRawBufferPointer($0)) }) != nil { return }
        var text = text
        text.withUTF8 { put(UnsafeRawBufferPointer($0)) }
    }

    /// A number that is not negative.
    private mutating func put(number: Int) {
        var (rest, digits) = (number, 1)
        while rest >= 10 {
            rest /= 10
            digits += 1
        }
        makeRoom(digits)
        rest = number
        for at in stride(from: count + digits - 1, through: count, by: -1) {
            memory[at] = UInt8(48 + rest % 10)
            rest /= 10
        }
        count += digits
    }

    /// All 16 digits.
    mutating func put(hexadecimal number: UInt64) {
        makeRoom(16)
        memory.storeBytes(of: hexDigits(UInt32(truncatingIfNeeded: number >> 32)), toByteOffset: count, as: UInt64.self)
        memory.storeBytes(of: hexDigits(UInt32(truncatingIfNeeded: number)), toByteOffset: count + 8, as: UInt64.self)
        count += 16
    }

    private mutating func put(_ piece: UnsafeRawBufferPointer) {
        guard let from = piece.baseAddress else { return }
        makeRoom(piece.count)
        // There is room behind `count`, so there is a base.
        memory.baseAddress?.advanced(by: count).copyMemory(from: from, byteCount: piece.count)
        count += piece.count
    }

    private mutating func makeRoom(_ more: Int) { if memory.count - count < more { grow(more) } }

    private mutating func grow(_ more: Int) {
        let larger = UnsafeMutableRawBufferPointer.allocate(byteCount: max(memory.count * 2, count + more), alignment: 16)
        larger.copyMemory(from: UnsafeRawBufferPointer(rebasing: memory[..<count]))
        memory.deallocate()
        memory = larger
    }
}

/// Memory of one event loop for the head that is being written, used again for the next.
final class HeadScratch {
    /// What a head seldom needs is not kept.
    private static let most = 16 << 10
    /// Nil while a head is being written.
    private var memory: UnsafeMutableRawBufferPointer? = .allocate(byteCount: 2 << 10, alignment: 16)

    deinit { memory?.deallocate() }

    /// - Returns: nil where there is none, or it is too small.
    fileprivate func take(_ capacity: Int) -> UnsafeMutableRawBufferPointer? {
        guard let memory, memory.count >= capacity else { return nil }
        self.memory = nil
        return memory
    }

    /// It may be other memory than was taken; the larger is kept.
    fileprivate func giveBack(_ other: UnsafeMutableRawBufferPointer) {
        guard other.count <= Self.most, other.count > memory?.count ?? 0 else { return other.deallocate() }
        memory?.deallocate()
        memory = other
    }
}

extension ByteBuffer {
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
