// SPDX-License-Identifier: Apache-2.0
import Glibc

/// How large the log of one function may grow on disk.
public struct LogRotation: Hashable, Sendable {
    /// Bytes after which the current file is put aside.
    public var fileSize: Int
    /// Files kept, the current one included; at least 2.
    public var files: Int

    public init(fileSize: Int = 10 << 20, files: Int = 5) {
        self.fileSize = fileSize
        self.files = max(2, files)
    }
}

/// A failed operation on a log file.
public struct LogFileError: Error, Hashable, Sendable, CustomStringConvertible {
    public var operation: String
    public var path: String
    public var errno: Int32

    public var description: String { "cannot \(operation) \(path): \(String(cString: strerror(errno)))" }
}

/// The folder of one function's log: `current.log`, and older files named by a number that only grows, so that a reader
/// that lags behind can tell which file follows its own.
struct LogDirectory: Sendable {
    static let currentName = "current.log"
    let path: String

    var current: String { "\(path)/\(Self.currentName)" }
    func old(_ number: Int) -> String {
        let digits = String(number)
        return "\(path)/\(String(repeating: "0", count: max(0, 8 - digits.count)))\(digits).log"
    }

    /// Makes the folder where it is missing, with the folder above it.
    func make() throws(LogFileError) {
        let parent = path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex)
        for folder in [String(parent), path] where mkdir(folder, 0o700) != 0 && errno != EEXIST {
            throw LogFileError(operation: "make the folder", path: folder, errno: errno)
        }
    }

    /// Numbers of the files put aside, oldest first; none where the folder does not exist.
    func numbers() throws(LogFileError) -> [Int] {
        guard let folder = opendir(path) else {
            guard errno == ENOENT else { throw LogFileError(operation: "list", path: path, errno: errno) }
            return []
        }
        defer { closedir(folder) }
        var found: [Int] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if name.hasSuffix(".log"), let number = Int(name.dropLast(4)) { found.append(number) }
        }
        return found.sorted()
    }

    /// Puts the current file aside under the next number, and removes the oldest beyond `keeping` files.
    func rotate(keeping files: Int) throws(LogFileError) {
        let numbers = try numbers()
        let next = (numbers.last ?? 0) + 1
        guard rename(current, old(next)) == 0 || errno == ENOENT else {
            throw LogFileError(operation: "put aside", path: current, errno: errno)
        }
        for number in (numbers + [next]).dropLast(files - 1) where unlink(old(number)) != 0 && errno != ENOENT {
            throw LogFileError(operation: "remove", path: old(number), errno: errno)
        }
    }

    /// Removes the whole log. One that is not there is no error.
    func remove() throws(LogFileError) {
        for file in try numbers().map(old) + [current] where unlink(file) != 0 && errno != ENOENT {
            throw LogFileError(operation: "remove", path: file, errno: errno)
        }
        guard rmdir(path) == 0 || errno == ENOENT else { throw LogFileError(operation: "remove", path: path, errno: errno) }
    }
}
