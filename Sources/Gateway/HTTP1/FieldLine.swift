// SPDX-License-Identifier: Apache-2.0
internal import Glibc

/// Where one field line lies among the bytes of its head, and what its name means to the gateway.
struct FieldLine {
    // Each request has a list of these: they are kept small. They count in one buffer, which has at most 4 GiB.
    private let start, nameEnd, valueStart, valueEnd, lineEnd: UInt32
    let meaning: HeaderName

    var name: Range<Int> { Int(start)..<Int(nameEnd) }
    /// Without the blanks around it.
    var value: Range<Int> { Int(valueStart)..<Int(valueEnd) }
    /// Behind its line break.
    var end: Int { Int(lineEnd) }

    /// Reads `line`, which is without its line break. RFC 9112 §5: no space before the colon, no folded lines.
    init(_ bytes: UnsafeRawBufferPointer, _ line: Range<Int>) throws(Malformed) {
        let colon = Grammar.endOfToken(bytes, from: line.lowerBound, to: line.upperBound)
        guard colon > line.lowerBound else {
            throw Malformed(
                Grammar.isBlank(bytes[line.lowerBound])
                    ? "a header line begins with a space (folded lines are not allowed)" : "a header without a name")
        }
        guard colon < line.upperBound, bytes[colon] == UInt8(ascii: ":") else {
            throw Malformed("a character that a header's name may not have, or a space before its colon")
        }
        var (start, end) = (colon + 1, line.upperBound)
        while start < end, Grammar.isBlank(bytes[start]) { start += 1 }
        while end > start, Grammar.isBlank(bytes[end - 1]) { end -= 1 }
        let name = line.lowerBound..<colon
        guard Grammar.isClean(bytes, from: start, to: end) else {
            throw Malformed(
                "header '\(String(decoding: UnsafeRawBufferPointer(rebasing: bytes[name]), as: UTF8.self))' has a control character in it")
        }
        self.start = UInt32(line.lowerBound)
        (nameEnd, valueStart, valueEnd, lineEnd) = (UInt32(colon), UInt32(start), UInt32(end), UInt32(line.upperBound + 2))
        meaning = HeaderName.of(bytes, name)
    }
}

/// Finds the lines of a head while its bytes arrive. Every line must end with CR LF: whoever takes a bare LF for an end, and whoever does not, see two
/// different messages.
struct LineScan {
    /// Where the line begins that is not complete yet.
    private(set) var start = 0

    /// - Returns: the next line without its line break; nil where its end has not come yet.
    mutating func next(_ bytes: UnsafeRawBufferPointer) throws(Malformed) -> Range<Int>? {
        guard start < bytes.count, let base = bytes.baseAddress, let found = memchr(base + start, 0x0a, bytes.count - start) else {
            return nil
        }
        let feed = UnsafeRawPointer(found) - base
        guard feed > start, bytes[feed - 1] == 0x0d else { throw Malformed("a line that does not end with CR LF") }
        defer { start = feed + 1 }
        return start..<feed - 1
    }
}
