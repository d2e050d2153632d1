// SPDX-License-Identifier: Apache-2.0
import Foundation
import LayerArchive
import LinuxSystem
import TarFixtures
import Testing

/// What an image may rely on.
@Suite struct KeptTests {
    let fixture: LayerFixture
    init() throws { fixture = try LayerFixture() }

    @Test func modesOwnersAndTimes() throws {
        try fixture.unpack {
            $0.add("setuid", "x\n", mode: 0o6755, user: 1000, group: 2000, time: 1_234_567_890)
            $0.folder("sticky", mode: 0o1777)
            $0.add("old", records: [("mtime", Array("-86400".utf8))])
            $0.add("exact", records: [("mtime", Array("1234567890.123456789".utf8))])
            $0.add("before", records: [("mtime", Array("-1.25".utf8))])
            $0.add("pipe", type: "6", mode: 0o620)
            $0.add("far", records: [("uid", Array("4294967294".utf8))])
        }
        let setuid = try #require(fixture.status("setuid"))
        #expect(setuid.st_mode & 0o7777 == 0o6755)
        #expect(setuid.st_uid == 1000 && setuid.st_gid == 2000)
        #expect(setuid.st_mtim.tv_sec == 1_234_567_890)
        #expect(fixture.status("sticky").map { $0.st_mode & 0o7777 } == 0o1777)
        #expect(fixture.status("old")?.st_mtim.tv_sec == -86400)
        #expect(fixture.status("exact")?.st_mtim.tv_nsec == 123_456_789)
        #expect(fixture.status("before")?.st_mtim.tv_sec == -2)
        #expect(fixture.status("before")?.st_mtim.tv_nsec == 750_000_000)
        #expect(fixture.status("pipe").map { $0.st_mode } == S_IFIFO | 0o620)
        #expect(fixture.status("far")?.st_uid == 4_294_967_294)
    }

    @Test func metadataOfAFolderAfterItsContent() throws {
        try fixture.unpack {
            $0.add("d/e/x", "x\n")
            $0.folder("d/e", mode: 0o500, time: 42)
            $0.add("d/e/y", "y\n")
            $0.folder("d", mode: 0o711, time: 43)
        }
        #expect(fixture.status("d/e")?.st_mtim.tv_sec == 42)
        #expect(fixture.status("d/e").map { $0.st_mode & 0o7777 } == 0o500)
        #expect(fixture.status("d")?.st_mtim.tv_sec == 43)
    }

    @Test func fileCapabilitiesAndUserAttributes() throws {
        let capability: [UInt8] = [1, 0, 0, 2, 0, 4, 0, 0] + [UInt8](repeating: 0, count: 12)
        try fixture.unpack {
            $0.add(
                "x", "x\n", mode: 0o755, user: 7,
                records: [("SCHILY.xattr.security.capability", capability), ("SCHILY.xattr.user.a", [0, 1, 10])])
        }
        #expect(try fixture.attribute("x", "security.capability") == capability)
        #expect(try fixture.attribute("x", "user.a") == [0, 1, 10])
    }

    @Test func namesOfAnyBytes() throws {
        let name = (1...255).map { UInt8($0) }.filter { $0 != UInt8(ascii: "/") }
        try fixture.unpack {
            $0.add("x", "x\n", records: [("path", name.prefix(120) + [47] + name.suffix(134))])
            $0.add("link", type: "2", link: "cut", records: [("linkpath", Array(name.suffix(134)))])
            $0.add("plain", records: [("path", Array("na\u{301}me – 名前".utf8))])
        }
        let root = try openDirectory(currentDirectory, fixture.layer)
        let folder = try #require(try rawDirectoryEntries(root.number).first { $0.count == 121 })
        #expect(folder.dropLast().map { UInt8(bitPattern: $0) } == Array(name.prefix(120)))
        let below = try openAt(root.number, bytes: folder, flags: O_RDONLY | O_DIRECTORY)
        #expect(try rawDirectoryEntries(below.number).first?.dropLast().map { UInt8(bitPattern: $0) } == Array(name.suffix(134)))
        #expect(fixture.status("link")?.st_size == 134)
        #expect(fixture.status("na\u{301}me – 名前") != nil)
    }

