// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Glibc

/// What all lines about one instance itself have in common, made once as JSON.
struct PlatformFrame: Sendable {
    private static let front = Array(#"{"time":""#.utf8)

    /// From behind the time to before the request's id.
    private let middle: [UInt8]

    init(version: String, instance: InstanceID) {
        let line = LogLine(time: "", stream: .platform, version: version, instance: instance, request: nil, message: "")
        var bytes: [UInt8] = []
        line.write(to: &bytes)
        middle = Array(bytes.dropFirst(Self.front.count).dropLast(#""message":""}"#.utf8.count + 1)) + Array(#""request":""#.utf8)
    }

    /// Appends the bytes that ``LogLine/write(to:)`` makes of the whole; `words` have nothing to escape. It runs twice a call.
    func write(_ time: [UInt8], _ words: StaticString, _ request: UnsafeRawBufferPointer, to bytes: inout [UInt8]) {
        if Self.isPlain(request) { return write(time, words, plain: request, to: &bytes) }
        var escaped: [UInt8] = []
        for byte in request { LogLine.writeEscaped(byte, to: &escaped) }
        escaped.withUnsafeBytes { write(time, words, plain: $0, to: &bytes) }
    }

    private func write(_ time: [UInt8], _ words: StaticString, plain id: UnsafeRawBufferPointer, to bytes: inout [UInt8]) {
        let (between, end): (StaticString, StaticString) = (#"","message":""#, "\"}\n")
        let count =
            Self.front.count + time.count + middle.count + 2 * id.count + between.utf8CodeUnitCount + words.utf8CodeUnitCount
            + end.utf8CodeUnitCount
        // Put together first: each piece that is appended to an array by itself costs more than its copy.
        withUnsafeTemporaryAllocation(byteCount: count, alignment: 1) { line in
            var at = 0
            func put(_ start: UnsafeRawPointer?, _ count: Int) {
                guard let start, let base = line.baseAddress else { return }
                memcpy(base + at, start, count)
                at += count
            }
            Self.front.withUnsafeBytes { put($0.baseAddress, $0.count) }
            time.withUnsafeBytes { put($0.baseAddress, $0.count) }
            middle.withUnsafeBytes { put($0.baseAddress, $0.count) }
            put(id.baseAddress, id.count)
            put(between.utf8Start, between.utf8CodeUnitCount)
            put(words.utf8Start, words.utf8CodeUnitCount)
            put(id.baseAddress, id.count)
            put(end.utf8Start, end.utf8CodeUnitCount)
            bytes.append(contentsOf: UnsafeRawBufferPointer(line))
        }
    }

    /// An id consists of visible characters, so only these two are escaped.
    private static func isPlain(_ id: UnsafeRawBufferPointer) -> Bool {
        guard let start = id.baseAddress else { return true }
        return memchr(start, CInt(UInt8(ascii: "\"")), id.count) == nil && memchr(start, CInt(UInt8(ascii: "\\")), id.count) == nil
    }
}
