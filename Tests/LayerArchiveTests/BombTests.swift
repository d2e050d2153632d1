// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import LayerArchive
import LinuxSystem
import TarFixtures
import Testing

@Suite struct BombTests {
    let fixture: LayerFixture
    init() throws { fixture = try LayerFixture() }

    @Test("a thousand to one", arguments: ["gzip", "zstd"])
    func ratio(_ encoding: String) throws {
        var tar = TarBuilder()
        tar.add("zeros", String(repeating: "\0", count: 100 << 20))
        let plain = try fixture.scratch.write(tar.finished, to: "bomb")
        if encoding == "gzip" { try run("gzip", "-k", plain) } else { try run("zstd", "-q", plain, "-o", plain + ".zstd") }
        let packed = try #require(FileManager.default.contents(atPath: plain + (encoding == "gzip" ? ".gz" : ".zstd")))
        let error = #expect(throws: LayerRefusal.self) { try fixture.unpack(Array(packed), encoding: encoding) }
        #expect(error?.reason.contains("times larger") == true)
    }

    @Test func aSparseFileCountsWithItsHoles() throws {
        let records = [
            ("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.name", "huge"), ("GNU.sparse.realsize", "\(1 << 45)"),
        ].map { ($0.0, Array($0.1.utf8)) }
        let map = "1\n\(1 << 45)\n0\n"
        // Whatever holes may be, a file counts as large as it looks.
        let reason = try fixture.refusal(limits: UnpackLimits(.sparse, 1 << 50)) {
            $0.add("GNUSparseFile.0/huge", map + String(repeating: "\0", count: 512 - map.utf8.count), records: records)
        }
        #expect(reason?.contains("the layer's files are larger than the limit") == true)
    }

    @Test func manyEmptyFiles() throws {
        let reason = try fixture.refusal(limits: UnpackLimits(.entries, 1000)) { tar in for number in 0...1000 { tar.add("f\(number)") } }
        #expect(reason?.hasPrefix("the layer has more than the limit of 1000 entries") == true)
    }

