// SPDX-License-Identifier: Apache-2.0
import Glibc
import LinuxSystem

/// Which pages of files some processes have touched through mappings, whether or not they were in memory before: what the processes' own page tables say.
struct MappedPages {
    /// Whether each page is in use, by path; of files with a mapping only.
    private(set) var pages: [String: [Bool]] = [:]
    private let counts: [String: Int]
    /// Pages that may still be looked at; the tables of a process have no bound of their own.
    private var budget = 1 << 20
    /// Pages that may still be noted: one file can have thousands of names.
    private var room = 1 << 20
    /// Bytes of tables of mappings that may still be read: of one process, and of all.
    private static let mostText = 1 << 20
    private var text = 8 << 20

    /// - Parameter sizes: bytes of the files that are asked for, by path.
    init(sizes: [String: UInt64]) {
        let most = UInt64(1 << 18)  // A gigabyte of one file.
        counts = sizes.mapValues { Int(min(most, ($0 + UInt64(LayerFiles.pageSize) - 1) / UInt64(LayerFiles.pageSize))) }
    }

    /// Adds what a process has; one that has ended adds nothing, and neither does one with more mappings than an ordinary program has.
    ///
    /// - Parameters:
    ///   - maps: its `maps` of proc(5), from the beginning.
    ///   - table: its `pagemap`.
    mutating func add(_ maps: borrowing Descriptor, table: CInt) {
        let most = min(Self.mostText, text)
        guard most > 0, let bytes = try? maps.readAll(limit: most) else {
            text -= most
            return
        }
        text -= bytes.count
        for line in bytes.split(separator: 10) { if let mapping = Mapping(line) { add(mapping, table) } }
    }

    private mutating func add(_ mapping: Mapping, _ table: CInt) {
        guard let known = counts[mapping.path], pages[mapping.path] != nil || known <= room else { return }
        let first = Int(mapping.offset / UInt64(LayerFiles.pageSize))
        let count = min(Int((mapping.end - mapping.start) / UInt64(LayerFiles.pageSize)), known - first, budget)
        guard count > 0 else { return }
        budget -= count
        if pages[mapping.path] == nil {
            pages[mapping.path] = [Bool](repeating: false, count: known)
            room -= known
        }
        var entries = [UInt64](repeating: 0, count: count)
        let place = off_t(mapping.start / UInt64(LayerFiles.pageSize) * 8)
        let length = entries.withUnsafeMutableBytes { pread(table, $0.baseAddress, $0.count, place) }
        // Bit 63: the page is present. Source: Documentation/admin-guide/mm/pagemap.rst.
        for index in 0..<max(0, length / 8) where entries[index] >> 63 == 1 { pages[mapping.path]?[first + index] = true }
    }
}

/// One line of `/proc/PID/maps` that is about a file.
struct Mapping: Hashable {
    var start: UInt64
    var end: UInt64
    var offset: UInt64
    var path: String

    /// - Parameter line: `7f00-7f10 r-xp 00001000 fe:00 123   /usr/lib/x.so`
    init?(_ line: ArraySlice<UInt8>) {
        let words = line.split(separator: 32, maxSplits: 5, omittingEmptySubsequences: true)
        guard words.count == 6 else { return nil }
        let ends = words[0].split(separator: 45)
        let path = words[5].drop { $0 == 32 }
        guard ends.count == 2, let start = Self.number(ends[0]), let end = Self.number(ends[1]), start < end,
            let offset = Self.number(words[2]),
            path.first == 47
        else { return nil }
        (self.start, self.end, self.offset) = (start, end, offset)
        self.path = String(decoding: path, as: UTF8.self)
    }

    private static func number(_ text: ArraySlice<UInt8>) -> UInt64? { UInt64(String(decoding: text, as: UTF8.self), radix: 16) }
}
