// SPDX-License-Identifier: Apache-2.0
import Foundation
import FunctionModel
import LayerArchive
import TarFixtures
import Testing

/// What takes the compression off.
@Suite struct InflationTests {
    let fixture: LayerFixture
    init() throws { fixture = try LayerFixture() }

    private func packed(_ plain: [UInt8], _ tool: String, _ options: String...) throws -> [UInt8] {
        let path = try fixture.scratch.write(plain, to: "part")
        try run("sh", "-c", "\(tool) -q \(options.joined(separator: " ")) -c \(path) >\(path).packed")
        return Array(try #require(FileManager.default.contents(atPath: path + ".packed")))
    }

    private var tar: [UInt8] {
        var tar = TarBuilder()
        tar.add("a", String(repeating: "abc", count: 300_000))
        return tar.finished
    }

    @Test("several gzip members and several zstd frames", arguments: ["gzip", "zstd"])
    func members(_ encoding: String) throws {
        let plain = tar
        let parts = try [plain[..<1000], plain[1000..<700_000], plain[700_000...]].map { try packed(Array($0), encoding) }
        #expect(try fixture.unpack(parts.flatMap { $0 }, encoding: encoding, plain: plain).bytes == 900_000)
        #expect(throws: LayerRefusal.self) { try fixture.unpack(Array(parts.joined()).dropLast(3), encoding: encoding, plain: plain) }
    }

    @Test("a member that ends where a block of the reader does", arguments: ["gzip", "zstd"])
    func exactBlocks(_ encoding: String) throws {
        var tar = TarBuilder()
        // 256 KiB of tar a member: the decoder's output is full exactly at its end.
        tar.add("a", String(repeating: "x", count: (512 << 10) - 1536))
        let plain = tar.finished
        #expect(plain.count == 512 << 10)
        let parts = try [plain[..<(256 << 10)], plain[(256 << 10)...]].map { try packed(Array($0), encoding) }
        #expect(try fixture.unpack(parts.flatMap { $0 }, encoding: encoding, plain: plain).entries == 1)
    }

    @Test("damaged data", arguments: ["gzip", "zstd"])
    func damage(_ encoding: String) throws {
        let whole = try packed(tar, encoding)
        var broken = whole
        broken[broken.count / 2] ^= 0xff
        for bytes in [broken, whole + [0, 1, 2, 3], [UInt8](repeating: 7, count: 100), Array(whole.dropLast())] {
            #expect(throws: LayerRefusal.self) { try fixture.unpack(bytes, encoding: encoding, plain: tar) }
        }
    }

    @Test func aWrongChecksumIsNoticed() throws {
        var bytes = try packed(tar, "gzip")
        bytes[bytes.count - 5] ^= 1
        let error = #expect(throws: LayerRefusal.self) { try fixture.unpack(bytes, encoding: "gzip", plain: tar) }
        #expect(error?.reason == "the layer's gzip data is damaged: its checksum is wrong")
    }

    @Test func aWindowBeyondTheLimitIsRefused() throws {
        var tar = TarBuilder()
        tar.add("a", String(repeating: "abc", count: 40 << 20))
        let plain = tar.finished
        let bytes = try packed(plain, "zstd", "--long=27")
        let error = #expect(throws: LayerRefusal.self) { try fixture.unpack(bytes, encoding: "zstd", plain: plain) }
        #expect(error?.reason.contains("limit of \(32 << 20) bytes") == true)
        var limits = UnpackLimits(.window, 128 << 20)
        try limits.set(.ratio, to: 1_000_000)
        #expect(try fixture.unpack(bytes, encoding: "zstd", plain: plain, limits: limits).entries == 1)
    }

    @Test("what is lent to the pipe stays as it is until it is read", arguments: ["gzip", "zstd"])
    func lent(_ encoding: String) throws {
        var generator = SystemRandomNumberGenerator()
        let plain = Array((0..<(1 << 20)).flatMap { _ in withUnsafeBytes(of: generator.next() as UInt64, Array.init) })
        let blob = try fixture.scratch.write(try packed(plain, encoding), to: "blob")
        let length = try #require(FileManager.default.attributesOfItem(atPath: blob)[.size] as? Int)
        let inflater = try Inflater(encoding, length: length, input: try #require(FileHandle(forReadingAtPath: blob)))
        // As the launcher makes it: as much lies in it as ever may, and then the next place is filled.
        let reader = inflater.output.fileHandleForReading
        #expect(fcntl(reader.fileDescriptor, 1031, 1 << 20) == 1 << 20)
        var found: [UInt8] = []
        while let part = try reader.read(upToCount: 300_000), !part.isEmpty {
            found += part
            usleep(10_000)
        }
        #expect(found == plain)
        #expect(try inflater.refusal() == nil)
    }

    /// It has read and written by then, so it has given up every other call.
    @Test func itGivesUpAllCallsButReadingAndWriting() throws {
        // As much as is handed on at once.
        let plain = [UInt8](repeating: 1, count: 256 << 10)
        let first = try packed(plain, "gzip")
        let input = Pipe()
        let inflater = try Inflater("gzip", length: first.count + 1, input: input)
        try input.fileHandleForWriting.write(contentsOf: Data(first))
        #expect(try inflater.output.fileHandleForReading.read(upToCount: plain.count) == Data(plain))
        let status = try String(contentsOfFile: "/proc/\(inflater.process.processIdentifier)/status", encoding: .utf8)
        #expect(status.contains("Seccomp:\t2"))
        #expect(status.contains("NoNewPrivs:\t1"))
        try input.fileHandleForWriting.close()
        #expect(try inflater.refusal() == "the blob ends 1 bytes before the layer does")
    }
}
