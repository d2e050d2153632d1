// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Sandbox
import Testing

@Suite struct ReadListTests {
    static let layers = ["0a", "1b"].map { Digest(hex: String(repeating: $0, count: 32))! }

    func file(_ path: String, layer: Int = 0, _ parts: [ReadList.Part] = [ReadList.Part(offset: 0, length: 2 << 20)]) -> ReadList.File {
        ReadList.File(layer: layer, path: path, parts: parts)
    }

    @Test func aListIsReadAsItWasWritten() throws {
        let list = ReadList(
            layers: Self.layers,
            files: [file("usr/bin/a b", layer: 1, [.init(offset: 4096, length: 1 << 20), .init(offset: 9 << 20, length: 7)]), file("ü")])
        #expect(list.files.count == 2 && list.isHeavy)
        #expect(try ReadList(text: list.text) == list)
    }

    /// What a name begins with joins with the space in front of it to one character, and what it ends with with the end of the line.
    @Test func namesOfCombiningCharactersAreReadAsTheyWereWritten() throws {
        let list = ReadList(layers: Self.layers, files: [file("\u{301}a"), file("b\u{301}/\u{200d}c"), file("d")])
        #expect(list.files.count == 3)
        #expect(try ReadList(text: list.text) == list)
    }

    @Test func whatReadsLittleHasAListWithoutFiles() throws {
        let list = ReadList(layers: Self.layers, files: [file("a", [.init(offset: 0, length: ReadList.heavy - 1)])])
        #expect(!list.isHeavy)
        #expect(try ReadList(text: list.text) == list)
        #expect(ReadList(layers: Self.layers, files: [file("a", [.init(offset: 0, length: ReadList.heavy)])]).isHeavy)
    }

    @Test(arguments: [
        "", "/etc/passwd", "../x", "a/../../x", "a//b", "a/.", "a\nfile 0 0+1 b", "a\u{0}", String(repeating: "a", count: 4097),
    ])
    func namesThatLeadOutOrCannotBeKeptAreLeftOut(path: String) {
        #expect(ReadList(layers: Self.layers, files: [file(path), file("b")]).files == [file("b")])
    }

    @Test(arguments: [
        "", "swiftlet read-ahead 1\nend", "swiftlet read-ahead 2\nend\n", "swiftlet read-ahead 1\nlayer 00\nend\n",
        "swiftlet read-ahead 1\nfile 0 0+2097152 a\nend\n",
    ]) func whatIsNoListIsRefused(text: String) { #expect(throws: WireError.self) { try ReadList(text: text) } }

    @Test(arguments: [
        "file 0 0+2097152 /etc/passwd", "file 0 0+2097152 ../x", "file 2 0+2097152 a", "file -1 0+2097152 a", "file 0 0+0 a", "file 0 5 a",
        "file 0 -1+2097152 a", "file 0 9223372036854775807+2 a", "file 0 0+99999999999999999999 a", "file 0 0+2097152,, a", "other",
        "file 0 0+18446744073709551615 a", "file 0 0+600000000 a",
    ]) func aListWithALineThatIsNotOneOfOursIsRefused(line: String) throws {
        func text(_ line: String) -> String {
            (["swiftlet read-ahead 1"] + Self.layers.map { "layer \($0.hex)" } + [line, "end", ""]).joined(separator: "\n")
        }
        #expect(try ReadList(text: text("file 0 0+2097152 a")).files.count == 1)
        #expect(throws: WireError.self) { try ReadList(text: text(line)) }
    }

    @Test func aListThatIsCutAnywhereIsRefused() throws {
        let text = ReadList(layers: Self.layers, files: [file("a"), file("b")]).text
        for length in 0..<text.utf8.count { #expect(throws: WireError.self) { try ReadList(text: String(text.prefix(length))) } }
    }

    @Test func aListHasBounds() throws {
        let many = (0..<10_000).map { file("f\($0)", [.init(offset: 0, length: 4096)]) }
        #expect(ReadList(layers: Self.layers, files: many).files.count == ReadList.mostFiles)
        let large = ReadList(layers: Self.layers, files: (0..<100).map { file("f\($0)", [.init(offset: 0, length: 10 << 20)]) })
        #expect(large.files.count == 51 && large.bytes <= ReadList.mostBytes)
        let pieces = (0..<30_000).map { ReadList.Part(offset: UInt64($0) << 20, length: 4096) }
        #expect(ReadList(layers: Self.layers, files: [file("a"), file("b", pieces), file("c")]).files == [file("a")])
        let long = ReadList(layers: Self.layers, files: (0..<1000).map { file("\($0)" + String(repeating: "x", count: 4000)) })
        #expect(long.text.utf8.count <= ReadList.mostText && long.files.count > 200)
        #expect(try ReadList(text: long.text) == long)
    }

    @Test func pagesThatAreCloseTogetherAreOnePart() {
        func parts(_ wanted: Set<Int>, count: Int, size: UInt64) -> [ReadList.Part] {
            ReadList.parts(pages: (0..<count).map(wanted.contains), pageSize: 4096, size: size)
        }
        #expect(parts([0, 1, 17], count: 30, size: 30 * 4096) == [.init(offset: 0, length: 18 * 4096)])
        #expect(parts([0, 1, 18], count: 30, size: 30 * 4096) == [.init(offset: 0, length: 18 * 4096 + 4096)])
        #expect(parts([0, 19], count: 30, size: 30 * 4096) == [.init(offset: 0, length: 4096), .init(offset: 19 * 4096, length: 4096)])
        #expect(parts([2], count: 3, size: 2 * 4096 + 5) == [.init(offset: 8192, length: 5)])
        #expect(parts([2], count: 3, size: 4096).isEmpty)
        #expect(parts([], count: 3, size: 4096).isEmpty)
    }

    @Test func messagesAreReadAsTheyWereWritten() throws {
        let key = String(repeating: "0f", count: 32)
        for order: ReadAheadOrder in [
            .know(number: 7, key: key, layers: Self.layers, memory: 1 << 40), .read(number: .max), .record(number: 1), .look(number: 3),
            .finish(number: 2, keeps: true),
            .finish(number: 2, keeps: false), .forget(Self.layers[0]),
        ] {
            let bytes = order.encoded()
            #expect(try ReadAheadOrder(decoding: bytes[...]) == order)
            for length in bytes.indices { #expect(throws: WireError.self) { try ReadAheadOrder(decoding: bytes[..<length]) } }
        }
        for news: ReadAheadNews in [.list(key: key, isHeavy: true), .gone(key: key), .loaded, .failed(number: 3), .noPlace(number: 4)] {
            #expect(try ReadAheadNews(decoding: news.encoded()[...]) == news)
        }
        #expect(throws: WireError.self) {
            try ReadAheadOrder(decoding: ReadAheadOrder.know(number: 1, key: "../../x", layers: [], memory: 1).encoded()[...])
        }
    }

    /// What an instance sends is written in C.
    @Test func theOrderToReadIsOneByteAndANumber() { #expect(ReadAheadOrder.read(number: 0x0102_0304).encoded() == [2, 4, 3, 2, 1]) }
}
