// SPDX-License-Identifier: Apache-2.0

/// Writes any tar at all, sound or hostile, byte by byte: tests must not be held back by a library's good manners.
public struct TarBuilder {
    public private(set) var bytes: [UInt8] = []

    public init() {}

    /// - Parameters:
    ///   - type: the type flag: `0` file, `1` hard link, `2` symbolic link, `3` and `4` devices, `5` folder, `6` fifo.
    ///   - size: what the header promises; nil promises the content's own.
    ///   - records: pax records for this entry.
    public mutating func add(
        _ name: String, type: Character = "0", _ content: String = "", link: String = "", mode: Int = 0o644, user: Int = 0, group: Int = 0,
        time: Int = 0, size: Int? = nil, records: [(String, [UInt8])] = []
    ) {
        if !records.isEmpty {
            let body = records.flatMap { Self.record($0.0, $0.1) }
            put(name: Array("PaxHeaders/x".utf8), type: "x", size: body.count, link: [], mode: 0o644, user: 0, group: 0, time: 0)
            append(body)
        }
        let content = Array(content.utf8)
        put(
            name: Array(name.utf8), type: type, size: size ?? content.count, link: Array(link.utf8), mode: mode, user: user, group: group,
            time: time)
        append(content)
    }

    /// A file of any bytes.
    public mutating func add(_ name: String, bytes: [UInt8]) {
        put(name: Array(name.utf8), type: "0", size: bytes.count, link: [], mode: 0o644, user: 0, group: 0, time: 0)
        append(bytes)
    }

    public mutating func folder(_ name: String, mode: Int = 0o755, time: Int = 0) { add(name, type: "5", mode: mode, time: time) }
    public mutating func link(_ name: String, to target: String) { add(name, type: "2", link: target, mode: 0o777) }
    public mutating func hardLink(_ name: String, to target: String) { add(name, type: "1", link: target) }

    /// Bytes as they are, padded to a whole block.
    public mutating func append(_ raw: [UInt8]) {
        bytes += raw + [UInt8](repeating: 0, count: (512 - raw.count % 512) % 512)
    }

    /// The archive with its end.
    public var finished: [UInt8] { bytes + [UInt8](repeating: 0, count: 1024) }

    public static func record(_ key: String, _ value: [UInt8]) -> [UInt8] {
        let body = [UInt8(ascii: " ")] + Array(key.utf8) + [UInt8(ascii: "=")] + value + [UInt8(ascii: "\n")]
        var length = body.count
        while "\(length)".utf8.count + body.count != length { length = "\(length)".utf8.count + body.count }
        return Array("\(length)".utf8) + body
    }

    private mutating func put(name: [UInt8], type: Character, size: Int, link: [UInt8], mode: Int, user: Int, group: Int, time: Int) {
        var block = [UInt8](repeating: 0, count: 512)
        func set(_ bytes: [UInt8], _ place: Int) { block.replaceSubrange(place..<(place + bytes.count), with: bytes) }
        func octal(_ value: Int, _ digits: Int) -> [UInt8] {
            let text = String(value, radix: 8)
            return Array((String(repeating: "0", count: max(0, digits - text.count)) + text).utf8.suffix(digits))
        }
        set(Array(name.prefix(100)), 0)
        set(octal(mode, 7), 100)
        set(octal(user, 7), 108)
        set(octal(group, 7), 116)
        set(octal(size, 11), 124)
        set(octal(time, 11), 136)
        set([UInt8](repeating: 32, count: 8), 148)
        set(Array(String(type).utf8), 156)
        set(Array(link.prefix(100)), 157)
        set(Array("ustar\u{0}00".utf8), 257)
        set(octal(block.reduce(0) { $0 + Int($1) }, 6) + [0], 148)
        bytes += block
    }
}