    @Test func aFileReplacesAFolderAndTheReverse() throws {
        try fixture.unpack {
            $0.add("a/b/c", "x\n")
            $0.add("a", "file\n")
            $0.add("f", "file\n")
            $0.add("f", type: "5")
            $0.add("f/x", "in it\n")
            $0.link("l", to: "f")
            $0.folder("l")
            $0.add("l/y", "in l\n")
        }
        #expect(fixture.text("a") == "file\n")
        #expect(fixture.text("f/x") == "in it\n")
        #expect(fixture.text("l/y") == "in l\n")
        #expect(fixture.status("f/y") == nil)
    }

    @Test func aLinkedFolderOfTheSameLayerIsFollowed() throws {
        try fixture.unpack {
            $0.folder("usr/lib")
            $0.link("lib", to: "usr/lib")
            $0.add("lib/x", "x\n")
            $0.link("bin", to: "usr/bin")
            $0.add("bin/y", "y\n")
            $0.link("opt/deep", to: "../var/a/../b")
            $0.add("opt/deep/z", "z\n")
        }
        #expect(fixture.text("usr/lib/x") == "x\n")
        #expect(fixture.text("usr/bin/y") == "y\n")
        #expect(fixture.text("var/b/z") == "z\n")
        #expect(fixture.status("lib").map { $0.st_mode & S_IFMT } == S_IFLNK)
    }

    @Test func sparseFilesStaySparse() throws {
        let path = fixture.scratch.path
        try run("truncate", "-s", "50M", path + "/hole")
        try run("tar", "--sparse", "--format=gnu", "-cf", path + "/sparse.tar", "-C", path, "hole")
        try fixture.unpack(Array(try #require(FileManager.default.contents(atPath: path + "/sparse.tar"))))
        let status = try #require(fixture.status("hole"))
        #expect(status.st_size == 50 << 20)
        #expect(status.st_blocks < 100)
    }

    @Test func aTarThatEndsBehindItsLastContent() throws {
        var tar = TarBuilder()
        tar.add("a", "complete\n")
        try fixture.unpack(Array(tar.bytes[..<521]))
        #expect(fixture.text("a") == "complete\n")
        #expect(throws: LayerRefusal.self) { try fixture.unpack(Array(tar.bytes[..<520])) }
    }

    @Test func aLayerOfNothing() throws {
        #expect(try fixture.unpack([]) == LayerContent())
        #expect(try fixture.unpack([UInt8](repeating: 0, count: 1024)) == LayerContent())
    }

    @Test("sizes and times of 64 bits") func wideNumbers() throws {
        try fixture.unpack {
            // Five GiB, of which one byte is there: an offset beyond 32 bits.
            let map = "1\n\((5 << 30) - 1)\n1\n"
            $0.add(
                "GNUSparseFile.0/wide", map + String(repeating: "\0", count: 512 - map.utf8.count) + "x",
                records: [
                    ("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.name", "wide"),
                    ("GNU.sparse.realsize", "\(5 << 30)"),
                ].map { ($0.0, Array($0.1.utf8)) })
            $0.add("late", records: [("mtime", Array("8589934592".utf8))])
            $0.add("early", records: [("mtime", Array("-2147483648".utf8))])
        }
        #expect(fixture.status("wide")?.st_size == 5 << 30)
        #expect(fixture.status("late")?.st_mtim.tv_sec == 8_589_934_592)
        #expect(fixture.status("early")?.st_mtim.tv_sec == -2_147_483_648)
        for size in ["9223372036854775808", "18446744073709551615", "-1"] {
            #expect(try fixture.refusal { $0.add("x", records: [("size", Array(size.utf8))]) } != nil, "\(size)")
        }
    }

    @Test func specialBitsStayWhereOwnersAreGiven() throws {
        try fixture.unpack {
            $0.add("group", type: "5", mode: 0o2775, group: 50)
            $0.add("group/ours", "x\n", mode: 0o644)
            $0.folder("group/below")
            $0.add("setgid", "x\n", mode: 0o2755, user: 7, group: 8)
        }
        #expect(fixture.status("group").map { $0.st_mode & 0o7777 } == 0o2775)
        #expect(fixture.status("group/ours")?.st_gid == 0)
        #expect(fixture.status("group/below").map { ($0.st_mode & 0o7777) } == 0o755)
        #expect(fixture.status("group/below")?.st_gid == 0)
        #expect(fixture.status("setgid").map { $0.st_mode & 0o7777 } == 0o2755)
    }
}
