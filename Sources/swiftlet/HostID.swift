// SPDX-License-Identifier: Apache-2.0
import Glibc

/// The file `host.id` of the state directory: who this host is among those of its cluster. Made once; not to be copied to another host.
enum HostID {
    static func read(in folder: String) throws -> String {
        let path = folder + "/host.id"
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        if descriptor < 0, errno == ENOENT {
            let id = String(UInt64.random(in: .min ... .max), radix: 16)
            try WholeFile.write("\(id)\n", at: path)
            return id
        }
        guard descriptor >= 0 else { throw CommandFailure("cannot read \(path): \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        let id = String(decoding: bytes[..<max(0, count)].filter { $0 > 32 }, as: UTF8.self)
        guard !id.isEmpty, id.utf8.count <= 16, id.allSatisfy(\.isHexDigit) else {
            throw CommandFailure("\(path) holds no id; remove it to have a new one made")
        }
        return id
    }

    /// Names the time since the machine's last start. Source: proc_sys_kernel(5).
    static func boot() throws -> String {
        let path = "/proc/sys/kernel/random/boot_id"
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw CommandFailure("cannot read \(path): \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        let id = String(decoding: bytes[..<max(0, count)].filter { $0 > 32 }, as: UTF8.self)
        guard !id.isEmpty, id.allSatisfy({ $0.isHexDigit || $0 == "-" }) else { throw CommandFailure("\(path) holds no id") }
        return id
    }
}

/// Writes a file whole or not at all: under another name, synced, renamed.
enum WholeFile {
    static func write(_ text: String, at path: String) throws {
        let temporary = path + ".new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw CommandFailure("cannot make \(temporary): \(String(cString: strerror(errno)))") }
        let bytes = Array(text.utf8)
        let isWritten = Glibc.write(descriptor, bytes, bytes.count) == bytes.count && fsync(descriptor) == 0
        close(descriptor)
        guard isWritten, rename(temporary, path) == 0 else {
            throw CommandFailure("cannot write \(path): \(String(cString: strerror(errno)))")
        }
    }
}
