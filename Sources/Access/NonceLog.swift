// SPDX-License-Identifier: Apache-2.0
internal import Glibc
internal import LinuxSystem
internal import Synchronization

/// The nonces that were taken, on disk, so that a host which was started anew knows those that could still be sent again.
///
/// A file for each quarter of an hour of the requests' dates, 24 bytes a nonce, appended before the request goes on. It is not synced: what a process
/// wrote survives its end. A crash of the machine may lose the last of them, so behind a start of the machine, which the name of the folder tells (the
/// kernel's boot id), requests from before are refused. One that was dated ahead, and lost by a crash, could be sent again once its date has come.
public final class NonceLog: Sendable {
    /// What a host knows when it starts.
    public struct Memory: Sendable {
        public var marks: [NonceMark] = []
        /// Seconds of Unix time. What was taken before the machine's last start is not known for sure: requests dated before this are refused.
        public var floor: Int64?

        public init() {}
    }

    private static let markBytes = 24
    /// Holds the floor; beside it lie the marks, by the number of their quarter of an hour.
    private static let floorName = "floor"
    private static let unfinished = "new"

    private struct Files {
        var open: [Int64: Descriptor.Box] = [:]
        var hasFailed = false
    }

    private let folder: Descriptor.Box
    private let files = Mutex(Files())
    private let report: @Sendable (any Error) -> Void

    /// - Parameters:
    ///   - data: the data directory; the folder in it is `nonces`.
    ///   - boot: names the time since the machine's last start.
    ///   - now: seconds of Unix time.
    ///   - report: told of the first write that fails; the nonces are then known only until the host ends.
    /// - Returns: the log, and what it knows.
    /// - Throws: `SystemCallError`.
    public static func open(
        data: String, boot: String, now: Int64, report: @escaping @Sendable (any Error) -> Void
    ) throws -> (log: NonceLog, memory: Memory) {
        let root = try openDirectory(currentDirectory, data)
        try makeDirectory(root.number, "nonces", mode: 0o700)
        let all = try openDirectory(root.number, "nonces")
        let others = try directoryEntries(all).filter { $0 != boot && $0 != unfinished }
        if try !directoryEntries(all).contains(boot) {
            try removeTree(all.number, unfinished)
            try makeDirectory(all.number, unfinished, mode: 0o700)
            let new = NonceLog(Descriptor.Box(try openDirectory(all.number, unfinished)), report)
            for other in others {
                let folder = try openDirectory(all.number, other)
                for mark in try marks(in: folder, now) { try new.write(mark) }
            }
            // On a host that is new nothing was taken, and nobody need be refused.
            if !others.isEmpty {
                let file = try openAt(new.folder.number, floorName, flags: O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
                try file.writeAll(String(now))
            }
            try rename(all.number, unfinished, to: all.number, boot)
        }
        for other in others { try removeTree(all.number, other) }
        let log = NonceLog(Descriptor.Box(try openDirectory(all.number, boot)), report)
        try log.forget(now)
        var memory = Memory()
        memory.marks = try marks(in: log.folder.descriptor, now)
        memory.floor = try log.floor()
        return (log, memory)
    }

    /// Marks a data directory that comes from elsewhere, so that the host which starts on it refuses what is dated before.
    ///
    /// - Throws: `SystemCallError`.
    public static func disown(data: String) throws {
        let root = try openDirectory(currentDirectory, data)
        try makeDirectory(root.number, "nonces", mode: 0o700)
        let all = try openDirectory(root.number, "nonces")
        try makeDirectory(all.number, "elsewhere", mode: 0o700)
    }

    private init(_ folder: Descriptor.Box, _ report: @escaping @Sendable (any Error) -> Void) {
        self.folder = folder
        self.report = report
    }

    /// Writes one down. It goes to the page cache and waits for no disk.
    public func append(_ mark: NonceMark, now: Int64) {
        do {
            if try write(mark) { try forget(now) }
        } catch {
            let isFirst = files.withLock { files in
                defer { files.hasFailed = true }
                return !files.hasFailed
            }
            if isFirst { report(error) }
        }
    }

    /// - Returns: whether a file was opened for it.
    @discardableResult private func write(_ mark: NonceMark) throws(SystemCallError) -> Bool {
        let slot = NonceSlot(date: mark.date)
        return try files.withLock { files throws(SystemCallError) -> Bool in
            let known = files.open[slot.number]
            let file = if let known { known } else { try open(slot) }
            files.open[slot.number] = file
            var words = (mark.date.littleEndian, mark.high.littleEndian, mark.low.littleEndian)
            do throws(SystemCallError) {
                try withUnsafeBytes(of: &words) { bytes throws(SystemCallError) in try file.descriptor.writeAll(bytes) }
            } catch {
                // Perhaps a part of it was written: who opens the file again cuts that off.
                files.open[slot.number] = nil
                throw error
            }
            return known == nil
        }
    }

    private func open(_ slot: NonceSlot) throws(SystemCallError) -> Descriptor.Box {
        let file = Descriptor.Box(
            try openAt(folder.number, slot.name, flags: O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, mode: 0o600))
        var facts = stat()
        try systemCall("fstat") { fstat(file.number, &facts) }
        let whole = facts.st_size / Self.markBytes * Self.markBytes
        if facts.st_size != whole { try systemCall("ftruncate") { ftruncate(file.number, whole) } }
        return file
    }

    /// Removes the files whose dates alone are refused by now.
    private func forget(_ now: Int64) throws {
        for slot in try directoryEntries(folder.descriptor).compactMap(NonceSlot.init(name:)) where slot.isOver(now) {
            files.withLock { $0.open[slot.number] = nil }
            try removeFile(folder.number, slot.name)
        }
    }

    private func floor() throws(SystemCallError) -> Int64? {
        do {
            let file = try openAt(folder.number, Self.floorName, flags: O_RDONLY | O_NOFOLLOW)
            return Int64(String(decoding: try file.readAll(limit: 64) ?? [], as: UTF8.self))
        } catch {
            if error.errno == ENOENT { return nil }
            throw error
        }
    }

    /// All marks of a folder that could be sent again. A last one that was cut off belongs to a request that was not answered.
    private static func marks(in folder: borrowing Descriptor, _ now: Int64) throws(SystemCallError) -> [NonceMark] {
        var marks: [NonceMark] = []
        for slot in try directoryEntries(folder).compactMap(NonceSlot.init(name:)) where !slot.isOver(now) {
            let file = try openAt(folder.number, slot.name, flags: O_RDONLY | O_NOFOLLOW)
            let bytes = try file.readAll(limit: .max - 1) ?? []
            for start in stride(from: 0, through: bytes.count - markBytes, by: markBytes) {
                let words = bytes[start..<start + markBytes].withUnsafeBytes { bytes in
                    (0..<3).map { UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self)) }
                }
                marks.append(NonceMark(date: Int64(bitPattern: words[0]), high: words[1], low: words[2]))
            }
        }
        return marks
    }
}

/// A quarter of an hour of dates, whose nonces share a file.
private struct NonceSlot {
    private static let seconds: Int64 = 15 * 60

    let number: Int64
    var name: String { String(number) }

    init(date: Int64) { number = date / Self.seconds }

    init?(name: String) {
        guard let number = Int64(name) else { return nil }
        self.number = number
    }

    /// Whether its dates alone have requests refused by now.
    func isOver(_ now: Int64) -> Bool { (number + 1) * Self.seconds + NonceWindow.skew < now }
}
