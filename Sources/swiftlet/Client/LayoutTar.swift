// SPDX-License-Identifier: Apache-2.0
import Glibc
import Images

/// A tar of a directory that holds an OCI layout: `oci-layout`, `index.json` and everything below `blobs/`.
///
/// Source: POSIX.1-2017 pax, "ustar Interchange Format"; the size beyond 8 GiB in GNU tar's base-256.
package enum LayoutTar {
    static func pieces(directory: String) throws -> [ArchivePiece] {
        var pieces: [ArchivePiece] = []
        for name in ["oci-layout", "index.json"] {
            guard let size = try size(of: "\(directory)/\(name)") else {
                throw CommandFailure(
                    "'\(directory)' is no OCI layout: it has no \(name). To make an image of a directory, use `swiftlet image pack`")
            }
            pieces += member(name, path: "\(directory)/\(name)", size: size)
        }
        // What may be a layer goes last, as `ArchiveOrder` has it: behind the documents it is unpacked while it comes.
        var layers: [(size: Int, member: [ArchivePiece])] = []
        for algorithm in try names(in: "\(directory)/blobs") {
            for blob in try names(in: "\(directory)/blobs/\(algorithm)") {
                let name = "blobs/\(algorithm)/\(blob)"
                guard name.utf8.count <= 100, let size = try size(of: "\(directory)/\(name)") else { continue }
                let member = member(name, path: "\(directory)/\(name)", size: size)
                if size > ArchiveOrder.layerSize { layers.append((size, member)) } else { pieces += member }
            }
        }
        return pieces + layers.sorted { $0.size > $1.size }.flatMap(\.member) + [.bytes([UInt8](repeating: 0, count: 1024))]
    }

    private static func member(_ name: String, path: String, size: Int) -> [ArchivePiece] {
        let padding = [UInt8](repeating: 0, count: (512 - size % 512) % 512)
        return [.bytes(header(name: name, size: size)), .named(path: path, offset: 0, length: size), .bytes(padding)]
    }

    /// The 512 bytes before a regular file.
    package static func header(name: String, size: Int) -> [UInt8] {
        var block = [UInt8](repeating: 0, count: 512)
        func put(_ bytes: some Sequence<UInt8>, at offset: Int) { for (index, byte) in bytes.enumerated() { block[offset + index] = byte } }
        func octal(_ value: Int, _ digits: Int) -> [UInt8] {
            let text = String(value, radix: 8)
            return Array((String(repeating: "0", count: digits - text.count) + text).utf8)
        }
        put(name.utf8, at: 0)
        put(octal(0o644, 7), at: 100)
        put(octal(0, 7), at: 108)
        put(octal(0, 7), at: 116)
        if size < 1 << 33 {
            put(octal(size, 11), at: 124)
        } else {
            block[124] = 0x80
            put((0..<8).map { UInt8(truncatingIfNeeded: size >> (56 - 8 * $0)) }, at: 128)
        }
        put(octal(0, 11), at: 136)
        block[156] = UInt8(ascii: "0")
        put("ustar".utf8, at: 257)
        put("00".utf8, at: 263)
        put([UInt8](repeating: 32, count: 8), at: 148)
        let sum = block.reduce(0) { $0 + Int($1) }
        put(octal(sum, 6) + [0, 32], at: 148)
        return block
    }

    /// - Returns: nil unless it is a regular file.
    private static func size(of path: String) throws -> Int? {
        var status = stat()
        guard stat(path, &status) == 0 else {
            if errno == ENOENT { return nil }
            throw ArchiveSource.failure(path)
        }
        return status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : nil
    }

    private static func names(in directory: String) throws -> [String] {
        guard let folder = opendir(directory) else { throw ArchiveSource.failure(directory) }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }
}
