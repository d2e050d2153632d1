// SPDX-License-Identifier: Apache-2.0
import FunctionLog
import Testing

@Suite struct LineSplitterTests {
    struct Row: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var limit = 8
        var chunks: [[UInt8]]
        var lines: [String]

        init(_ name: String, limit: Int = 8, _ chunks: [String], _ lines: [String]) {
            self.init(name, limit: limit, bytes: chunks.map { Array($0.utf8) }, lines)
        }

        init(_ name: String, limit: Int = 8, bytes: [[UInt8]], _ lines: [String]) {
            (testDescription, self.limit, chunks, self.lines) = (name, limit, bytes, lines)
        }
    }

    static let rows = [
        Row("nothing", [], []),
        Row("one line", ["a\n"], ["a"]),
        Row("no newline at the end", ["a\nb"], ["a", "b"]),
        Row("empty lines", ["\n\na\n\n"], ["", "", "a", ""]),
        Row("a line in two chunks", ["ab", "cd\n"], ["abcd"]),
        Row("a chunk of nothing", ["ab", "", "\n"], ["ab"]),
        Row("CR LF", ["a\r\nb\r\n"], ["a", "b"]),
        Row("CR LF over two chunks", ["a\r", "\nb"], ["a", "b"]),
        Row("CR within a line stays", ["a\rb\n"], ["a\rb"]),
        Row("NUL is a character", ["a\0b\n\0\n"], ["a\0b", "\0"]),
        Row("exactly the limit", ["12345678\n"], ["12345678"]),
        Row("exactly the limit and CR LF", ["12345678\r\n"], ["12345678"]),
        Row("exactly the limit and CR LF, byte by byte", ["12345678", "\r", "\n", "x"], ["12345678", "x"]),
        Row("one more than the limit", ["123456789\n"], ["12345678", "9"]),
        Row("three pieces", ["12345678abcdefghXYZ\n"], ["12345678", "abcdefgh", "XYZ"]),
        Row("never cut within a character", ["1234567é9\n"], ["1234567", "é9"]),
        Row("never cut within four bytes", ["12345😀x\n"], ["12345", "😀x"]),
        Row("a character over two chunks", bytes: [Array("é".utf8.prefix(1)), Array("é\n".utf8.dropFirst())], ["é"]),
        Row("no UTF-8 comes out replaced", bytes: [[0x61, 0xFF, 0x0A]], ["a\u{FFFD}"]),
        Row(
            "continuation bytes only are cut all the same", bytes: [[UInt8](repeating: 0x80, count: 10)],
            [
                String(repeating: "\u{FFFD}", count: 8), String(repeating: "\u{FFFD}", count: 2),
            ]),
    ]

    @Test(arguments: rows) func cuts(_ row: Row) {
        var splitter = LineSplitter(limit: row.limit)
        var lines: [String] = []
        for chunk in row.chunks { splitter.append(chunk) { lines.append($0) } }
        splitter.finish { lines.append($0) }
        #expect(lines == row.lines)
    }

    @Test(arguments: rows) func cutsTheSameByteByByte(_ row: Row) {
        var splitter = LineSplitter(limit: row.limit)
        var lines: [String] = []
        for byte in row.chunks.joined() { splitter.append(CollectionOfOne(byte)) { lines.append($0) } }
        splitter.finish { lines.append($0) }
        #expect(lines == row.lines)
    }

    @Test func keepsEveryByteOfTenMegabytesWithoutANewline() {
        var splitter = LineSplitter()
        var pieces = 0
        var bytes = 0
        let chunk = [UInt8](repeating: 65, count: 1 << 16)
        for _ in 0..<160 {
            splitter.append(chunk) { line in
                pieces += 1
                bytes += line.utf8.count
                #expect(line.utf8.count <= 32 * 1024)
            }
        }
        splitter.finish { bytes += $0.utf8.count }
        #expect(bytes == 160 << 16)
        #expect(pieces >= 318)
    }
}
