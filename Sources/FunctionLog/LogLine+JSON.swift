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

    private static func write(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        writeText(text, to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    /// What stands between the quotes.
    private static func writeText(_ text: String, to bytes: inout [UInt8]) {
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

    static func writeEscaped(_ byte: UInt8, to bytes: inout [UInt8]) {
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
