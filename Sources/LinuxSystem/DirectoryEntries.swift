// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The names in a folder, without `.` and `..`. Names that are not UTF-8 are repaired and will not be found again: use on our own folders only.
public func directoryEntries(_ directory: borrowing Descriptor) throws(SystemCallError) -> [String] {
    try rawDirectoryEntries(directory.number).map { $0.withUnsafeBufferPointer { String(cString: $0.baseAddress!) } }
}

/// The names in a folder byte for byte, each with its final zero, without `.` and `..`.
///
/// - Parameter directory: an open folder; its read position stays as it is.
public func rawDirectoryEntries(_ directory: CInt) throws(SystemCallError) -> [[CChar]] {
    let number = try systemCall("openat .") { openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    guard let stream = fdopendir(number) else {
        let reason = errno
        close(number)
        throw SystemCallError(call: "fdopendir", errno: reason)
    }
    defer { closedir(stream) }
    let nameOffset = MemoryLayout<dirent>.offset(of: \dirent.d_name) ?? 0
    var names: [[CChar]] = []
    while true {
        errno = 0
        guard let entry = readdir(stream) else {
            if errno != 0 { throw SystemCallError(call: "readdir", errno: errno) }
            return names
        }
        let start = (UnsafeRawPointer(entry) + nameOffset).assumingMemoryBound(to: CChar.self)
        let name = Array(UnsafeBufferPointer(start: start, count: strlen(start) + 1))
        if name != [46, 0], name != [46, 46, 0] { names.append(name) }
    }
}
