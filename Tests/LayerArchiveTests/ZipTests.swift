// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import LayerArchive
import LinuxSystem
import TarFixtures
import Testing

/// The zip of a function's layer. Each test fails when its defence is taken out.
@Suite struct ZipTests {
    let fixture: ZipFixture
    var files: LayerFixture { fixture.layer }
    init() throws { fixture = try ZipFixture() }

    private func mode(_ path: String) -> mode_t? { files.status(path).map { $0.st_mode & 0o7777 } }

    @Test func everythingComesBelowOpt() throws {
        let content = try fixture.unpack(
            """
            add("python/colours/__init__.py", b"names = 3\\n")
            add("bin/tool", b"#!/bin/sh\\n", 0o100700)
            add("bin/", mode=0o040700)
            add("lib/libx.so", b"libx.so.1", 0o120777)
            add("stored", b"as it is\\n", method=zipfile.ZIP_STORED)
            add("gr\\u00fc\\u00dfe/\\u65e5\\u672c", b"utf-8\\n")
            """)
        #expect(content.entries == 6 && content.bytes == 10 + 10 + 9 + 6)
        #expect(files.text("opt/python/colours/__init__.py") == "names = 3\n" && files.text("opt/stored") == "as it is\n")
        #expect(files.text("opt/grüße/日本") == "utf-8\n")
        #expect(try FileManager.default.contentsOfDirectory(atPath: files.layer) == ["opt"])
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: files.layer + "/opt/lib/libx.so") == "libx.so.1")
    }

    @Test("all is root's and can be read by everyone, and what its owner may run may be run by all; nothing is setuid") func modes() throws
    {
        try fixture.unpack(
            """
            add("secret", b"x", 0o100600)
            add("tool", b"x", 0o104700)
            add("folder/", mode=0o040700)
            add("windows.txt", b"x", 0, system=0)
            """)
        #expect(mode("opt/secret") == 0o644 && mode("opt/tool") == 0o755 && mode("opt/folder") == 0o755)
        #expect(mode("opt/windows.txt") == 0o644 && mode("opt") == 0o755 && mode(".") == 0o755)
        #expect(files.status("opt/tool").map { $0.st_uid == 0 && $0.st_gid == 0 && $0.st_mtim.tv_sec > 1_577_000_000 } == true)
    }

    @Test("zip-slip: '..' in a name", arguments: ["../outside", "a/../../outside", "..", "a/.."])
    func dotDot(_ name: String) throws {
        #expect(try fixture.refusal("add(\"\(name)\", b\"evil\")")?.contains("'..'") == true)
        #expect(try files.outsideIsUntouched())
    }

    @Test func absoluteNamesStayBelowOpt() throws {
        try fixture.unpack(#"add("/etc/passwd", b"in the layer\n")"#)
        #expect(files.text("opt/etc/passwd") == "in the layer\n" && files.status("etc") == nil)
    }

    @Test("a parent that is a symbolic link stays in the layer", arguments: ["/", "..", "../..", "../../../../..", "/proc/self/cwd/.."])
    func linkedParent(_ target: String) throws {
        try fixture.unpack(
            """
            add("x", b"\(target)", 0o120777)
            add("x/outside", b"evil\\n")
            """)
        #expect(try files.outsideIsUntouched())
        #expect(try FileManager.default.contentsOfDirectory(atPath: files.layer) == ["opt"])
    }

    @Test func aFileIsNotWrittenThroughALink() throws {
        try fixture.unpack(
            """
            add("x", b"../../outside", 0o120777)
            add("x", b"replaced\\n")
            """)
        #expect(files.text("opt/x") == "replaced\n")
        #expect(try files.outsideIsUntouched())
    }

    @Test("device nodes, pipes and sockets are left out", arguments: [0o020666, 0o060666, 0o010666, 0o140666])
    func special(_ mode: Int) throws {
        try fixture.unpack("add(\"null\", b\"\", \(mode))\nadd(\"file\", b\"x\\n\")")
        #expect(files.status("opt/null").map { $0.st_mode & S_IFMT == S_IFREG } ?? true)
        #expect(files.text("opt/file") == "x\n")
    }

    @Test func theNamesOfWhiteoutsArePlainNames() throws {
        try fixture.unpack(
            """
            add("a", b"kept\\n")
            add(".wh.a", b"plain\\n")
            add(".wh..wh..opq", b"plain\\n")
            """)
        #expect(files.text("opt/a") == "kept\n" && files.text("opt/.wh.a") == "plain\n" && files.text("opt/.wh..wh..opq") == "plain\n")
        #expect(!(try files.isOpaque("opt")))
    }

    @Test("a root that is a link is none", arguments: [".", "./", "/"]) func root(_ name: String) throws {
        let reason = try fixture.refusal("add(\"\(name)\", b\"/\", 0o120777)\nadd(\"outside\", b\"x\")")
        #expect(name != "." || reason?.contains("root") == true)
        #expect(files.isFolder("opt") && files.status("outside") == nil)
        #expect(try files.outsideIsUntouched())
    }

    @Test("bomb: a thousand to one") func ratio() throws {
        #expect(try fixture.refusal(#"add("zeros", bytes(100 << 20))"#)?.contains("times larger") == true)
    }

    @Test("bomb: many files that share their compressed bytes") func overlap() throws {
        // The central directory names one local entry many times.
        let script = """
            add("f0", bytes(1 << 20))
            for number in range(1, 200):
                info = z.infolist()[0]
                copy = zipfile.ZipInfo(f"f{number}", info.date_time)
                for field in ("create_system", "external_attr", "compress_type", "CRC", "compress_size", "file_size", "header_offset"):
                    setattr(copy, field, getattr(info, field))
                z.filelist.append(copy)
                z.NameToInfo[copy.filename] = copy
            """
        // libarchive takes each place once: so it comes to one file, or is refused.
        #expect(try fixture.refusal(script) != nil || FileManager.default.contentsOfDirectory(atPath: files.layer + "/opt").count == 1)
    }

    @Test func manyBytesAndManyFiles() throws {
        var limits = UnpackLimits.functionLayer
        try limits.set(.bytes, to: 1000)
        #expect(try fixture.refusal(#"add("a", b"a" * 1001)"#, limits: limits)?.contains("limit of 1000 bytes") == true)
        limits = .functionLayer
        try limits.set(.entries, to: 100)
        #expect(
            try fixture.refusal("for n in range(101): add(f\"f{n}\")", limits: limits) == "the zip has more than the limit of 100 entries")
    }

    @Test("ten thousand folders in each other") func depth() throws {
        #expect(try fixture.refusal("add('d/' * 10000 + 'x')")?.contains("limit is") == true)
        #expect(try fixture.refusal("add('d/' * 300 + 'x')")?.contains("limit is 256") == true)
    }

    @Test("only the two methods that every tool writes are taken", arguments: ["BZIP2", "LZMA"]) func methods(_ name: String) throws {
        let reason = try fixture.refusal("add('a', b'a' * 1000, method=zipfile.ZIP_\(name))")
        #expect(reason?.contains("only stored and deflated entries are taken") == true)
    }

    @Test func damagedZips() throws {
        let whole = try fixture.zip("add('a', bytes(range(256)) * 40)")
        for length in [0, 4, 60, whole.count - 10] { #expect(throws: LayerRefusal.self) { try fixture.unpack(Array(whole[..<length])) } }
        var flipped = whole
        flipped[60] ^= 0xff
        #expect(throws: LayerRefusal.self) { try fixture.unpack(flipped) }
        #expect(throws: LayerRefusal.self) { try fixture.unpack(Array("no zip at all".utf8)) }
    }

    @Test func anotherZipThanThePromisedOneIsRefused() throws {
        let bytes = try fixture.zip("add('a')")
        let path = try files.scratch.write(bytes, to: "other")
        let blob = try openAt(currentDirectory, path, flags: O_RDONLY)
        let target = try openDirectory(currentDirectory, files.layer)
        let error = #expect(throws: LayerRefusal.self) {
            try unpackZip(
                LayerSource(descriptor: blob.number, offset: 0, length: UInt64(bytes.count), form: .plain), into: target.number,
                tree: String(repeating: "0", count: 64))
        }
        #expect(error?.reason.contains("was promised") == true)
    }

    @Test("the same bytes as a tar are another tree") func tree() {
        let digest = String(repeating: "ab", count: 32)
        #expect(zipTree(of: digest) != digest && zipTree(of: digest).count == 64)
    }
}
