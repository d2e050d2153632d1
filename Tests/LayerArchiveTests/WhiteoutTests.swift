// SPDX-License-Identifier: Apache-2.0
import LayerArchive
import TarFixtures
import Testing

@Suite struct WhiteoutTests {
    let fixture: LayerFixture
    init() throws { fixture = try LayerFixture() }

    @Test func becomesADeviceOfTheOverlay() throws {
        try fixture.unpack { $0.add("a/.wh.b") }
        #expect(fixture.isWhiteout("a/b"))
        #expect(fixture.status("a/.wh.b") == nil)
    }

    @Test func opaqueBecomesAnAttribute() throws {
        try fixture.unpack {
            $0.add("a/.wh..wh..opq")
            $0.add("a/new", "x\n")
            $0.folder("a/b/")
            $0.add("a/b/.wh..wh..opq")
        }
        #expect(try fixture.isOpaque("a"))
        #expect(try fixture.isOpaque("a/b"))
        #expect(fixture.text("a/new") == "x\n")
    }

    @Test("what the same layer adds stays, whichever comes first", arguments: [true, false])
    func sameLayer(_ whiteoutFirst: Bool) throws {
        try fixture.unpack {
            if whiteoutFirst {
                $0.add(".wh.file")
                $0.add(".wh.folder")
                $0.add(".wh.implied")
                $0.add(".wh.link")
            }
            $0.add("file", "new\n")
            $0.folder("folder")
            $0.add("folder/x", "new\n")
            $0.add("implied/x", "new\n")
            $0.link("link", to: "file")
            if !whiteoutFirst {
                $0.add(".wh.file")
                $0.add(".wh.folder")
                $0.add(".wh.implied")
                $0.add(".wh.link")
            }
        }
        #expect(fixture.text("file") == "new\n")
        #expect(fixture.text("folder/x") == "new\n")
        #expect(fixture.text("link") == "new\n")
        #expect(try fixture.isOpaque("folder"))
        #expect(try fixture.isOpaque("implied"))
    }

    @Test func belowAFileIsIgnored() throws {
        try fixture.unpack {
            $0.add("a", "now a file\n")
            $0.add("a/.wh.b")
            $0.add("a/b/.wh..wh..opq")
            $0.add(".wh.gone")
            $0.add("gone/.wh.x")
        }
        #expect(fixture.text("a") == "now a file\n")
        #expect(fixture.isWhiteout("gone"))
    }

    @Test(
        "names that no whiteout can have",
        arguments: [
            (".wh.", "names no file"), (".wh..", "names no file"), (".wh...", "names no file"), ("a/.wh.", "names no file"),
            (".wh.a/b", "cannot be a folder"), (".wh..wh..opq", "cannot hide all lower layers"),
        ])
    func refused(_ name: String, _ reason: String) throws {
        #expect(try fixture.refusal { $0.add(name) }?.contains(reason) == true)
    }

    @Test func aufsLeftoversAreIgnored() throws {
        try fixture.unpack {
            $0.folder(".wh..wh.plnk")
            $0.add(".wh..wh.plnk/1.2", "x\n")
            $0.add(".wh..wh.aufs")
        }
        #expect(fixture.status(".wh..wh.plnk") == nil)
        #expect(!fixture.isWhiteout(".wh.aufs"))
    }

    @Test func aWhiteoutDoesNotReachThroughALinkOutOfTheLayer() throws {
        try fixture.unpack {
            $0.link("x", to: "..")
            $0.add("x/.wh.outside")
        }
        #expect(fixture.isWhiteout("outside"))
        #expect(try fixture.outsideIsUntouched())
    }

    @Test func aHardLinkToAWhiteoutIsRefused() throws {
        let reason = try fixture.refusal {
            $0.add(".wh.a")
            $0.hardLink("b", to: "a")
        }
        #expect(reason?.contains("does not have") == true)
    }
}
