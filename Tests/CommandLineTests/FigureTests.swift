// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Testing
import swiftlet

@Suite struct FigureTests {
    @Test("every percentile is a value that was measured") func ranks() throws {
        let hundred = try #require(Percentiles((1...100).map(Double.init).shuffled()))
        #expect((hundred.p50, hundred.p90, hundred.p99) == (50, 90, 99))
        let one = try #require(Percentiles([7]))
        #expect((one.p50, one.p90, one.p99) == (7, 7, 7))
        let ten = try #require(Percentiles((1...10).map(Double.init)))
        #expect((ten.p50, ten.p90, ten.p99) == (5, 9, 10))
        #expect(Percentiles([]) == nil)
    }

    @Test("the phases of a cold start are read from Server-Timing") func readsPhases() {
        let phases = ServerTiming.parse("route;dur=0.05, launch;dur=0.91,listen;desc=\"x\";dur=0.4, healthz, firstByte;dur=0.2")
        #expect(phases == ["route": 0.05, "launch": 0.91, "listen": 0.4, "firstbyte": 0.2])
        #expect(ServerTiming.parse("").isEmpty && ServerTiming.parse(";;=,dur=3").isEmpty)
    }

    @Test("the report has every phase, the bare program, and what the host adds") func reports() {
        let run = ColdStartReport.Run(
            total: 2, phases: ["route": 0.1, "launch": 0.2, "mounts": 0.5, "exec": 0.1, "listen": 0.5, "healthz": 0, "firstbyte": 0.3])
        let text = ColdStartReport(function: "hello", runs: [run, run], bare: .success([0.5, 0.5])).text
        for words in [
            "request to first byte, cold", "route", "launch", "mounts", "exec", "listen", "healthz", "first byte", "bare posix_spawn",
            "p50", "p99",
        ] {
            #expect(text.contains(words))
        }
        #expect(text.contains("add 1.50 ms at the median (4.00 times bare)"))
        let alone = ColdStartReport(function: "hello", runs: [run], bare: .failure(.init("it needs root")))
        #expect(alone.text.contains("the bare program was left out: it needs root"))
    }

    @Test(
        "sizes and decimals for people",
        arguments: [
            (0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (1_234_567, "1.2 MB"), (5_000_000_000, "5.0 GB"),
        ])
    func writesSizes(_ row: (bytes: Int, text: String)) { #expect(sizeText(row.bytes) == row.text) }

    @Test func writesDecimals() {
        #expect(decimal(0.055, 2) == "0.06" || decimal(0.055, 2) == "0.05")
        #expect(decimal(-1.5, 1) == "-1.5" && decimal(12.999, 2) == "13.00" && decimal(3, 0) == "3" && decimal(-0.001, 2) == "0.00")
    }

    @Test("a log line cannot steer the terminal") func escapesControlCharacters() {
        #expect(printable("a\u{1B}]0;x\u{7}b\tc\nd\u{9B}") == "a\\x1b]0;x\\x07b\tc\nd\\x9b")
    }

    @Test("columns are as wide as their widest cell") func alignsTables() {
        var table = Table("NAME", "N")
        table.add("longer", "1")
        table.add("x", "")
        #expect(table.text == "NAME    N\nlonger  1\nx\n")
    }

    @Test(
        "paths are made absolute without following links",
        arguments: [
            ("/a", "b", "/a/b"), ("/a", "./b/../c//d", "/a/c/d"), ("/", "../..", "/"), ("/a/b", "..", "/a"),
        ])
    func joinsPaths(_ row: (base: String, path: String, joined: String)) { #expect(AbsolutePath.join(row.base, row.path) == row.joined) }

    @Test("the tar of a layout is one that others read") func writesTarHeaders() {
        let header = LayoutTar.header(name: "index.json", size: 1234)
        #expect(header.count == 512)
        #expect(String(decoding: header[124..<135], as: UTF8.self) == "00000002322")
        let sum = header.enumerated().reduce(0) { $0 + ((148..<156).contains($1.offset) ? 32 : Int($1.element)) }
        #expect(Int(String(decoding: header[148..<154], as: UTF8.self), radix: 8) == sum)
        #expect(LayoutTar.header(name: "x", size: 1 << 40)[124] == 0x80)
    }

    @Test("progress counts bytes, rate and layers") func showsProgress() {
        var progress = LoadProgress(total: 4_000_000)
        #expect(progress.take(["event": "received", "bytes": 2_000_000], after: 1) == nil)
        #expect(progress.line == "2.0 MB of 4.0 MB  2.0 MB/s")
        let unpacking: [String: JSONValue] = [
            "event": "layer", "state": "unpacking", "index": 1, "of": 2, "digest": "sha256:0123456789abcdef",
        ]
        #expect(progress.take(unpacking, after: 2) == "layer 1 of 2 sha256:0123456789ab: unpacking")
        let done: [String: JSONValue] = [
            "event": "layer", "state": "done", "index": 1, "of": 2, "digest": "sha256:0123456789abcdef", "bytes": 5_000_000,
        ]
        #expect(progress.take(done, after: 3) == "layer 1 of 2 sha256:0123456789ab: unpacked, 5.0 MB")
        #expect(progress.line == "2.0 MB of 4.0 MB  2.0 MB/s  layers 1/2")
    }
}