    /// The default itself: one folder's header again and again costs no inode, and is an entry each time.
    @Test(.timeLimit(.minutes(3))) func moreEntriesThanTheDefaultAreRefused() throws {
        let limit = Int(UnpackLimit.entries.standard)
        #expect(limit < 1_000_000)
        var tar = TarBuilder()
        tar.folder("d")
        let header = tar.bytes
        let pipe = Foundation.Pipe()
        let target = try openDirectory(currentDirectory, fixture.layer)
        // It waits for who reads, which no thread of the tests may. It has both ends: who refuses before the last entry only leaves it waiting.
        Thread.detachNewThread { [pipe] in
            let thousand = Data(repeatElement(header, count: 1000).joined())
            for _ in 0..<(limit / 1000) { pipe.fileHandleForWriting.write(thousand) }
            pipe.fileHandleForWriting.write(Data(header))
            pipe.fileHandleForWriting.closeFile()
        }
        let error = #expect(throws: LayerRefusal.self) {
            try unpackLayer(
                LayerSource(descriptor: pipe.fileHandleForReading.fileDescriptor, offset: 0, length: 1 << 40, form: .plain),
                into: target.number, diffID: String(repeating: "0", count: 64))
        }
        #expect(error?.reason.hasPrefix("the layer has more than the limit of \(limit) entries") == true, "\(error?.reason ?? "")")
    }

    @Test func manyBytes() throws {
        #expect(
            try fixture.refusal(limits: UnpackLimits(.bytes, 10000)) { $0.add("a", String(repeating: "a", count: 10001)) }?.contains(
                "limit of 10000 bytes")
                == true)
    }

    @Test func namesAndAttributesCountAsBytesToo() throws {
        let limits = UnpackLimits(.bytes, 10000)
        let reason = try fixture.refusal(limits: limits) { tar in for number in 0..<30 { tar.add("f\(number)") } }
        #expect(reason?.hasPrefix("the layer's tar is larger than the limit of 10000 bytes") == true, "\(reason ?? "nothing")")
    }

    @Test("ten thousand folders in each other") func depth() throws {
        let name = String(repeating: "d/", count: 10000)
        #expect(try fixture.refusal { $0.add("x", records: [("path", Array(name.utf8))]) }?.contains("limit is 4095") == true)
        let shallow = String(repeating: "d/", count: 300)
        #expect(
            try fixture.refusal { $0.add("x", records: [("path", Array(shallow.utf8))]) }?.contains(
                "it lies 299 folders deep, the limit is 256") == true)
    }

    @Test("ten thousand folders, a few hundred a link") func depthThroughLinks() throws {
        let reason = try fixture.refusal { tar in
            var base = ""
            for number in 0..<60 {
                let deep = base + String(repeating: "d/", count: 170)
                tar.folder(deep)
                tar.link("l\(number)", to: "/" + deep)
                base = "l\(number)/"
            }
        }
        #expect(reason?.contains("links lead it") == true)
    }

    @Test func holesOfSeveralFilesTogether() throws {
        let limits = UnpackLimits(.sparse, 1 << 20)
        func add(_ name: String, _ tar: inout TarBuilder) {
            let map = "1\n\(600 << 10)\n0\n"
            tar.add(
                "GNUSparseFile.0/\(name)", map + String(repeating: "\0", count: 512 - map.utf8.count),
                records: [
                    ("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.name", name),
                    ("GNU.sparse.realsize", "\(600 << 10)"),
                ].map { ($0.0, Array($0.1.utf8)) })
        }
        #expect(try fixture.refusal(limits: limits) { add("one", &$0) } == nil)
        let reason = try fixture.refusal(limits: limits) {
            add("one", &$0)
            add("two", &$0)
        }
        #expect(reason?.contains("holes are larger than the limit") == true)
    }

    @Test func manyNamesOfOneFile() throws {
        let reason = try fixture.refusal(limits: UnpackLimits(.links, 5)) { tar in
            tar.add("a", "x\n")
            for number in 0..<5 { tar.hardLink("l\(number)", to: "a") }
        }
        #expect(reason?.contains("'a' has more names than the limit of 5") == true)
    }

    @Test func manyAttributes() throws {
        let reason = try fixture.refusal(limits: UnpackLimits(.attributes, 100)) {
            $0.add("x", records: [("SCHILY.xattr.user.a", [UInt8](repeating: 65, count: 100))])
        }
        #expect(reason?.contains("more than 100 bytes") == true)
    }

    @Test func longNames() throws {
        #expect(
            try fixture.refusal { $0.add("x", records: [("path", [UInt8](repeating: 97, count: 256))]) }?.contains("limit is 255") == true)
        try fixture.unpack { $0.add("x", "x\n", records: [("path", [UInt8](repeating: 97, count: 255))]) }
        #expect(fixture.text(String(repeating: "a", count: 255)) == "x\n")
    }

    /// libarchive would take it for the end, and the diff id would be waited for for ever.
    @Test("a blob that breaks off behind the last entry", .timeLimit(.minutes(1))) func brokenEnd() throws {
        var tar = TarBuilder()
        tar.add("a", "x\n")
        let whole = tar.finished
        for missing in [1, 512, 1000] {
            let path = try fixture.scratch.write(Array(whole.dropLast(missing)), to: "broken")
            let blob = try openAt(currentDirectory, path, flags: O_RDONLY)
            let target = try openDirectory(currentDirectory, fixture.layer)
            let error = #expect(throws: LayerRefusal.self) {
                try unpackLayer(
                    LayerSource(descriptor: blob.number, offset: 0, length: UInt64(whole.count), form: .plain), into: target.number,
                    diffID: String(repeating: "0", count: 64))
            }
            #expect(error?.reason == "the blob ends \(missing) bytes before the layer does")
        }
    }

    @Test func damagedArchives() throws {
        var tar = TarBuilder()
        tar.add("a", String(repeating: "a", count: 2000))
        let whole = tar.finished
        for length in [100, 512, 1000] { #expect(throws: LayerRefusal.self) { try fixture.unpack(Array(whole[..<length])) } }
        var flipped = whole
        flipped[0] ^= 1
        #expect(throws: LayerRefusal.self) { try fixture.unpack(flipped) }
        #expect(throws: LayerRefusal.self) { try fixture.unpack(Array("\u{1f}".utf8) + [0x8b, 8, 0], encoding: "gzip") }
        #expect(throws: LayerRefusal.self) { try fixture.unpack(whole, plain: whole + [0]) }
        #expect(throws: LayerRefusal.self) {
            try fixture.unpack {
                $0.add("x", records: [("uid", []), ("broken", [10])])
                $0.append(Array("9 nonsense".utf8))
            }
        }
        // libarchive would only warn, and go on with the name of the plain header.
        for record in ["999 path=y\n", "path=y\n", "22 GNU.sparse.major=9\n"] {
            let reason = try fixture.refusal {
                $0.add("PaxHeaders/x", type: "x", record)
                $0.add("x", "hello")
            }
            #expect(reason?.hasPrefix("entry 'x' cannot be read") == true, "\(record)")
        }
    }
}
