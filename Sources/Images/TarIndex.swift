// SPDX-License-Identifier: Apache-2.0
import FunctionModel

/// Where each member of an image archive lies. It reads headers only, in Swift and strictly: the outer tar is read by the daemon itself,
/// so no C parser sees its bytes, and what two readers might take for different things is refused.
struct TarIndex {
    struct Member: Hashable {
        var offset: UInt64
        var size: UInt64
    }

    private enum Entry {
        case file(Member)
        case link(String)
    }

    /// Bytes of an extended header.
    static let extendedLimit: UInt64 = 1 << 20

    private var entries: [String: Entry] = [:]
    /// Of each member that was read from a whole archive, in order: the bytes from its first header to its padding, and of its content.
    private(set) var spans: [(place: Range<UInt64>, size: UInt64)] = []

    init() {}

    /// - Parameters:
    ///   - length: bytes of the archive.
    ///   - read: gives bytes of the archive from an offset on.
    init(length: UInt64, memberLimit: Int, read: (UInt64, Int) throws -> [UInt8]) throws {
        var position: UInt64 = 0
        var start: UInt64 = 0
        var override = PaxRecords()
        var members = 0
        while position + UInt64(TarHeader.size) <= length {
            guard var header = try TarHeader(try read(position, TarHeader.size), at: position) else { return }
            members += 1
            guard members <= memberLimit else {
                throw ServiceError.invalidImage("the archive has more than the limit of \(memberLimit) members")
            }
            position += UInt64(TarHeader.size)
            if let size = override.size, !Self.isOverride(header.kind) { header.bytes = size }
            guard header.bytes <= length - position else {
                throw ServiceError.invalidImage("the archive ends in the middle of '\(printable(header.name))'; was it copied whole?")
            }
            if Self.isExtended(header.kind) {
                guard header.bytes <= Self.extendedLimit else {
                    throw ServiceError.invalidImage("a header in the archive is larger than the limit of 1 MiB")
                }
                if header.kind != UInt8(ascii: "g") { try override.add(try read(position, Int(header.bytes)), kind: header.kind) }
            } else {
                try add(header, override, at: position)
                override = PaxRecords()
            }
            let padded = header.bytes + (512 - header.bytes % 512) % 512
            guard padded <= length - position else { return }
            position += padded
            if !Self.isExtended(header.kind) {
                spans.append((start..<position, header.bytes))
                start = position
            }
        }
    }

    /// Whether a header says something of the member that follows it.
    static func isOverride(_ kind: UInt8) -> Bool { [UInt8(ascii: "x"), UInt8(ascii: "L"), UInt8(ascii: "K")].contains(kind) }
    /// Whether a header's content is of the tar itself; `g` speaks of all that follows, and of nothing that is needed.
    static func isExtended(_ kind: UInt8) -> Bool { isOverride(kind) || kind == UInt8(ascii: "g") }

    /// Takes a member in.
    ///
    /// - Parameter position: where its content begins.
    /// - Returns: its path; nil for a folder, which is not kept.
    @discardableResult
    mutating func add(_ header: TarHeader, _ override: PaxRecords, at position: UInt64) throws -> String? {
        let name = Self.normal(override.path ?? header.name)
        let entry: Entry
        switch header.kind {
        case UInt8(ascii: "0"), 0, UInt8(ascii: "7"): entry = .file(Member(offset: position, size: header.bytes))
        // A hard link's target counts from the archive's root, a symbolic link's from the folder it is in.
        case UInt8(ascii: "1"): entry = .link(Self.normal(override.linkPath ?? header.linkTarget))
        case UInt8(ascii: "2"):
            entry = .link(
                Self.normal(name.split(separator: "/").dropLast().joined(separator: "/") + "/" + (override.linkPath ?? header.linkTarget)))
        case UInt8(ascii: "5"): return nil
        default: throw ServiceError.invalidImage("the archive's member '\(printable(name))' is neither a file, a folder nor a link")
        }
        guard !name.isEmpty, entries.updateValue(entry, forKey: name) == nil else {
            throw ServiceError.invalidImage("the archive has '\(printable(name))' twice; which of the two is meant?")
        }
        return name
    }

    /// The file with this path, links followed.
    subscript(path: String) -> Member? {
        var name = Self.normal(path)
        for _ in 0..<8 {
            switch entries[name] {
            case .file(let member): return member
            case .link(let target): name = target
            case nil: return nil
            }
        }
        return nil
    }

    /// All paths, sorted.
    var paths: [String] { entries.keys.sorted() }

    /// A path without `.`, `..` and slashes at its ends. `..` at the top stays at the top.
    static func normal(_ path: String) -> String {
        var parts: [Substring] = []
        for part in path.split(separator: "/") where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return parts.joined(separator: "/")
    }
}

/// What extended headers say of the next member. Sources: POSIX.1-2017, pax, "pax Extended Header"; GNU tar's `L` and `K`.
struct PaxRecords {
    var path: String?
    var linkPath: String?
    var size: UInt64?

    mutating func add(_ bytes: [UInt8], kind: UInt8) throws {
        switch kind {
        case UInt8(ascii: "L"): path = TarHeader.text(bytes[...])
        case UInt8(ascii: "K"): linkPath = TarHeader.text(bytes[...])
        default: try add(records: bytes)
        }
    }

    /// `LENGTH KEY=VALUE\n`, the length counting itself.
    private mutating func add(records: [UInt8]) throws {
        var rest = records[...]
        let damaged = ServiceError.invalidImage("an extended header in the archive is damaged")
        while !rest.isEmpty {
            let digits = rest.prefix { $0 != 32 }
            guard let length = Int(String(decoding: digits, as: UTF8.self)), length > digits.count + 2, length <= rest.count,
                rest[rest.startIndex + length - 1] == 10
            else { throw damaged }
            let record = rest[(rest.startIndex + digits.count + 1)..<(rest.startIndex + length - 1)]
            guard let equals = record.firstIndex(of: UInt8(ascii: "=")) else { throw damaged }
            let value = String(decoding: record[(equals + 1)...], as: UTF8.self)
            switch String(decoding: record[..<equals], as: UTF8.self) {
            case "path": path = value
            case "linkpath": linkPath = value
            case "size":
                guard let number = UInt64(value), number <= UInt64(Int64.max) else { throw damaged }
                size = number
            default: break
            }
            rest = rest[(rest.startIndex + length)...]
        }
    }
}

/// A name from an archive for an error: short, and nothing that would upset a terminal.
func printable(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.prefix(200).map { $0.value < 32 || (127..<160).contains($0.value) ? "?" : $0 }))
}
