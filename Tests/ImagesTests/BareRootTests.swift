// SPDX-License-Identifier: Apache-2.0
import Foundation
import TarFixtures
import Testing

@Suite struct BareRootTests {
    /// The launcher shows the unpacker one folder and nothing else; the Swift runtime would like to have /proc.
    @Test func theUnpackerRunsInARootWithoutProc() throws {
        let scratch = try Scratch()
        let own = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().path
        try run("sh", "-c", "mkdir -p \(scratch.path)/root/layer && cp \(own)/swiftlet-unpack \(scratch.path)/root/")
        var tar = TarBuilder()
        tar.add("x", "x\n", records: [("path", Array("nämé a\u{301} – 名前".utf8))])
        let layer = try scratch.write(tar.finished, to: "layer.tar")
        let command =
            "env -i /usr/sbin/chroot \(scratch.path)/root /swiftlet-unpack /layer 0 \(tar.finished.count) plain \(LayoutBuilder.digest(tar.finished))"
        #expect(try run("sh", "-c", "\(command) 0<\(layer) 3>\(scratch.path)/result && cat \(scratch.path)/result").hasPrefix("ok 1 2 "))
        #expect(FileManager.default.contents(atPath: scratch.path + "/root/layer/nämé a\u{301} – 名前") == Data("x\n".utf8))
    }
}
