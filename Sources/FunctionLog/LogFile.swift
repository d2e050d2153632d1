// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The open end of one function's log. Its calls block: they belong on a thread that may wait for the disk. Whoever opened it closes it.
struct LogFile {
    private let directory: LogDirectory
    private let rotation: LogRotation
    private var descriptor: CInt
    private var size: Int
    /// Numbers of the frames that stand in the file.
    private var frames: Set<UInt32> = []

    init(directory: LogDirectory, rotation: LogRotation) throws(LogFileError) {
        self.directory = directory
        self.rotation = rotation
        try directory.make()
        (descriptor, size) = try Self.open(directory)
    }

    func close() { Glibc.close(descriptor) }

    /// Appends whole lines, and begins a new file where the next line would not fit. A file holds at least one line.
    ///
    /// - Parameter frames: those that marks among the lines need; each file gets its own.
    mutating func append(_ lines: [UInt8], _ frames: [PlatformFrame]) throws(LogFileError) {
        noticeTruncation()
        var rest = lines[...]
        while let firstEnd = rest.firstIndex(of: 10) {
            let room = max(0, rotation.fileSize - size - missing(frames).reduce(0) { $0 + $1.line.count })
            var end = firstEnd
            if rest.count <= room { end = rest.endIndex - 1 } else if let last = rest.prefix(room).lastIndex(of: 10) { end = last }
            if size > 0, end + 1 - rest.startIndex > room { try rotate() }
            let missing = missing(frames)
            // Together, so that both are taken back where the disk is full.
            try write(missing.isEmpty ? rest[...end] : missing.flatMap(\.line) + rest[...end])
            self.frames.formUnion(missing.map(\.number))
            rest = rest[(end + 1)...]
        }
    }

    /// Somebody may have emptied the file to make room.
    private mutating func noticeTruncation() {
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_size < size else { return }
        (size, frames) = (Int(status.st_size), [])
    }

    private func missing(_ needed: [PlatformFrame]) -> [PlatformFrame] { needed.filter { !frames.contains($0.number) } }

    /// Where the disk takes only a part, that part is taken back, so that the file always holds whole lines.
    private mutating func write(_ bytes: ArraySlice<UInt8>) throws(LogFileError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                let failure = LogFileError(operation: "write", path: directory.current, errno: errno)
                if rest.count < bytes.count, ftruncate(descriptor, off_t(size)) != 0 { size += bytes.count - rest.count }
                throw failure
            }
            rest = rest.dropFirst(count)
        }
        size += bytes.count
    }

    private mutating func rotate() throws(LogFileError) {
        try directory.rotate(keeping: rotation.files)
        let (fresh, freshSize) = try Self.open(directory)
        close()
        descriptor = fresh
        size = freshSize
        frames = []
    }

    private static func open(_ directory: LogDirectory) throws(LogFileError) -> (CInt, Int) {
        let descriptor = Glibc.open(directory.current, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw LogFileError(operation: "open", path: directory.current, errno: errno) }
        var size = Int(lseek(descriptor, 0, SEEK_END))
        // A host that was killed in the middle of a write left half a line: the next one must not be glued to it.
        var last: UInt8 = 10
        if size > 0, pread(descriptor, &last, 1, off_t(size - 1)) == 1, last != 10 {
            last = 10
            size += max(0, Glibc.write(descriptor, &last, 1))
        }
        return (descriptor, size)
    }
}
