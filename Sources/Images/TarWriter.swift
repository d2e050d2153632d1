// SPDX-License-Identifier: Apache-2.0

/// What a member of a tar is, for writing.
struct TarMember {
    enum Kind {
        case file(size: UInt64)
        case folder
        case link(target: [UInt8])
        case hardLink(target: [UInt8])
    }

    /// Without a leading slash.
    var path: [UInt8]
    var kind: Kind
    var mode: UInt32 = 0o644
    var user: UInt32 = 0
    var group: UInt32 = 0
    /// Unix time in seconds.
    var time: Int64 = 0
    /// Extended attributes, sorted by name.
    var attributes: [(name: [UInt8], value: [UInt8])] = []
}

/// Headers of a tar in the pax format. What does not fit the old header goes into an extended one. Source: POSIX.1-2017, pax.
enum TarWriter {
    /// The header blocks of a member; its content follows, padded by ``padding(_:)``.
    static func header(_ member: TarMember) -> [UInt8] {
        var records: [UInt8] = []
        var path = member.path
        if case .folder = member.kind { path.append(UInt8(ascii: "/")) }
        if path.count > 100 || !path.allSatisfy({ $0 < 128 }) { records += record("path", path) }
        var target: [UInt8] = []
        var size: UInt64 = 0
        let type: UInt8
        switch member.kind {
        case .file(let bytes): (type, size) = (UInt8(ascii: "0"), bytes)
        case .hardLink(let other): (type, target) = (UInt8(ascii: "1"), other)
        case .link(let other): (type, target) = (UInt8(ascii: "2"), other)
        case .folder: type = UInt8(ascii: "5")
        }
        if target.count > 100 || !target.allSatisfy({ $0 < 128 }) { records += record("linkpath", target) }
        if size > 0o77777777777 { records += record("size", Array("\(size)".utf8)) }
        if member.user > 0o7777777 { records += record("uid", Array("\(member.user)".utf8)) }
        if member.group > 0o7777777 { records += record("gid", Array("\(member.group)".utf8)) }
        if !(0...0o77777777777).contains(member.time) { records += record("mtime", Array("\(member.time)".utf8)) }
        for attribute in member.attributes {
            records += record("SCHILY.xattr." + String(decoding: attribute.name, as: UTF8.self), attribute.value)
        }
        let plain = block(path: path, target: target, type: type, size: size, member)
        if records.isEmpty { return plain }
        let extended = TarMember(path: Array("PaxHeaders/entry".utf8), kind: .file(size: 0))
        return block(path: extended.path, target: [], type: UInt8(ascii: "x"), size: UInt64(records.count), extended) + records
            + padding(UInt64(records.count)) + plain
    }

    /// The zeros that bring a content of `size` bytes to a whole block.
    static func padding(_ size: UInt64) -> [UInt8] { [UInt8](repeating: 0, count: Int((512 - size % 512) % 512)) }

    /// What ends an archive.
    static let end = [UInt8](repeating: 0, count: 1024)

    private static func record(_ key: String, _ value: [UInt8]) -> [UInt8] {
        let body = [UInt8(ascii: " ")] + Array(key.utf8) + [UInt8(ascii: "=")] + value + [UInt8(ascii: "\n")]
        // The length counts its own digits.
        var length = body.count
        while "\(length)".utf8.count + body.count != length { length = "\(length)".utf8.count + body.count }
        return Array("\(length)".utf8) + body
    }

    private static func block(path: [UInt8], target: [UInt8], type: UInt8, size: UInt64, _ member: TarMember) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: 512)
        func put(_ bytes: some Collection<UInt8>, at place: Int, room: Int) {
            for (index, byte) in bytes.prefix(room).enumerated() { block[place + index] = byte }
        }
        func put(octal value: UInt64, at place: Int, digits: Int) {
            let text = String(value, radix: 8)
            put((String(repeating: "0", count: max(0, digits - text.count)) + text).utf8.suffix(digits), at: place, room: digits)
        }
        put(path, at: 0, room: 100)
        put(octal: UInt64(member.mode & 0o7777), at: 100, digits: 7)
        put(octal: UInt64(min(member.user, 0o7777777)), at: 108, digits: 7)
        put(octal: UInt64(min(member.group, 0o7777777)), at: 116, digits: 7)
        put(octal: min(size, 0o77777777777), at: 124, digits: 11)
        put(octal: UInt64(min(max(member.time, 0), 0o77777777777)), at: 136, digits: 11)
        put([UInt8](repeating: 32, count: 8), at: 148, room: 8)
        block[156] = type
        put(target, at: 157, room: 100)
        put("ustar\u{0}00".utf8, at: 257, room: 8)
        put(octal: UInt64(block.reduce(0) { $0 + Int($1) }), at: 148, digits: 6)
        block[154] = 0
        return block
    }
}
