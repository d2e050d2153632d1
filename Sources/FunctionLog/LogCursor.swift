// SPDX-License-Identifier: Apache-2.0
import Glibc

/// A place in one function's log that moves forward across files, also ones that were put aside meanwhile. Its calls block.
struct LogCursor {
    /// Bytes read at once.
    static let block = 64 * 1024

    private let directory: LogDirectory
    /// The file that is being read. While it is open its inode number stays its own, also after the file was removed.
    private var file: OpenFile?
    /// The start of a line whose end has not been read.
    private var partial: [UInt8] = []
    private var frames = PlatformFrames()

    private struct OpenFile {
        var descriptor: CInt
        var inode: ino_t
        var offset: Int
    }

    /// - Parameter lines: how many of the lines that are there now come first; nil for all.
    init(directory: LogDirectory, lines: Int?) throws(LogFileError) {
        self.directory = directory
        guard let lines else {
            file = try Self.open(after: nil, in: directory)
            return
        }
        var missing = lines
        var (candidate, numbers) = try Self.openCurrent(in: directory)
        while missing > 0 || file == nil {
            if var found = candidate {
                let end: LogFileEnd
                do throws(LogFileError) { end = try LogFileEnd(last: missing, of: found.descriptor, path: directory.path) } catch {
                    Glibc.close(found.descriptor)
                    close()
                    throw error
                }
                found.offset = end.start
                close()
                (file, frames) = (found, end.frames)
                missing -= end.count
            }
            guard let number = numbers.popLast() else { break }
            if missing > 0 || file == nil { candidate = try Self.open(directory.old(number)) }
        }
    }

    func close() { if let file { Glibc.close(file.descriptor) } }

    /// The next lines, up to a block of them; empty where all that there is has been read.
    mutating func next() throws(LogFileError) -> [LogLine] {
        while true {
            if file == nil {
                file = try Self.open(after: nil, in: directory)
                if file == nil { return [] }
            }
            // Looked at before the read: what was in a file when it was no longer the current one is all that it will ever hold.
            let isCurrent = try Self.inode(of: directory.current) == file?.inode
            let lines = try read()
            if let lines { return lines }
            if isCurrent { return [] }
            try moveToNextFile()
        }
    }

    /// - Returns: nil at the end of the file.
    private mutating func read() throws(LogFileError) -> [LogLine]? {
        while var open = file {
            let bytes = try Self.read(open.descriptor, at: open.offset, count: Self.block, path: directory.path)
            if bytes.isEmpty { return nil }
            open.offset += bytes.count
            file = open
            partial += bytes
            guard let end = partial.lastIndex(of: 10) else { continue }
            let lines = partial[..<end].split(separator: 10).compactMap { line($0) }
            partial.removeSubrange(...end)
            if !lines.isEmpty { return lines }
        }
        return nil
    }

    /// - Returns: nil for what is not to be shown.
    private mutating func line(_ bytes: ArraySlice<UInt8>) -> LogLine? {
        if frames.note(bytes) { return nil }
        if let line = CallMark.line(bytes, &frames) { return line }
        // Half a line, left by a host that was killed while writing: its rest is lost and it names no instance.
        do { return try LogLine(json: bytes) } catch { return nil }
    }

    private mutating func moveToNextFile() throws(LogFileError) {
        guard let old = file else { return }
        defer { Glibc.close(old.descriptor) }
        (partial, frames, file) = ([], PlatformFrames(), nil)
        file = try Self.open(after: old.inode, in: directory)
    }

    /// Opens the file that follows the one with `inode`; the oldest for nil, and where that one was removed as the oldest.
    private static func open(after inode: ino_t?, in directory: LogDirectory) throws(LogFileError) -> OpenFile? {
        while true {
            let numbers = try directory.numbers()
            var following = numbers[...]
            for (index, number) in numbers.enumerated() where try Self.inode(of: directory.old(number)) == inode {
                following = numbers[(index + 1)...]
            }
            guard let next = following.first else {
                let (current, seen) = try openCurrent(in: directory)
                // Put aside in between: what follows is now a numbered file.
                if seen == numbers { return current }
                if let current { Glibc.close(current.descriptor) }
                continue
            }
            // Missing: it was removed as the oldest one in between.
            if let file = try open(directory.old(next)) { return file }
        }
    }

    /// Opens the current file, with the numbers of all files before it.
    private static func openCurrent(in directory: LogDirectory) throws(LogFileError) -> (OpenFile?, [Int]) {
        while true {
            let numbers = try directory.numbers()
            let current = try open(directory.current)
            if try directory.numbers() == numbers { return (current, numbers) }
            if let current { Glibc.close(current.descriptor) }
        }
    }

    private static func open(_ path: String) throws(LogFileError) -> OpenFile? {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            guard errno == ENOENT else { throw LogFileError(operation: "open", path: path, errno: errno) }
            return nil
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            Glibc.close(descriptor)
            throw LogFileError(operation: "look at", path: path, errno: errno)
        }
        return OpenFile(descriptor: descriptor, inode: status.st_ino, offset: 0)
    }

    private static func inode(of path: String) throws(LogFileError) -> ino_t? {
        var status = stat()
        if lstat(path, &status) == 0 { return status.st_ino }
        guard errno == ENOENT else { throw LogFileError(operation: "look at", path: path, errno: errno) }
        return nil
    }

    static func read(_ descriptor: CInt, at offset: Int, count: Int, path: String) throws(LogFileError) -> [UInt8] {
        var failure: CInt = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, length in
            var result = -1
            repeat { result = pread(descriptor, buffer.baseAddress, count, off_t(offset)) } while result < 0 && errno == EINTR
            if result < 0 { failure = errno }
            length = max(0, result)
        }
        if failure != 0 { throw LogFileError(operation: "read", path: path, errno: failure) }
        return bytes
    }
}
