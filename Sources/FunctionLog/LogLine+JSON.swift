// SPDX-License-Identifier: Apache-2.0
import FunctionModel

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension LogLine {
    /// Appends this line as one JSON object and a line feed. Written by hand since it runs for every line that a function prints.
    ///
    /// Source of the escapes: RFC 8259, section 7.
    package func write(to bytes: inout [UInt8]) {
        bytes.append(contentsOf: #"{"time":"#.utf8)
        Self.write(time, to: &bytes)
        bytes.append(contentsOf: #","stream":"#.utf8)
        Self.write(stream.rawValue, to: &bytes)
        bytes.append(contentsOf: #","version":"#.utf8)
        Self.write(version, to: &bytes)
        bytes.append(contentsOf: #","instance":"#.utf8)
        Self.write(instance.text, to: &bytes)
        if let request {
            bytes.append(contentsOf: #","request":"#.utf8)
            Self.write(request.text, to: &bytes)
        }
        if let trace {
            bytes.append(contentsOf: #","trace":"#.utf8)
            Self.write(trace, to: &bytes)
        }
        bytes.append(contentsOf: #","message":"#.utf8)
        Self.write(message, to: &bytes)
        bytes.append(contentsOf: "}\n".utf8)
    }

    /// - Parameter json: one JSON object, without its line feed.
    package init(json: some Collection<UInt8>) throws {
        self = try JSONDecoder().decode(LogLine.self, from: Data(json))
    }

    fileprivate static func write(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        writeText(text, to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    /// What stands between the quotes.
    fileprivate static func writeText(_ text: String, to bytes: inout [UInt8]) {
        var text = text
        text.withUTF8 { text in
            // Most lines have nothing to escape and are copied in one go.
            if text.allSatisfy({ $0 >= 32 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") && $0 != 127 }) {
                bytes.append(contentsOf: text)
            } else {
                for byte in text { writeEscaped(byte, to: &bytes) }
            }
        }
    }

    private static func writeEscaped(_ byte: UInt8, to bytes: inout [UInt8]) {
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(contentsOf: [UInt8(ascii: "\\"), byte])
        case 9: bytes.append(contentsOf: #"\t"#.utf8)
        case 10: bytes.append(contentsOf: #"\n"#.utf8)
        case 13: bytes.append(contentsOf: #"\r"#.utf8)
        case ..<32, 127:
            let digits = Array("0123456789abcdef".utf8)
            bytes.append(contentsOf: #"\u00"#.utf8)
            bytes.append(digits[Int(byte >> 4)])
            bytes.append(digits[Int(byte & 15)])
        default: bytes.append(byte)
        }
    }
}

/// Writes the lines that tell of a call's begin and end, two for each call: what they have in common is made once for an instance.
struct PlatformFrame: Sendable {
    private let middle: [UInt8]

    init(version: String, instance: InstanceID) {
        let line = LogLine(time: "", stream: .platform, version: version, instance: instance, request: nil, message: "")
        var bytes: [UInt8] = []
        line.write(to: &bytes)
        // From behind the time to before the message.
        middle = Array(bytes.dropFirst(#"{"time":""#.utf8.count).dropLast(#""message":""}"#.utf8.count + 1))
    }

    /// The same bytes that ``LogLine/write(to:)`` makes of the whole; `words` have nothing to escape.
    func write(_ time: LogTime, _ words: StaticString, _ request: RequestID, trace: String?, _ rest: String, to bytes: inout [UInt8]) {
        guard trace == nil, rest.isEmpty, !Self.needsEscapes(request.text) else {
            return writeEscaped(time, words, request, trace, rest, to: &bytes)
        }
        // The usual line, laid together in one place and appended in one go.
        withUnsafeTemporaryAllocation(
            byteCount: middle.count + 2 * request.text.utf8.count + words.utf8CodeUnitCount + LogTime.length + 64, alignment: 1
        ) { line in
            var at = 0
            func put(_ piece: UnsafeRawBufferPointer) {
                UnsafeMutableRawBufferPointer(rebasing: line[at...]).copyMemory(from: piece)
                at += piece.count
            }
            func put(_ text: StaticString) { put(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)) }
            func put(id: String) {
                var id = id
                id.withUTF8 { put(UnsafeRawBufferPointer($0)) }
            }
            put(#"{"time":""#)
            at += time.write(to: UnsafeMutableRawBufferPointer(rebasing: line[at...]))
            middle.withUnsafeBytes { put($0) }
            put(#""request":""#)
            put(id: request.text)
            put(#"","message":""#)
            put(words)
            put(id: request.text)
            put("\"}\n")
            bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: line[..<at]))
        }
    }

    /// Of visible characters only these two.
    private static func needsEscapes(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            for byte in bytes where byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return true }
            return false
        }
    }

    private func writeEscaped(
        _ time: LogTime, _ words: StaticString, _ request: RequestID, _ trace: String?, _ rest: String, to bytes: inout [UInt8]
    ) {
        bytes.append(contentsOf: #"{"time":""#.utf8)
        bytes.append(contentsOf: time.text.utf8)
        bytes.append(contentsOf: middle)
        bytes.append(contentsOf: #""request":"#.utf8)
        LogLine.write(request.text, to: &bytes)
        if let trace {
            bytes.append(contentsOf: #","trace":"#.utf8)
            LogLine.write(trace, to: &bytes)
        }
        bytes.append(contentsOf: #","message":""#.utf8)
        bytes.append(contentsOf: "\(words)".utf8)
        LogLine.writeText(request.text, to: &bytes)
        LogLine.writeText(rest, to: &bytes)
        bytes.append(contentsOf: "\"}\n".utf8)
    }
}
