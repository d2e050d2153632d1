// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Testing
import swiftlet

@Suite struct PullProgressTests {
    private func layer(_ state: String, _ index: Int, bytes: Int) -> [String: JSONValue] {
        [
            "event": "layer", "state": .string(state), "index": .integer(Int64(index)), "of": 2, "bytes": .integer(Int64(bytes)),
            "digest": "sha256:0123456789abcdef",
        ]
    }

    @Test("a pull shows each layer on its way, and bytes, rate and time left of all of it") func shows() {
        var progress = PullProgress()
        let resolved = progress.take(["event": "resolved", "digest": "sha256:ab", "layers": 2, "bytes": 8_000_000], after: 0)
        #expect(resolved == "sha256:ab: 2 layers, 8.0 MB to come")
        #expect(progress.lines == ["0 B of 8.0 MB  layers 0/2"])
        #expect(progress.take(layer("unpacking", 1, bytes: 3_000_000), after: 1) == nil)
        #expect(progress.take(layer("unpacking", 2, bytes: 5_000_000), after: 1) == nil)
        #expect(progress.take(layer("downloading", 2, bytes: 2_000_000), after: 2) == nil)
        #expect(
            progress.lines == [
                "layer 1 of 2 sha256:0123456789ab: 0 B of 3.0 MB", "layer 2 of 2 sha256:0123456789ab: 2.0 MB of 5.0 MB",
                "2.0 MB of 8.0 MB  layers 0/2  1.0 MB/s  6 s left",
            ])
        let done = progress.take(layer("done", 2, bytes: 9_000_000), after: 3)
        #expect(done == "layer 2 of 2 sha256:0123456789ab: 5.0 MB pulled, 9.0 MB unpacked")
        #expect(progress.lines.last == "5.0 MB of 8.0 MB  layers 1/2  1.7 MB/s  2 s left")
        let here = progress.take(layer("exists", 1, bytes: 7_000_000), after: 3)
        #expect(here == "layer 1 of 2 sha256:0123456789ab: already here, 7.0 MB")
    }

    @Test("a rate is not told before there is one") func noRate() {
        var progress = PullProgress()
        _ = progress.take(["event": "resolved", "digest": "sha256:ab", "layers": 2, "bytes": 8_000_000], after: 0)
        _ = progress.take(layer("unpacking", 1, bytes: 3_000_000), after: 0.01)
        _ = progress.take(layer("downloading", 1, bytes: 1000), after: 0.01)
        #expect(progress.lines.last == "1.0 kB of 8.0 MB  layers 0/2")
    }
}
