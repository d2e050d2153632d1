// SPDX-License-Identifier: Apache-2.0
import Foundation
import LayerArchive
import LinuxSystem
import TarFixtures
import Testing

/// What has broken unpackers before. Each test fails when its defence is taken out.
@Suite struct AttackTests {
    let fixture: LayerFixture
    init() throws { fixture = try LayerFixture() }

    @Test("zip-slip: '..' in a name", arguments: ["../outside", "a/../../outside", "..", "a/.."])
    func dotDot(_ name: String) throws {
        let reason = try fixture.refusal { $0.add(name, "evil\n") }
        #expect(reason?.contains("'..'") == true)
        #expect(try fixture.outsideIsUntouched())
    }

    @Test func absoluteNamesStayInTheLayer() throws {
        try fixture.unpack { $0.add("/etc/passwd", "in the layer\n") }
        #expect(fixture.text("etc/passwd") == "in the layer\n")
    }

    @Test(
        "a parent that is a symbolic link stays in the layer", arguments: ["/", "..", "../..", "../../../../../../..", "/proc/self/cwd/.."])
    func linkedParent(_ target: String) throws {
        try fixture.unpack {
            $0.link("x", to: target)
            $0.add("x/outside", "evil\n")
        }
        #expect(try fixture.outsideIsUntouched())
    }

    @Test func aFileIsNotWrittenThroughALink() throws {
        try fixture.unpack {
            $0.link("x", to: "../outside")
            $0.add("x", "replaced\n")
        }
        #expect(fixture.text("x") == "replaced\n")
        #expect(try fixture.outsideIsUntouched())
    }

    @Test("CVE-2021-29136: a root that is a link", arguments: [".", "./", "/", "/.", ""])
    func rootAsLink(_ name: String) throws {
        let reason = try fixture.refusal { $0.link(name, to: "/") }
        // What has no name at all is not taken for the root.
        #expect(reason == "an entry for the layer's root is not a folder" || (name.isEmpty && reason != nil))
        #expect(try fixture.refusal { $0.add(name, "file\n") } != nil)
    }

    @Test func rootAsFolderSetsItsMode() throws {
        try fixture.unpack { $0.folder("./", mode: 0o711, time: 7) }
        #expect(fixture.status(".").map { $0.st_mode & 0o7777 } == 0o711)
        #expect(fixture.status(".")?.st_mtim.tv_sec == 7)
    }

    @Test("CVE-2021-32760, CVE-2025-47290: mode and owner go to what was made, not through a link")
    func modeThroughLink() throws {
        let outside = fixture.scratch.path + "/outer/outside"
        chmod(outside, 0o600)
        try fixture.unpack {
            $0.add("x", type: "2", link: outside, mode: 0o4777, user: 1234)
            $0.folder("d", mode: 0o700)
            $0.add("d", type: "2", link: "..", mode: 0o777, user: 1234)
        }
        var status = stat()
        lstat(outside, &status)
        #expect(status.st_mode & 0o7777 == 0o600)
        #expect(status.st_uid == 0)
        #expect(fixture.status("x")?.st_uid == 1234)
    }

    @Test func hardLinksOutOfTheLayerAreRefused() throws {
        for target in ["../outside", fixture.scratch.path + "/outer/outside", "/etc/passwd", "missing"] {
            #expect(try fixture.refusal { $0.hardLink("x", to: target) } != nil, "\(target)")
        }
        #expect(try fixture.outsideIsUntouched())
    }

    @Test func aHardLinkToALinkIsNotFollowed() throws {
        try fixture.unpack {
            $0.link("l", to: "../outside")
            $0.hardLink("h", to: "l")
        }
        #expect(fixture.status("h").map { $0.st_mode & S_IFMT } == S_IFLNK)
        try fixture.unpack {
            $0.link("x", to: "../outside")
            $0.hardLink("y", to: "x")
            $0.add("y", "mine\n")
        }
        #expect(fixture.text("y") == "mine\n")
        #expect(try fixture.outsideIsUntouched())
    }

    @Test func aHardLinkThroughALinkedFolderStaysInside() throws {
        let reason = try fixture.refusal {
            $0.link("up", to: "..")
            $0.hardLink("x", to: "up/outside")
        }
        #expect(reason?.contains("does not have") == true)
    }

    @Test func aReplacedFileKeepsItsOtherName() throws {
        try fixture.unpack {
            $0.add("a", "first\n")
            $0.hardLink("b", to: "a")
            $0.add("a", "second\n")
        }
        #expect(fixture.text("a") == "second\n")
        #expect(fixture.text("b") == "first\n")
    }

    @Test("device nodes are not made", arguments: ["3", "4"] as [Character])
    func devices(_ type: Character) throws {
        try fixture.unpack { $0.add("dev/sda", type: type) }
        #expect(fixture.status("dev/sda") == nil)
    }

    @Test("CVE-2024-40635: owners that wrap round to root", arguments: ["4294967296", "4294967295", "-1", "18446744073709551616"])
    func owners(_ owner: String) throws {
        #expect(try fixture.refusal { $0.add("x", records: [("uid", Array(owner.utf8))]) }?.contains("owner") == true)
        #expect(try fixture.refusal { $0.add("x", records: [("gid", Array(owner.utf8))]) }?.contains("owner") == true)
    }

    @Test(
        "attributes that speak to the overlay or to the host are left out",
        arguments: [
            "user.overlay.opaque", "user.overlay.redirect", "user.overlay.metacopy", "trusted.overlay.opaque", "system.posix_acl_access",
            "security.selinux",
            "security.ima",
        ]) func foreignAttributes(_ name: String) throws
    {
        try fixture.unpack { $0.add("d", type: "5", records: [("SCHILY.xattr." + name, [UInt8(ascii: "y")])]) }
        #expect(try fixture.attribute("d", name) == nil)
    }

    @Test func aLinkLoopIsRefused() throws {
        let reason = try fixture.refusal {
            $0.link("a", to: "b")
            $0.link("b", to: "a")
            $0.add("a/x", "evil\n")
        }
        #expect(reason != nil)
    }

    @Test func aNameBelowAFileIsRefused() throws {
        let reason = try fixture.refusal {
            $0.add("a", "file\n")
            $0.add("a/x", "evil\n")
        }
        #expect(reason?.contains("no folder") == true)
    }
}
