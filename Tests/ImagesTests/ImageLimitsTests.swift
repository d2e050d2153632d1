// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Images
import OCI
import Testing

@Suite struct ImageLimitsTests {
    @Test func everyLimitCanBeSetByItsName() throws {
        for (name, standard, _) in ImageLimits.all {
            var limits = ImageLimits()
            try limits.set("\(name)=\(standard)")
            #expect(limits == ImageLimits() || UnpackLimit(rawValue: name) != nil, "\(name)")
        }
        var limits = ImageLimits()
        try limits.set("manifest=1KiB")
        try limits.set("bytes=2GiB")
        try limits.set("layers=3")
        #expect(limits.documents.manifestBytes == 1024)
        #expect(limits.layer[.bytes] == 2 << 30)
        #expect(limits.documents.layers == 3)
    }

    @Test(
        "what cannot be meant",
        arguments: ["entries", "entries=", "entries=1kb", "speed=1", "layers=128", "bytes=99999999999TiB", "=1", ""])
    func refused(_ word: String) {
        var limits = ImageLimits()
        let error = #expect(throws: UnpackLimitError.self) { try limits.set(word) }
        if word.hasPrefix("speed") { #expect(error?.description.contains("there are archive, members") == true) }
    }
}
