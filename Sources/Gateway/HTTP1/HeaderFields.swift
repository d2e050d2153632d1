// SPDX-License-Identifier: Apache-2.0
internal import NIOCore

/// The fields of a head or of a trailer section, as they lie in the bytes that came: nothing is copied until somebody asks for a value.
struct HeaderFields: Sequence {
    /// The bytes that ``lines`` count in.
    let bytes: ByteBuffer
    let lines: [FieldLine]

    init(_ bytes: ByteBuffer, _ lines: [FieldLine]) {
        self.bytes = bytes
        self.lines = lines
    }

    static let none = HeaderFields(ByteBuffer(), [])

    /// The first value of a field.
    func first(name: String) -> String? {
        bytes.withUnsafeReadableBytes { bytes in
            for line in lines where Self.isNamed(bytes, line, name) {
                return String(decoding: UnsafeRawBufferPointer(rebasing: bytes[line.value]), as: UTF8.self)
            }
            return nil
        }
    }

    func contains(name: String) -> Bool {
        bytes.withUnsafeReadableBytes { bytes in lines.contains { Self.isNamed(bytes, $0, name) } }
    }

    func without(_ names: [String]) -> HeaderFields {
        bytes.withUnsafeReadableBytes { bytes in
            HeaderFields(self.bytes, lines.filter { line in !names.contains { Self.isNamed(bytes, line, $0) } })
        }
    }

    func kept() -> HeaderFields { HeaderFields(ByteBuffer(buffer: bytes), lines) }

    /// All values of a field, in their order.
    subscript(name: String) -> [String] {
        bytes.withUnsafeReadableBytes { bytes in
            lines.filter { Self.isNamed(bytes, $0, name) }.map { String(decoding: bytes[$0.value], as: UTF8.self) }
        }
    }

    /// The first value of the fields that mean this.
    func first(_ meaning: HeaderName) -> String? {
        for line in lines where line.meaning == meaning { return value(line) }
        return nil
    }

    func name(_ line: FieldLine) -> String { text(line.name) }
    func value(_ line: FieldLine) -> String { text(line.value) }

    private func text(_ range: Range<Int>) -> String {
        bytes.withUnsafeReadableBytes { String(decoding: UnsafeRawBufferPointer(rebasing: $0[range]), as: UTF8.self) }
    }

    func makeIterator() -> AnyIterator<(name: String, value: String)> {
        var rest = lines.makeIterator()
        return AnyIterator { rest.next().map { (name($0), value($0)) } }
    }

    private static func isNamed(_ bytes: UnsafeRawBufferPointer, _ line: FieldLine, _ name: String) -> Bool {
        guard line.name.count == name.utf8.count else { return false }
        var at = line.name.lowerBound
        for byte in name.utf8 {
            if HeaderName.lowered(bytes[at]) != HeaderName.lowered(byte) { return false }
            at += 1
        }
        return true
    }
}

extension HeaderFields {
    /// Calls `body` with each stretch of lines side by side that `keeps` says.
    func runs(where keeps: (FieldLine) -> Bool, _ body: (Range<Int>) -> Void) {
        var run = 0..<0
        for line in lines where keeps(line) {
            if run.upperBound != line.name.lowerBound {
                if !run.isEmpty { body(run) }
                run = line.name.lowerBound..<line.end
            } else {
                run = run.lowerBound..<line.end
            }
        }
        if !run.isEmpty { body(run) }
    }
}

extension ByteBuffer {
    /// Appends the lines that `keeps` says, as they came.
    mutating func write(_ fields: HeaderFields, where keeps: (FieldLine) -> Bool) {
        fields.bytes.withUnsafeReadableBytes { bytes in
            fields.runs(where: keeps) { writeBytes(UnsafeRawBufferPointer(rebasing: bytes[$0])) }
        }
    }
}
